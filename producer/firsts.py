"""Exports of a record that comes just now: what does not depend on each other is done at once.

An event's path to its archive is a chain of hand-overs between processes, and storage answers each write only after
milliseconds. So a worker may render a small record while record and pending entry are being stored, at the same time,
and storage is asked whether there are facts. The answer to the event waits for all of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import NamedTuple

from producer.contract.audit import Via
from producer.contract.errors import RunfolioError, Unavailable
from producer.contract.export import Options, Pending, RequestedExport, State
from producer.contract.outbox import Settled
from producer.contract.record import moment_of
from producer.contract.records import Prepared, Record, Records, Written
from producer.contract.views import pending_view, settled_view
from producer.exports import Exports, Requested
from producer.receivers import send_quietly


class Ahead(NamedTuple):
    """An export whose task was sent while its record and its pending entry were being stored."""

    pending: Pending
    accepting: Future[bool]
    settled: Settled | None


Sent = Mapping[Options, Ahead | None]
"""The exports that went ahead; None stands where somebody else had sent the same task."""

NOTHING_SENT: Sent = {}


@dataclass(frozen=True)
class FirstExports:
    """Accepts the exports that an event asks for. ``beside`` runs what goes on at the same time as the rest."""

    exports: Exports
    beside: Executor

    def store(
        self, records: Records, prepared: Prepared, asked: Sequence[RequestedExport], asked_by: str
    ) -> tuple[Written, Sent]:
        """Store a record, and meanwhile send the tasks of its exports that may go ahead of it.

        A task may, where nothing of its archive depends on who stores the record: it rides in the task whole, and its
        own times name the archive, which follows from the digest then. The pending entries hold the record too: where
        they are stored and it is not, the exports are made all the same, and whoever makes them stores it. Where
        neither is, the tasks are taken back; an archive that is done already stays, as the one that the event will ask
        for when it comes again.
        """
        ahead, riding = _without_callbacks(asked), _standing_alone(prepared.record)
        if riding is None or not ahead:
            return records.store(prepared), NOTHING_SENT
        storing = self.beside.submit(records.store, prepared)
        sent: dict[Options, Ahead | None] = {}
        try:
            try:
                for options in ahead:
                    self._send_ahead(self.exports.draft(prepared.record, options, asked_by), riding, sent)
            finally:
                written = storing.result()
        except RunfolioError:
            for gone_ahead in filter(None, sent.values()):
                self._withdraw_unless_accepted(gone_ahead)
            raise
        return written, sent

    def _send_ahead(self, pending: Pending, riding: str, sent: dict[Options, Ahead | None]) -> None:
        """Send a task, unless the export has its mark: of equal events at once the one that sets it sends."""
        answer = send_quietly(pending.id, lambda: self.exports.queue.export(pending, riding, first=True))
        if answer is None:
            return
        if not answer:
            sent[pending.options] = None
            return
        accepting = self.beside.submit(self.exports.outbox.accept, pending, riding)
        sent[pending.options] = Ahead(pending, accepting, None)  # Whatever storage says next, it was sent.
        sent[pending.options] = Ahead(pending, accepting, self.exports.outbox.settled(pending.id))

    def _withdraw_unless_accepted(self, ahead: Ahead) -> None:
        try:
            ahead.accepting.result()
        except Unavailable:
            self._withdraw(ahead.pending)

    def accept(
        self, written: Written, asked: Sequence[RequestedExport], asked_by: str, sent: Sent
    ) -> Iterator[Requested]:
        """Accept exports of a record; one that the same event asks for twice is asked for a second time."""
        seen: set[Options] = set()
        for one in asked:
            ahead, first = sent.get(one.options), one.options not in seen
            if first and ahead is not None:
                yield self._accept_ahead(ahead, written.record, one)
            elif first and written.created and one.options not in sent:
                yield self._accept_first(written.record, one, asked_by)
            else:
                yield self.exports.request(written.record, one, asked_by, revive=False)
            seen.add(one.options)

    def _accept_ahead(self, ahead: Ahead, record: Record, requested: RequestedExport) -> Requested:
        """Answer for an export whose task was sent ahead, once its pending entry is stored."""
        try:
            is_new = ahead.accepting.result()
        except Unavailable:
            self._withdraw(ahead.pending)
            raise
        if ahead.settled is not None:
            return self._settled(ahead.settled, ahead.pending, record, requested, is_new, was_sent=True)
        answer = self._answer(ahead.pending, record, is_new, sent=True)
        self.exports.note(answer, ahead.pending.requested_by, revive=False)
        return answer

    def _accept_first(self, record: Record, requested: RequestedExport, asked_by: str) -> Requested:
        """Accept an export that hardly anybody can have asked for before.

        The pending entry is written while storage is asked whether there are facts and the task is sent. A worker may
        be done before the entry is there. Where it cannot be stored, the task is taken back.
        """
        exports = self.exports
        exports.receivers.check(requested)
        pending = exports.draft(record, requested.options, asked_by)
        exports.receivers.note(pending.id, pending.generation, requested.callback_url, now=False)
        accepting = self.beside.submit(exports.outbox.accept, pending)
        settled, sent = None, None
        try:
            try:
                settled = exports.outbox.settled(pending.id)
                if settled is None:
                    sent = send_quietly(pending.id, lambda: exports.queue.export(pending, record.riding(), first=True))
            finally:
                is_new = accepting.result()
        except Unavailable:
            if sent:
                self._withdraw(pending)
            raise
        if settled is not None:
            return self._settled(settled, pending, record, requested, is_new, was_sent=False)
        answer = self._answer(pending, record, is_new, sent)
        exports.note(answer, asked_by, revive=False)
        return answer

    def _answer(self, pending: Pending, record: Record, is_new: bool, sent: bool | None) -> Requested:
        """Answer for an export whose pending entry was written and whose task was sent at the same time."""
        if not is_new:
            return Requested(self.exports.find(pending.id), ready=False)
        if sent is False:
            return self.exports.accepted(pending, record, Via.EVENT)
        self.exports.askers.note(pending.id, pending.requested_by)
        return Requested(pending_view(pending), ready=False, via=Via.EVENT)

    def _settled(
        self,
        settled: Settled,
        pending: Pending,
        record: Record,
        requested: RequestedExport,
        is_new: bool,
        *,
        was_sent: bool,
    ) -> Requested:
        """Answer for an export that has come to its end: long ago, or by the very task that was sent ahead."""
        exports, facts = self.exports, settled.facts
        if is_new:
            exports.outbox.forget_pending(pending)
        view = settled_view(facts, exports.now())
        if facts.pending == pending:
            answer = Requested(view, ready=view.status is State.READY, via=Via.EVENT)
            exports.note(answer, pending.requested_by, revive=False)
            return answer
        if was_sent:
            # The board had forgotten it, and took the task that was sent ahead for a new export's.
            send_quietly(pending.id, lambda: exports.board.exports.announce(view, facts.pending.generation))
        return exports.request(record, requested, pending.requested_by, revive=False)

    def _withdraw(self, pending: Pending) -> None:
        send_quietly(pending.id, lambda: self._forget(pending))

    def _forget(self, pending: Pending) -> None:
        """Let the board forget a task that was sent for nothing, unless it has come to its end."""
        known = self.exports.board.exports.known(pending.id)
        if known is not None and not known.export.status.settled:
            self.exports.board.exports.forget(pending.id)


def _without_callbacks(asked: Sequence[RequestedExport]) -> Collection[Options]:
    """Return what may be made before anything else is stored: whom to call back has to be stored first."""
    called = {one.options for one in asked if one.callback_url is not None}
    return dict.fromkeys(one.options for one in asked if one.options not in called)


def _standing_alone(record: Record) -> str | None:
    """Return what rides in the task where the archive follows from the record's digest alone, else None."""
    own_times = moment_of(record.document, None) is not None
    return record.riding() if own_times and record.stored.told is None else None
