"""The story of one export, top to bottom: lease, read, render, zip, upload, settle, publish.

A small archive is stored together with its facts, and published right then. The facts of a large one, or of a failure,
are a write of their own, before anybody is told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Final, NamedTuple

from producer.contract.board import Board, Lease, Refusal
from producer.contract.drafts import take
from producer.contract.errors import LeaseLost, NotFound, RulesDiffer, RunfolioError, Unavailable
from producer.contract.export import Archive, Facts, Pending, State
from producer.contract.names import attachment
from producer.contract.objects import ObjectStore
from producer.contract.outbox import Outbox, Settled
from producer.contract.problem import NAMESPACE, Problem, problem_of
from producer.contract.records import Record, Records
from producer.contract.redaction.redactor import Redactor
from producer.contract.tasks import ExportMessage
from producer.contract.views import pending_view, settled_view
from worker.archive import ArchiveWriter
from worker.heart import Heart
from worker.pages import archive_of

log = logging.getLogger(__name__)

ZIP = "application/zip"

SEALED_UP_TO: Final = 256 * 1024
"""Bytes of an archive that is made in memory, and stored together with its facts."""

PATIENCE: Final = timedelta(minutes=2)
"""Time that a deployment has to bring all workers to the same redaction; until then exports of another are handed back.

The sweeper's own patience, eight attempts by default, is longer.
"""

_FAULT = Problem(
    f"{NAMESPACE}internal",
    "The export ran into a fault of Runfolio",
    500,
    "Making the archive ended in an error that nobody foresaw.",
    None,
    "The worker's log has the details under this export's id; tell the developers, and export again after an update.",
)


Complete = Callable[[Record, Pending, Callable[[], None]], tuple[Record, Pending]]
"""Fetches what a record's event left out; told a check that may stop it."""


class _Made(NamedTuple):
    """What came of an attempt; ``sealed`` where the archive in storage says so itself."""

    facts: Facts
    sealed: bool = False


def utc_now() -> datetime:
    """Tell the time; replaced in tests."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Pipeline:
    """Makes exports. One instance serves one process."""

    objects: ObjectStore
    records: Records
    outbox: Outbox
    board: Board
    redactor: Redactor
    owner: str
    lease_ttl: timedelta
    link_ttl: timedelta
    call_back: Callable[[str], None]
    complete: Complete
    forget: Callable[[Pending, str | None], None]
    restore: Callable[[bytes], Record]
    now: Callable[[], datetime] = utc_now

    def run(self, message: ExportMessage) -> None:
        """Make the export that a message names, unless another worker does or it is settled.

        Raises nothing of its own: an export ends ready or failed, or is handed back for the sweeper to try again.
        """
        pending = message.pending
        view = pending_view(pending)
        lease = self.board.leases.acquire(view, pending.generation, owner=self.owner, ttl=self.lease_ttl)
        if isinstance(lease, Refusal):
            self._refused(lease, pending)
            return
        with Heart(self.board.leases, lease, self.lease_ttl) as heart:
            try:
                self._make_and_settle(message, lease, heart)
            except LeaseLost:
                log.warning("lease lost, export left to its new owner", extra={"export": pending.id})
                self._discard_unused(pending)
            except Unavailable as error:
                log.warning("export handed back", extra={"export": pending.id, "reason": error.detail})
                self.board.leases.hand_back(lease, view, error.detail)

    def _refused(self, refusal: Refusal, pending: Pending) -> None:
        """Leave an export alone; where it is settled and still pending, do what its last owner has not come to.

        The board may know it as settled from storage alone, without anybody having been told.
        """
        log.info("export left alone", extra={"export": pending.id, "reason": refusal.name})
        if refusal is Refusal.HELD or self.outbox.pending(pending.id, pending.generation) is None:
            return
        settled = self.outbox.settled(pending.id)
        if settled is not None and settled.facts.pending.generation >= pending.generation:
            self._announce(settled.facts, pending)
            return
        facts = self.outbox.sealed(pending)
        if facts is not None:
            self._announce(self._concluded(facts, settled, pending), pending)
        elif refusal is Refusal.SETTLED:
            # Storage is the truth. The sweeper puts the entry back, for a board that knows of no end.
            self.board.exports.forget(pending.id)

    def _make_and_settle(self, message: ExportMessage, lease: Lease, heart: Heart) -> None:
        pending = message.pending
        # Of a new export there is nothing to read; where it was settled meanwhile, the conditional write will tell.
        before = None if message.first else self.outbox.settled(pending.id)
        if before is not None and before.facts.pending.generation >= pending.generation:
            self._announce(before.facts, pending)
            return
        made, sealed = self._found(message) or self._make(message, lease, heart)
        if sealed:
            # Storage has it, and whoever waits for the archive need not wait for more. The board looks at the lease.
            called = self.board.leases.settle(lease, settled_view(made, self.now()))
            self._conclude_published(made, before, message, called=called)
            return
        heart.confirm()
        facts = self._concluded(made, before, pending)
        if facts == made:
            called = self.board.leases.settle(lease, settled_view(facts, self.now()))
            self._finish_first(facts, message, called=called)
        else:
            self._announce(facts, pending)

    def _found(self, message: ExportMessage) -> _Made | None:
        """Return what an earlier attempt has stored, though its worker did not come to the end of it."""
        facts = None if message.first else self.outbox.sealed(message.pending)
        return None if facts is None else _Made(facts, sealed=True)

    def _conclude_published(self, made: Facts, before: Settled | None, message: ExportMessage, *, called: bool) -> None:
        """Write down what everybody has been told; where that fails, the sweeper finds the pending entry."""
        try:
            facts = self._concluded(made, before, message.pending)
        except Unavailable as error:
            log.warning("facts left to the sweeper", extra={"export": made.pending.id, "reason": error.detail})
            return
        if facts == made:
            self._finish_first(facts, message, called=called)
        else:
            self._announce(facts, message.pending)

    def _concluded(self, facts: Facts, before: Settled | None, pending: Pending) -> Facts:
        """Write the facts down and return those that count; where they are others, an archive may be of no use."""
        counting = self.outbox.conclude(facts, before)
        if counting != facts:
            self._discard_unused(pending)
        return counting

    def _discard_unused(self, pending: Pending) -> None:
        """Delete the archive of an attempt that lost, unless it is the one that counts: they have the same key."""
        settled = self.outbox.settled(pending.id)
        if settled is not None and settled.facts.leaves_unused(pending):
            self.objects.delete([pending.archive_key])

    def _make(self, message: ExportMessage, lease: Lease, heart: Heart) -> _Made:
        pending = message.pending
        try:
            record, pending = self.complete(self._record(message), pending, heart.check)
            return self._archive(pending, record, lease, heart, may_seal=pending == message.pending)
        except (LeaseLost, Unavailable):
            raise
        except RulesDiffer as error:
            if self.now() - pending.created_at < PATIENCE:
                raise Unavailable(error.detail, field=error.field, remedy=error.remedy) from None
            return _Made(self._failed(pending, error))
        except RunfolioError as error:
            return _Made(self._failed(pending, error))
        except Exception:  # the edge of what a record can do to this process: its user is told, and nobody tries again
            log.exception("export crashed", extra={"export": pending.id})
            return _Made(pending.settle(State.FAILED, self.now(), error=_FAULT))

    def _failed(self, pending: Pending, error: RunfolioError) -> Facts:
        log.warning("export failed", extra={"export": pending.id, "reason": error.detail})
        return pending.settle(State.FAILED, self.now(), error=problem_of(error))

    def _record(self, message: ExportMessage) -> Record:
        if message.record is not None:
            return self.records.open(message.record.encode())
        pending = message.pending
        try:
            return self.records.read(pending.workflow.id, pending.execution.id, pending.digest)
        except NotFound:
            held = self.outbox.record_of(pending)
            if held is None:
                raise
        return self.restore(held)

    def _archive(self, pending: Pending, record: Record, lease: Lease, heart: Heart, *, may_seal: bool) -> _Made:
        def report(done: int, total: int) -> None:
            heart.check()
            self.board.leases.progress(lease, done, total)

        writer = archive_of(record, pending, report, self.redactor)
        pieces, shown_as = iter(writer), attachment(pending.archive_name)
        head, whole = take(pieces, SEALED_UP_TO)
        if whole and may_seal:
            facts = self._ready(pending, writer)
            counting = self.outbox.seal(facts, b"".join(head), content_type=ZIP, content_disposition=shown_as)
            if counting is not None:
                return _Made(counting, sealed=True)
        self.objects.put_stream(
            pending.archive_key, chain(head, pieces), content_type=ZIP, content_disposition=shown_as
        )
        return _Made(self._ready(pending, writer))

    def _ready(self, pending: Pending, written: ArchiveWriter) -> Facts:
        now = self.now()
        archive = Archive(pending.archive_name, written.size, written.sha256, written.files)
        return pending.settle(State.READY, now, archive=archive, expires_at=now + self.link_ttl)

    def _announce(self, facts: Facts, pending: Pending) -> None:
        """Say again what storage says already, and do what the one who wrote it may not have come to."""
        self.board.exports.announce(settled_view(facts, self.now()), facts.pending.generation, again=True)
        self._finish(facts, pending)

    def _finish_first(self, facts: Facts, message: ExportMessage, *, called: bool) -> None:
        riding = message.record if message.first else None
        self._finish(facts, message.pending, riding, may_be_called=called or not message.first)

    def _finish(self, facts: Facts, pending: Pending, riding: str | None = None, *, may_be_called: bool = True) -> None:
        """Do what follows publication, in the order that loses nothing: callbacks, then the pending entry.

        Of a first attempt, whose board was never lost, the board knows whether there are callbacks at all; what it does
        not know of, the sweeper finds in storage.
        """
        if may_be_called:
            self.call_back(pending.id)
        self.forget(pending, riding)
        log.info("export settled", extra={"export": pending.id, "status": facts.status})
