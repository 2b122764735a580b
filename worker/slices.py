"""Long work in slices, so that one thread can do several things for a long time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

LONGEST_PAUSE: Final = 300.0
"""Seconds between two passes over everything, at most."""


def go_on(work: Iterator[None], seconds: float) -> bool:
    """Advance work for a while, at least one step; tell whether it came to its end."""
    until = time.monotonic() + seconds
    return all(time.monotonic() < until for _ in work)


def pause_for(*limits: timedelta | None) -> float:
    """Tell how many seconds to wait between two passes so that nothing is kept much longer than these limits say."""
    shortest = min((limit.total_seconds() for limit in limits if limit is not None), default=LONGEST_PAUSE)
    return min(max(shortest / 10, 1.0), LONGEST_PAUSE)


class Passes:
    """Does the same long work again and again, in slices; ``pause`` seconds lie between two passes."""

    def __init__(self, begin: Callable[[], Iterator[None]], pause: float, clock: Callable[[], float]) -> None:
        self._begin = begin
        self._pause = pause
        self._clock = clock
        self._work: Iterator[None] | None = None
        self._next = 0.0

    def work(self, seconds: float) -> None:
        """Go on for a while. A pass that fails raises, and starts anew the next time."""
        work, self._work = self._work, None
        if work is None and self._clock() < self._next:
            return
        work = work or self._begin()
        if go_on(work, seconds):
            self._next = self._clock() + self._pause
        else:
            self._work = work
