"""How often somebody may ask: buckets of calls that fill up again with time.

A bucket is one moment, the one at which it is full again, and each call moves that on by the time in which one call
grows back: the generic cell rate algorithm (ITU-T I.371), the same here and in the board's script ``spend``.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MOST: Final = 1_000_000
"""Calls of a rate. More in a second could not be told apart by the board's clock, and would be no limit either."""


class Rate(NamedTuple):
    """So many calls at once, and as many again in ``seconds``."""

    calls: int
    seconds: int

    def __str__(self) -> str:
        """Write it as settings do: ``6000/m``."""
        unit = next((unit for unit, length in _UNITS.items() if length == self.seconds), f"{self.seconds}s")
        return f"{self.calls}/{unit}"

    @property
    def interval(self) -> float:
        """Seconds in which one call grows back."""
        return self.seconds / self.calls


def read_rate(value: Any) -> Any:
    """Read a setting such as ``600/m``; ``none`` is no limit. Raises ValueError."""
    if value is None or isinstance(value, Rate):
        return value
    if isinstance(value, str) and value.strip().lower() == "none":
        return None
    match = re.fullmatch(r"\s*(\d{1,7})\s*/\s*([smhd])\s*", value) if isinstance(value, str) else None
    if match is None or not 1 <= int(match[1]) <= _MOST:
        raise ValueError("write calls per second, minute, hour or day, such as 10/s or 600/m, or none")
    return Rate(int(match[1]), _UNITS[match[2]])


class Verdict(NamedTuple):
    """What a bucket says to a call.

    ``remaining`` calls are left. ``wait`` is in how many seconds one more would be taken, ``full`` in how many the
    bucket is full again.
    """

    taken: bool
    rate: Rate
    remaining: int
    wait: float
    full: float


@dataclass(slots=True)
class _Bucket:
    full_at: float
    spent: int = 0


class Buckets:
    """The buckets of one rate, by whoever fills them. Any thread may use them, and no call waits for anything.

    ``most`` bounds how many are kept, for keys that strangers choose: then the one that was used longest ago goes.
    """

    def __init__(self, rate: Rate, most: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate: Final = rate
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str) -> Verdict:
        """Take a call, where one is left."""
        now = self._clock()
        with self._lock:
            bucket = self._buckets.get(key)
            full_at = max(bucket.full_at if bucket else now, now)
            after = full_at + self.rate.interval
            if not self._fits(after - now):
                return self._verdict(full_at - now, taken=False)
            if bucket is None:
                bucket = self._buckets[key] = _Bucket(after)
                self._evict()
            bucket.full_at = after
            bucket.spent += 1
            self._buckets.move_to_end(key)
            return self._verdict(after - now, taken=True)

    def look(self, key: str) -> Verdict:
        """Tell what a call would be told, without taking one."""
        now = self._clock()
        with self._lock:
            bucket = self._buckets.get(key)
        full = max(bucket.full_at - now if bucket else 0.0, 0.0)
        return self._verdict(full, taken=self._fits(full + self.rate.interval))

    def drain(self) -> dict[str, int]:
        """Return how many calls each bucket gave since the last time; buckets that are full are forgotten."""
        now = self._clock()
        with self._lock:
            for key in [key for key, one in self._buckets.items() if one.full_at <= now and not one.spent]:
                del self._buckets[key]
            spent = {key: one.spent for key, one in self._buckets.items()}
            for one in self._buckets.values():
                one.spent = 0
            return spent

    def learn(self, full: Mapping[str, float]) -> None:
        """Take over in how many seconds buckets are full again, by all gateways' calls; those since come on top."""
        now = self._clock()
        with self._lock:
            for key, seconds in full.items():
                bucket = self._buckets.get(key)
                if bucket is not None:
                    bucket.full_at = now + seconds + bucket.spent * self.rate.interval

    def put_back(self, spent: Mapping[str, int]) -> None:
        """Keep what was drained and could not be told to anybody."""
        with self._lock:
            for key, count in spent.items():
                if key in self._buckets:
                    self._buckets[key].spent += count

    def __len__(self) -> int:
        """Count the buckets that are kept."""
        return len(self._buckets)

    def _evict(self) -> None:
        if self._most is not None and len(self._buckets) > self._most:
            self._buckets.popitem(last=False)

    def _fits(self, full: float) -> bool:
        # Sums of fractions of a second are off by a little: what is too little by a thousandth of a call is enough.
        return full <= self.rate.seconds + self.rate.interval / 1000

    def _verdict(self, full: float, *, taken: bool) -> Verdict:
        left = int((self.rate.seconds - full) / self.rate.interval + 0.001)
        wait = max(full + self.rate.interval - self.rate.seconds, 0.0)
        return Verdict(taken, self.rate, max(left, 0), wait, full)
