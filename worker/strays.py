"""Clears the board of exports that storage has never heard of.

A gateway may send a task ahead of what makes its export durable and be killed in between. Mostly a worker makes the
archive all the same; where that fails too, and nobody sends the event again, only the board is left to say "queued".
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from producer.contract.board import Board
from producer.contract.export import Export, State
from producer.contract.outbox import Outbox
from producer.contract.views import settled_view
from worker.pipeline import utc_now
from worker.slices import Passes

log = logging.getLogger(__name__)

PAUSE: Final = 300.0
"""Seconds between two passes."""

LATE: Final = timedelta(minutes=5)
"""Age from which an export must be in storage: no gateway takes that long over an event that it has read."""

_CHUNK: Final = 200


@dataclass
class Strays:
    """Goes through what the board says is under way, again and again."""

    outbox: Outbox
    board: Board
    now: Callable[[], datetime] = utc_now
    clock: Callable[[], float] = time.monotonic
    _passes: Passes = field(init=False)

    def __post_init__(self) -> None:
        self._passes = Passes(self._steps, PAUSE, self.clock)

    def work(self, seconds: float) -> None:
        """Go on for a while. Raises Unavailable; the pass then starts anew the next time."""
        self._passes.work(seconds)

    def _steps(self) -> Iterator[None]:
        for state in (State.QUEUED, State.RUNNING):
            cursor, more = None, True
            while more:
                page = self.board.exports.page(status=state, cursor=cursor, limit=_CHUNK)
                yield from self._look_at(page.items)
                cursor, more = page.next, page.next is not None
                yield

    def _look_at(self, exports: Sequence[Export]) -> Iterator[None]:
        late = [one.id for one in exports if one.created_at < self.now() - LATE]
        busy = self.board.queue.marked(late) | self.board.queue.leased(late)
        for identity in late:
            if identity not in busy:
                self._look_at_one(identity)
                yield

    def _look_at_one(self, identity: str) -> None:
        """Compare what the board says of an export that nobody has in hand with storage."""
        known = self.board.exports.known(identity)
        if known is None or known.export.status.settled or self.outbox.pending(identity, known.generation) is not None:
            return
        settled = self.outbox.settled(identity)
        if settled is None:
            self.board.exports.forget(identity)
            log.warning("export forgotten that was never accepted", extra={"export": identity})
        else:
            self.board.exports.announce(settled_view(settled.facts, self.now()), settled.facts.pending.generation)
