"""The story of a callback: read its entry, see that the export is settled, claim, deliver, and settle the entry.

A callback is delivered at least once. Two workers that take up the same entry at once deliver it once all the same,
because only one of them can claim it; a worker that dies after sending leaves a claim that lapses, and the receiver
knows the second message by its ``webhook-id``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from producer.contract import jsontext
from producer.contract.callbacks import (
    EVENT_TYPES,
    MAX_ATTEMPTS,
    CallbackEntry,
    Delivery,
    Standing,
    append_log,
    end,
    read,
    register,
    retry_delay,
)
from producer.contract.errors import ObjectExists, ObjectNotFound
from producer.contract.export import Export, Facts, Pending
from producer.contract.objects import ObjectStore
from producer.contract.outbox import Settled
from producer.contract.views import settled_view
from worker.callbacks.outcome import Outcome, Verdict
from worker.callbacks.sender import Sender

log = logging.getLogger(__name__)

CLAIM: Final = timedelta(minutes=1)
"""How long an attempt may take: the sender's 15 s, and generously what resolving a name and storage may need."""

ORPHANED_AFTER: Final = timedelta(hours=1)
"""How long an entry is kept whose export is not there: its acceptance may be about to be stored, or has failed."""

_SHORTEST_WAIT: Final = timedelta(seconds=30)
_LONGEST_WAIT: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class Callbacks:
    """Brings callbacks to their end. ``current`` tells what counts of an export: ``Outbox.current``."""

    objects: ObjectStore
    current: Callable[[str], Pending | Settled | None]
    sender: Sender
    now: Callable[[], datetime]

    def process(self, export_id: str, name: str) -> datetime | None:
        """Deliver a callback if its time has come; harmless at any other time, and as often as one likes.

        Returns when to come back, ``None`` where nothing is left to do. The sweeper comes back in any case.
        Raises StorageUnavailable.
        """
        try:
            entry, etag = read(self.objects, export_id, name)
        except ObjectNotFound:
            return None
        if entry.attempts and entry.next_attempt_at > self.now():
            return entry.next_attempt_at
        current = self.current(export_id)
        generation = _generation(current)
        if generation < entry.generation:
            return self._await_acceptance(entry, etag)
        if generation > entry.generation:
            return self._follow(entry, generation)
        if isinstance(current, Settled):
            return self._tell(entry, etag, current.facts)
        return self._postpone(entry, etag)

    def _await_acceptance(self, entry: CallbackEntry, etag: str) -> datetime | None:
        """Wait for an export that is not accepted yet; drop the entry where it never was."""
        if self.now() - entry.created_at < ORPHANED_AFTER:
            return self._postpone(entry, etag)
        self.objects.delete([entry.key])
        log.info("callback.orphan_dropped", extra={"export": entry.export_id, "receiver": entry.target.origin})
        return None

    def _follow(self, entry: CallbackEntry, generation: int) -> datetime | None:
        """Carry an entry over to the export's newer generation: what it had to tell is no longer so."""
        successor = register(self.objects, entry.export_id, generation, entry.url, self.now())
        self.objects.delete([entry.key])
        return self.process(successor.export_id, successor.name)

    def _postpone(self, entry: CallbackEntry, etag: str) -> datetime:
        """Wait, the longer the older the entry is; whoever settles the export comes by before that."""
        wait = min(max(self.now() - entry.created_at, _SHORTEST_WAIT), _LONGEST_WAIT)
        waiting = entry.replace(next_attempt_at=self.now() + wait)
        self._store(waiting, etag)
        return waiting.next_attempt_at

    def _tell(self, entry: CallbackEntry, etag: str, facts: Facts) -> datetime | None:
        export = settled_view(facts, self.now())
        if export.status not in EVENT_TYPES:
            self._end(entry, Outcome(Verdict.GIVEN_UP, f"The export is {export.status} by now."))
            return None
        if entry.attempts >= MAX_ATTEMPTS:
            self._end(entry, Outcome(Verdict.GIVEN_UP, "The last attempt was begun and never ended."))
            return None
        claimed = entry.replace(
            attempts=entry.attempts + 1,
            next_attempt_at=self.now() + CLAIM,
            last_outcome="The attempt is under way, or its worker has died.",
            claimed=True,
        )
        if not self._store(claimed, etag):
            # Somebody wrote the entry since it was read: mostly to claim it, or else to postpone it in vain.
            return self.now()
        return self._attempt(claimed, export, facts.settled_at)

    def _attempt(self, entry: CallbackEntry, export: Export, settled_at: datetime) -> datetime | None:
        try:
            _, etag = read(self.objects, entry.export_id, entry.name)
        except ObjectNotFound:
            return None
        outcome = self.sender.deliver(entry, export, settled_at, self.now())
        if outcome.verdict is not Verdict.RETRY:
            self._end(entry, outcome)
            return None
        delay = retry_delay(entry.message_id, entry.attempts, outcome.retry_after)
        if delay is None:
            reason = f"{outcome.reason} Given up after {entry.attempts} attempts."
            self._end(entry, outcome._replace(verdict=Verdict.GIVEN_UP, reason=reason))
            return None
        later = entry.replace(next_attempt_at=self.now() + delay, last_outcome=outcome.reason, claimed=False)
        # Where this write loses, the claim had lapsed and another worker has the entry.
        self._store(later, etag)
        self._note(later, outcome, later.next_attempt_at)
        return later.next_attempt_at

    def _end(self, entry: CallbackEntry, outcome: Outcome) -> None:
        """Take an entry that is delivered or given up from what is to be told; its address is kept."""
        ended = entry.replace(last_outcome=outcome.reason, claimed=False)
        end(self.objects, ended, Standing(outcome.verdict.value), self.now())
        self._note(entry, outcome, None)

    def _store(self, entry: CallbackEntry, etag: str) -> bool:
        try:
            self.objects.put_if(entry.key, jsontext.encode(entry), etag=etag)
        except ObjectExists:
            return False
        return True

    def _note(self, entry: CallbackEntry, outcome: Outcome, next_attempt_at: datetime | None) -> None:
        receiver = entry.target.origin
        log.info(
            "callback.attempted",
            extra={
                "export": entry.export_id,
                "receiver": receiver,
                "message_id": entry.message_id,
                "attempt": entry.attempts,
                "result": outcome.verdict.value,
                "status": outcome.status,
                "reason": outcome.reason,
            },
        )
        delivery = Delivery(
            at=self.now(),
            callback=entry.callback_id,
            receiver=receiver,
            message_id=entry.message_id,
            attempt=entry.attempts,
            result=outcome.verdict.value,
            reason=outcome.reason,
            status=outcome.status,
            next_attempt_at=next_attempt_at,
        )
        append_log(self.objects, entry.export_id, delivery)


def _generation(current: Pending | Settled | None) -> int:
    """Return the generation that counts; -1, older than any, where there is no export."""
    if current is None:
        return -1
    return (current.facts.pending if isinstance(current, Settled) else current).generation
