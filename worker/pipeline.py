"""The story of one export, top to bottom: lease, read, render, zip, upload, publish, settle."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from producer.contract.board import Board, Lease, Refusal
from producer.contract.errors import LeaseLost, NotFound, RulesDiffer, RunfolioError, Unavailable
from producer.contract.export import Archive, Facts, Pending, State
from producer.contract.names import attachment
from producer.contract.objects import ObjectStore
from producer.contract.outbox import Outbox
from producer.contract.problem import NAMESPACE, Problem, problem_of
from producer.contract.records import Record, Records
from producer.contract.redaction.redactor import Redactor
from producer.contract.tasks import ExportMessage
from producer.contract.views import pending_view, settled_view
from worker.heart import Heart
from worker.pages import archive_of

log = logging.getLogger(__name__)

ZIP = "application/zip"

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
        if refusal is Refusal.HELD:
            return
        settled = self.outbox.settled(pending.id)
        if settled is None or settled.facts.pending.generation < pending.generation:
            return
        if self.outbox.pending(pending.id, pending.generation) is not None:
            self._announce(settled.facts, pending)

    def _make_and_settle(self, message: ExportMessage, lease: Lease, heart: Heart) -> None:
        pending = message.pending
        # Of a new export there is nothing to read; where it was settled meanwhile, the conditional write will tell.
        before = None if message.first else self.outbox.settled(pending.id)
        if before is not None and before.facts.pending.generation >= pending.generation:
            self._announce(before.facts, pending)
            return
        made = self._make(message, lease, heart)
        heart.confirm()
        facts = self.outbox.conclude(made, before)
        if facts == made:
            called = self.board.leases.settle(lease, settled_view(facts, self.now()))
            riding = message.record if message.first else None
            self._finish(facts, pending, riding, may_be_called=called or not message.first)
        else:
            self._discard_unused(pending)
            self._announce(facts, pending)

    def _discard_unused(self, pending: Pending) -> None:
        """Delete the archive of an attempt that lost, unless it is the one that counts: they have the same key."""
        settled = self.outbox.settled(pending.id)
        if settled is not None and settled.facts.leaves_unused(pending):
            self.objects.delete([pending.archive_key])

    def _make(self, message: ExportMessage, lease: Lease, heart: Heart) -> Facts:
        pending = message.pending
        try:
            record, pending = self.complete(self._record(message), pending, heart.check)
            archive = self._archive(pending, record, lease, heart)
        except (LeaseLost, Unavailable):
            raise
        except RulesDiffer as error:
            if self.now() - pending.created_at < PATIENCE:
                raise Unavailable(error.detail, field=error.field, remedy=error.remedy) from None
            return self._failed(pending, error)
        except RunfolioError as error:
            return self._failed(pending, error)
        except Exception:  # the edge of what a record can do to this process: its user is told, and nobody tries again
            log.exception("export crashed", extra={"export": pending.id})
            return pending.settle(State.FAILED, self.now(), error=_FAULT)
        settled_at = self.now()
        return pending.settle(State.READY, settled_at, archive=archive, expires_at=settled_at + self.link_ttl)

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

    def _archive(self, pending: Pending, record: Record, lease: Lease, heart: Heart) -> Archive:
        def report(done: int, total: int) -> None:
            heart.check()
            self.board.leases.progress(lease, done, total)

        writer = archive_of(record, pending, report, self.redactor)
        self.objects.put_stream(
            pending.archive_key,
            writer,
            content_type=ZIP,
            content_disposition=attachment(pending.archive_name),
        )
        return Archive(pending.archive_name, writer.size, writer.sha256, writer.files)

    def _announce(self, facts: Facts, pending: Pending) -> None:
        """Say again what storage says already, and do what the one who wrote it may not have come to."""
        self.board.exports.announce(settled_view(facts, self.now()), facts.pending.generation, again=True)
        self._finish(facts, pending)

    def _finish(self, facts: Facts, pending: Pending, riding: str | None = None, *, may_be_called: bool = True) -> None:
        """Do what follows publication, in the order that loses nothing: callbacks, then the pending entry.

        Of a first attempt, whose board was never lost, the board knows whether there are callbacks at all; what it does
        not know of, the sweeper finds in storage.
        """
        if may_be_called:
            self.call_back(pending.id)
        self.forget(pending, riding)
        log.info("export settled", extra={"export": pending.id, "status": facts.status})
