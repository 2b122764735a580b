"""What the sweeper needs to know: which pending exports somebody already has in hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from producer.contract.board import places
from producer.contract.board.broker import CHUNK, Argument, Broker
from producer.contract.board.entries import Attempts, QueuedMark
from producer.contract.board.leases import in_milliseconds
from producer.contract.board.scripts import ATTEMPTS_TTL
from producer.contract.ready import ready
from producer.contract.tasks import ENQUEUED_AT

T = TypeVar("T")

_MARKS: Final = [places.MARKS, places.LARGE_MARKS]


class QueueWatch:
    """Queued marks, live leases and the queue itself. Every method raises BrokerUnavailable.

    A message can be lost after its mark was set, with a worker that is killed between fetching it and taking the
    lease. Marks and messages carry the same time (``ExportBoard.queued`` returns it) and a queue is first in,
    first out: so a mark older than the oldest message, and older than a worker needs to begin, belongs to no message.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def now(self) -> int:
        """Tell the clock that marks are set by, in milliseconds since the epoch."""
        return self._broker.now()

    def marked(self, export_ids: Iterable[str]) -> set[str]:
        """Tell which of these exports have a queued mark."""
        found: set[str] = set()
        for some in _chunks(export_ids):
            members = [places.encoded(each) for each in some]
            small, large = self._broker.batch(("ZMSCORE", marks, *members) for marks in _MARKS)
            found.update(each for each, *scores in zip(some, small, large, strict=True) if scores != [None, None])
        return found

    def leased(self, export_ids: Iterable[str]) -> set[str]:
        """Tell which of these exports are under a live lease."""
        found: set[str] = set()
        for some in _chunks(export_ids):
            held = self._broker.run("leased", [places.live(each) for each in some])
            found.update(some[position] for position in held)
        return found

    def marks_before(self, time_ms: int, limit: int, *, large: bool = False) -> list[QueuedMark]:
        """List the marks of small or of large exports set before a time, oldest first, at most ``limit``."""
        marks = places.LARGE_MARKS if large else places.MARKS
        words = ("ZRANGE", marks, "-inf", f"({time_ms}", "BYSCORE", "LIMIT", 0, limit)
        members = self._broker.command(*words)
        if not members:
            return []
        # The scores are asked for apart, since the form of WITHSCORES' answer depends on the protocol.
        scores = self._broker.command("ZMSCORE", marks, *members)
        return [
            QueuedMark(member.decode(), int(score))
            for member, score in zip(members, scores, strict=True)
            if score is not None and int(score) < time_ms
        ]

    def unmark(self, marks: Iterable[QueuedMark]) -> int:
        """Remove marks, unless they were set anew meanwhile; return how many went."""
        removed = 0
        for some in _chunks(marks):
            pairs: list[Argument] = []
            for mark in some:
                pairs += [places.encoded(mark.export_id), mark.marked_at]
            removed += int(self._broker.run("unmark", _MARKS, pairs))
        return removed

    def oldest_queued(self, queue: str) -> int | None:
        """Tell when the message that is next in a Celery queue was sent, None where the queue is empty.

        Celery pushes to a Redis list's head and takes from its tail. A message without a readable time counts as 0:
        it may be as old as anything, so no mark is taken for stale because of it.
        """
        message = self._broker.command("LINDEX", queue, -1)
        return None if message is None else read_enqueued_at(message)

    def age(self, queue: str) -> float:
        """Tell for how many seconds the oldest message of a queue waits, 0 where there is none."""
        oldest = self.oldest_queued(queue)
        return 0.0 if oldest is None else max(0, self.now() - oldest) / 1000

    def length(self, queue: str) -> int:
        """Count the messages of a Celery queue."""
        return int(self._broker.command("LLEN", queue))

    def attempt(self, export_id: str) -> Attempts:
        """Count that an export is put back once more, and return how often what was; settling starts anew."""
        key = places.attempts(export_id)
        count, _, (handed_back, reason) = self._broker.batch(
            [
                ("HINCRBY", key, "put_back", 1),
                ("PEXPIRE", key, in_milliseconds(ATTEMPTS_TTL)),
                ("HMGET", key, "handed_back", "reason"),
            ]
        )
        return Attempts(int(count), int(handed_back or 0), (reason or b"").decode())

    def sweeper_lock(self, owner: str, ttl: timedelta) -> bool:
        """Take, or prolong, the right to be the one sweeper; tell whether ``owner`` has it now."""
        return bool(self._broker.run("lock", [places.SWEEPER], [owner, in_milliseconds(ttl)]))


class _Envelope(Struct, frozen=True):
    headers: dict[str, object] = {}


def read_enqueued_at(message: bytes) -> int:
    """Read the time that a Celery message was sent at from its headers; 0 where it has none that can be read."""
    try:
        found = msgspec.json.decode(message, type=ready(_Envelope)).headers.get(ENQUEUED_AT)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 0
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def _chunks(items: Iterable[T]) -> Iterator[Sequence[T]]:
    iterator = iter(items)
    while chunk := tuple(islice(iterator, CHUNK)):
        yield chunk
