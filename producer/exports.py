"""The use cases around exports: request, find, revoke."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from producer.askers import Askers
from producer.audit import AuditLog
from producer.contract.audit import Action, Via
from producer.contract.board import Board, BoardEntry
from producer.contract.drafting import draft, identity_of
from producer.contract.errors import BrokerUnavailable, NotFound
from producer.contract.export import Export, Options, Pending, RenderProfile, RequestedExport, State
from producer.contract.links import LinkSigner
from producer.contract.objects import ObjectStore
from producer.contract.outbox import Outbox, Settled
from producer.contract.queue import Queue
from producer.contract.records import Record
from producer.contract.redaction.redactor import Redactor
from producer.contract.shown import ShownRecord
from producer.contract.views import pending_view, settled_view
from producer.receivers import Receivers, send_quietly

log = logging.getLogger(__name__)


_JUST_NOW: Final = timedelta(seconds=10)


def utc_now() -> datetime:
    """Tell the time; replaced in tests."""
    return datetime.now(UTC)


class Requested(NamedTuple):
    """An export, whether its archive was there already, and what it was accepted for, None where it was not now."""

    export: Export
    ready: bool
    via: Via | None = None


@dataclass(frozen=True)
class Exports:
    """The exports of this installation.

    ``redactor`` is the one that the render profile names.
    """

    objects: ObjectStore
    outbox: Outbox
    board: Board
    queue: Queue
    links: LinkSigner
    profile: RenderProfile
    redactor: Redactor
    public_url: str
    receivers: Receivers
    audit: AuditLog
    large_bytes: int
    now: Callable[[], datetime] = utc_now
    askers: Askers = field(default_factory=Askers)

    def request(self, record: Record, requested: RequestedExport, requested_by: str, *, revive: bool) -> Requested:
        """Accept an export of a stored record, durably, and see that a worker makes it.

        The same request is the same export, however often it comes. Only with ``revive`` does one that has failed,
        expired or been deleted go back to the queue, with a new link. Raises what the receivers' ``check`` does.
        """
        answer = self._request(record, requested, requested_by, revive=revive)
        self.note(answer, requested_by, revive=revive)
        return answer

    def note(self, answer: Requested, requested_by: str, *, revive: bool) -> None:
        """Audit what came of a request."""
        if answer.via is not None:
            self.audit.note(Action.REQUESTED, requested_by, answer.export, answer.via)
        elif revive:  # Somebody asks; an event that is delivered again is nobody's doing.
            self.audit.note(Action.REUSED, requested_by, answer.export)

    def _request(self, record: Record, requested: RequestedExport, requested_by: str, *, revive: bool) -> Requested:
        self.receivers.check(requested)
        pending = self.draft(record, requested.options, requested_by)
        settled = self.outbox.settled(pending.id)
        generation = self._generation(settled, revive=revive)
        if settled is not None and generation is None:
            self.receivers.note(pending.id, settled.facts.pending.generation, requested.callback_url, now=True)
            view = settled_view(settled.facts, self.now())
            return Requested(view, ready=view.status is State.READY)
        if settled is not None and generation:
            pending = self._regenerated(settled.facts.pending, generation)
        self.receivers.note(pending.id, pending.generation, requested.callback_url, now=False)
        if not revive:
            pending = self._as_marked(pending)
        if self.outbox.accept(pending):
            return self.accepted(pending, record, Via.REQUEST if revive else Via.EVENT)
        found = self.find(pending.id)
        return Requested(found, ready=found.status is State.READY)

    def draft(self, record: Record, options: Options, requested_by: str) -> Pending:
        """Name an export without accepting it."""
        identity = identity_of(record, options, self.profile)
        nonce = self.links.nonce(identity, 0)
        return draft(
            ShownRecord(record, self.redactor),
            options,
            self.profile,
            nonce=nonce,
            download_url=self._url(identity, nonce),
            created_at=self._asked_at(record),
            requested_by=requested_by,
            large=record.stored.size >= self.large_bytes,
        )

    def _asked_at(self, record: Record) -> datetime:
        """Tell when an export is asked for: with its event, where that came just now.

        Equal events that come at once, to several gateways maybe, make equal entries then, whoever is first.
        """
        now, accepted_at = self.now(), record.stored.accepted_at
        return accepted_at if abs(now - accepted_at) < _JUST_NOW else now

    def _url(self, identity: str, nonce: str) -> str:
        return self.links.url(self.public_url, self.links.token(identity, nonce))

    def _generation(self, settled: Settled | None, *, revive: bool) -> int | None:
        """Tell which generation to accept; ``None`` where the export stands as it is."""
        if settled is None:
            return 0
        if not revive or settled_view(settled.facts, self.now()).status is State.READY:
            return settled.following if self.outbox.pending(settled.facts.pending.id, settled.following) else None
        return settled.following

    def _regenerated(self, pending: Pending, generation: int) -> Pending:
        nonce = self.links.nonce(pending.id, generation)
        return pending.regenerated(generation, nonce, self._url(pending.id, nonce))

    def _as_marked(self, pending: Pending) -> Pending:
        """Make the entry say what the task says that an equal event has sent ahead, if one has."""
        known = send_quietly(pending.id, lambda: self.board.exports.known(pending.id))
        if known is None or known.generation != pending.generation or known.export.status.settled:
            return pending
        return msgspec.structs.replace(pending, created_at=known.export.created_at)

    def accepted(self, pending: Pending, record: Record, via: Via) -> Requested:
        """Put a new pending entry on the board and into the queue.

        From here on the export is safe: where the broker is away, the sweeper puts it into the queue later.
        """
        settled = self.outbox.settled(pending.id)
        if settled is not None and settled.facts.pending.generation >= pending.generation:
            # Another request for the same export was accepted and settled while this one was under way.
            self.outbox.forget_pending(pending)
            view = settled_view(settled.facts, self.now())
            return Requested(view, ready=view.status is State.READY)
        view = pending_view(pending)
        send_quietly(pending.id, lambda: self.queue.export(pending, record.riding(), once=via is Via.EVENT))
        return Requested(view, ready=False, via=Via.RETRY if pending.generation else via)

    def find(self, identity: str) -> Export:
        """Show an export, with live progress where it is being made. Raises NotFound.

        Of one that is settled the board may know less than storage; only of one that has just become ready does it
        know before storage has written it down a second time.
        """
        known = None
        with suppress(BrokerUnavailable):  # Storage knows as well, but for the progress.
            known = self.board.exports.known(identity)
        if known is not None and not known.export.status.settled:
            return known.export
        settled = self.outbox.settled(identity)
        if known is not None and self._is_just_ready(known, settled):
            return known.export
        current = self.outbox.beyond(settled, identity)
        if current is None:
            raise unknown_export()
        return pending_view(current) if isinstance(current, Pending) else settled_view(current.facts, self.now())

    def _is_just_ready(self, known: BoardEntry, settled: Settled | None) -> bool:
        ready_at = known.export.ready_at if known.export.status is State.READY else None
        if ready_at is None or abs(self.now() - ready_at) > _JUST_NOW:
            return False
        return known.generation >= (settled.following if settled else 0)

    def requested_by(self, identity: str) -> str | None:
        """Tell the name of the token that asked for an export first."""
        current = self.outbox.current(identity)
        if current is None:
            return None
        return (current if isinstance(current, Pending) else current.facts.pending).requested_by

    def revoke(self, identity: str, revoked_by: str) -> Export:
        """Revoke the link and delete the archive, or cancel an export that is not finished. Raises NotFound."""
        while True:
            current = self.outbox.current(identity)
            if current is None:
                raise unknown_export()
            deleted = self._revoked(current, revoked_by)
            if deleted is not None:
                return deleted

    def _revoked(self, current: Pending | Settled, revoked_by: str) -> Export | None:
        """Write down that an export is deleted; ``None`` where it moved on meanwhile and must be looked at again."""
        from_pending = isinstance(current, Pending)
        settled = self.outbox.settled(current.id) if isinstance(current, Pending) else current
        pending = current if isinstance(current, Pending) else current.facts.pending
        facts = pending.settle(State.DELETED, self.now())
        if settled is not None and settled.facts.pending.generation > pending.generation:
            return None
        if settled is not None and settled.facts.status is State.DELETED and not from_pending:
            # Whoever deleted it may not have come to the end of it.
            facts = settled.facts
        elif self.outbox.settle(facts, settled):
            self.audit.note(Action.REVOKED, revoked_by, settled_view(facts, self.now()))
        else:
            return None
        view = settled_view(facts, self.now())
        self._take_down(view, pending)
        return view

    def _take_down(self, view: Export, pending: Pending) -> None:
        self.objects.delete([pending.archive_key])
        send_quietly(view.id, lambda: self._announce(view, pending))

    def _announce(self, view: Export, pending: Pending) -> None:
        self.board.leases.revoke(view.id)
        self.board.exports.announce(view, pending.generation)
        # Where the broker is away the entry stays, so that the sweeper sees to it that the board hears of this.
        self.outbox.forget_pending(pending)


def unknown_export() -> NotFound:
    """Say that there is no such export, in the words that also hide one from whoever may not know of it."""
    return NotFound("There is no such export.", remedy="List the exports at /v1/exports.")
