"""How long a client may keep us waiting for its body: each upload holds what others could use."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final, NamedTuple

from producer.contract.errors import TooSlow

IDLE: Final = 60.0
"""Seconds without a byte of the body after which a client is given up, and the credit that a slow one has in all."""

MIN_RATE: Final = 4096
"""Bytes that earn a client one more second of waiting."""

ORDINARY: Final = timedelta(hours=1)
"""The most time that a body takes which is no upload of an event."""


class Patience(NamedTuple):
    """What a client is waited for, and what it is told when that has run out."""

    left: float
    detail: str
    remedy: str


class Pace:
    """The patience with one body: for a single piece, for all of them by their rate, and for the whole.

    Only time that was spent waiting for the client counts against its rate; what we take to store a piece does not.
    """

    def __init__(self, longest: timedelta = ORDINARY, clock: Callable[[], float] = time.monotonic) -> None:
        self._longest = longest
        self._clock = clock
        self._began = clock()
        self._credit = IDLE
        self._asked = self._began
        self._first = self._shortest()

    def ask(self) -> float:
        """Begin to wait; return for how many seconds. Raises TooSlow where there is no patience left."""
        self._asked = self._clock()
        self._first = self._shortest()
        if self._first.left <= 0:
            raise self.lost()
        return self._first.left

    def took(self, size: int) -> None:
        """Note that the wait is over, and how many bytes have come."""
        self._credit += size / MIN_RATE - (self._clock() - self._asked)

    def lost(self) -> TooSlow:
        """Say which patience is lost, at the end of a wait that brought nothing."""
        return TooSlow(self._first.detail, field="body", remedy=self._first.remedy)

    def _shortest(self) -> Patience:
        """Find what runs out first; known when a wait begins, because its timer may end it a moment too early."""
        whole = self._began + self._longest.total_seconds() - self._asked
        return min(
            Patience(IDLE, f"No byte of the body came for {IDLE:.0f} seconds.", "Send the request again."),
            Patience(
                self._credit,
                f"The body comes at less than {MIN_RATE} bytes a second.",
                "Send it over a faster connection.",
            ),
            Patience(whole, f"The body took longer than {self._longest}.", "Send it faster, or in several executions."),
            key=lambda patience: patience.left,
        )
