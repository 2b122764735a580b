"""Sees to it that callbacks are told when their time has come, whatever became of the message that asked for it.

What waits lies in storage. An entry is read when it is new or was written since; in between, its time is remembered,
and listing the names is all that a look at storage costs. The larger the listing, the rarer the looks.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple

from producer.contract import callbacks, keys
from producer.contract.board import Board
from producer.contract.objects import ObjectStore, StoredObject
from producer.contract.queue import Queue
from worker.pipeline import utc_now
from worker.slices import go_on

PAUSE: Final = timedelta(minutes=1)
"""Time that a message has to become an attempt before it is sent again; doubled from one to the next, since a backlog
must not feed itself."""

_LONGEST_PAUSE: Final = timedelta(minutes=15)
_AT_ONCE: Final = 1_000
"""Messages of one round; those who have waited longest come first."""

_REST: Final = 4.0
"""How many times as long as a look at storage took, the next one is waited for."""

_LONGEST_REST: Final = 60.0
_CHUNK: Final = 500


class _Waiting(NamedTuple):
    """An entry as it was read.

    ``look`` is the last one that saw it, ``at`` when a message is to be sent for it, and ``sent`` how many were.
    """

    etag: str
    look: int
    export_id: str
    name: str
    at: datetime | None
    sent: int = 0


@dataclass
class Reminding:
    """Remembers what waits. One that knows nothing yet reads everything once."""

    objects: ObjectStore
    board: Board
    queue: Queue
    now: Callable[[], datetime] = utc_now
    clock: Callable[[], float] = time.monotonic
    _known: dict[str, _Waiting] = field(default_factory=dict)
    _looks: int = 0
    _work: Iterator[None] | None = None
    _next: float = 0.0

    def work(self, seconds: float) -> None:
        """Look at storage for a while, then ask for what is due. Raises Unavailable; the look then starts anew."""
        work, self._work = self._work, None
        if work is not None or self.clock() >= self._next:
            work = work or self._look()
            if not go_on(work, seconds):
                self._work = work
        self._remind()

    def _look(self) -> Iterator[None]:
        began = self.clock()
        self._looks += 1
        listed = self.objects.list(keys.CALLBACKS)
        while chunk := list(islice(listed, _CHUNK)):
            yield from self._compare(chunk)
        self._known = {key: one for key, one in self._known.items() if one.look == self._looks}
        self._next = self.clock() + min(_REST * (self.clock() - began), _LONGEST_REST)

    def _compare(self, listed: list[StoredObject]) -> Iterator[None]:
        """Read what is new or was written since; of what is new, the board may not know that it is there."""
        new = {keys.callback_export(one.key) for one in listed if one.key not in self._known}
        if new:
            self.board.callbacks.note(new)
        for found in listed:
            known = self._known.get(found.key)
            if known is not None and known.etag == found.etag:
                self._known[found.key] = known._replace(look=self._looks)
                continue
            self._known[found.key] = self._read(found)
            yield

    def _read(self, found: StoredObject) -> _Waiting:
        entry = callbacks.read_listed(self.objects, found.key)
        if entry is None:
            return _Waiting(found.etag, self._looks, "", "", None)
        return _Waiting(found.etag, self._looks, entry.export_id, entry.name, entry.next_attempt_at)

    def _remind(self) -> None:
        now = self.now()
        due = ((one.at, key) for key, one in self._known.items() if one.at is not None and one.at <= now)
        for _, key in heapq.nsmallest(_AT_ONCE, due):
            one = self._known[key]
            self.queue.callback(one.export_id, one.name)
            pause = min(PAUSE * 2 ** min(one.sent, 4), _LONGEST_PAUSE)
            self._known[key] = one._replace(at=now + pause, sent=one.sent + 1)
