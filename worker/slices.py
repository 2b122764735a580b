"""Long work in slices, so that one thread can do several things for a long time."""

from __future__ import annotations

import time
from collections.abc import Iterator


def go_on(work: Iterator[None], seconds: float) -> bool:
    """Advance work for a while, at least one step; tell whether it came to its end."""
    until = time.monotonic() + seconds
    return all(time.monotonic() < until for _ in work)
