"""When a callback that was not taken is sent again."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

RETRY_DELAYS: Final = (5, 30, 2 * 60, 10 * 60, 30 * 60, 3600, 2 * 3600, 4 * 3600, 8 * 3600)
"""Seconds between one attempt and the next: some seconds at first, some sixteen hours in all."""

MAX_ATTEMPTS: Final = len(RETRY_DELAYS) + 1

_JITTER: Final = 0.2


def retry_delay(message_id: str, attempts: int, asked: float | None = None) -> timedelta | None:
    """Tell how long to wait after the attempt number ``attempts`` (from 1); ``None`` where it was the last.

    Each delay is spread by a tenth to both sides, so that receivers which failed together are not asked together; the
    spread follows from the message, so that everybody computes the same. ``asked`` is the receiver's Retry-After in
    seconds: it can lengthen the delay up to the longest one, not shorten it.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    digest = hashlib.sha256(f"{message_id}:{attempts}".encode()).digest()
    spread = 1 + _JITTER * (int.from_bytes(digest[:4]) / 2**32 - 0.5)
    own = RETRY_DELAYS[attempts - 1] * spread
    return timedelta(seconds=max(own, min(asked or 0, RETRY_DELAYS[-1])))
