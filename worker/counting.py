"""Sees to it that every batch of the audit log is counted on the board: those of gateways that could not, or all."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from producer.contract import keys
from producer.contract.audit import read_batch, tally_of
from producer.contract.board import Board
from producer.contract.errors import ObjectNotFound
from producer.contract.objects import ObjectStore
from worker.pipeline import utc_now
from worker.slices import Passes

log = logging.getLogger(__name__)

PAUSE: Final = 10.0
"""Seconds between two passes."""

LATE: Final = timedelta(minutes=10)
"""Age from which a batch's name is passed: gateways count by themselves what they store under such a name later."""

_CHUNK: Final = 500


@dataclass
class Counting:
    """Goes through the log from the board's floor to its end, again and again; on a lost board there is no floor."""

    objects: ObjectStore
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
        floor = self.board.tallies.floor()
        batches = (one.key for one in self.objects.list(keys.AUDIT, after=floor.name) if keys.audit_moment(one.key))
        while chunk := list(islice(batches, _CHUNK)):
            yield from self._count(chunk)
            passed = self._passed(chunk)
            if passed is not None and not self.board.tallies.raise_floor(floor.life, passed):
                return  # The board was lost meanwhile, and what this pass has counted with it.
            yield

    def _count(self, batches: Sequence[str]) -> Iterator[None]:
        known = self.board.tallies.counted(batches)
        for key in batches:
            if key not in known:
                self._count_one(key)
                yield

    def _count_one(self, key: str) -> None:
        try:
            tally = tally_of(read_batch(key, self.objects.get(key).data))
        except ObjectNotFound:
            return  # Its time has passed since.
        if self.board.tallies.count(key, tally):
            log.debug("audit batch counted", extra={"key": key})

    def _passed(self, batches: Iterable[str]) -> str | None:
        """Return the last of some batches in order that is old enough for the floor."""
        place = keys.audit_place(self.now() - LATE)
        return max((key for key in batches if key < place), default=None)
