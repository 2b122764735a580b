"""Who asked for exports a moment ago, for as long as neither the board nor anybody but storage can tell."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

KEPT: Final = 30.0
"""Seconds that a name is kept: several times what the audit log takes to let the board know."""

MOST: Final = 10_000
"""Names that are kept, some megabytes."""


class _Asked(NamedTuple):
    name: str
    until: float


class Askers:
    """The first askers of exports that this gateway has accepted. Any thread may use it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: OrderedDict[str, _Asked] = OrderedDict()

    def note(self, export_id: str, name: str) -> None:
        """Keep the name of whoever asked for an export first; what is too old or too much goes."""
        now = self._clock()
        with self._lock:
            self._asked.pop(export_id, None)
            self._asked[export_id] = _Asked(name, now + KEPT)
            while len(self._asked) > MOST or next(iter(self._asked.values())).until <= now:
                self._asked.popitem(last=False)

    def of(self, export_id: str) -> str | None:
        """Return who asked for an export, None where that is not known here."""
        with self._lock:
            asked = self._asked.get(export_id)
        return asked.name if asked is not None and asked.until > self._clock() else None
