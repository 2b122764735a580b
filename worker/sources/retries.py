"""When an engine's API is asked again, and how long that is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

TRIES: Final = 5
LONGEST_WAIT: Final = 60.0
"""Seconds; an API that wants more is not waited for by a worker, which others need."""

_FIRST: Final = 0.5
_SPREAD: Final = 0.5
_BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_LIMITING: Final = frozenset({403, 429})


def is_passing(status: int, headers: Mapping[str, str]) -> bool:
    """Tell whether an answer says that another try may go better.

    GitHub says 403 to whoever asks too often, with the header that tells when to come again, or with none left to ask.
    """
    if status in _BUSY:
        return True
    return status in _LIMITING and ("retry-after" in headers or headers.get("x-ratelimit-remaining") == "0")


def asked_wait(headers: Mapping[str, str], clock: Callable[[], float] = time.time) -> float:
    """Read how many seconds an answer asks to wait: Retry-After (RFC 9110, section 10.2.3), or GitHub's reset."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value[:9])
    if value:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return 0.0
        return max(0.0, moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - clock())
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdecimal():
        return max(0.0, float(reset[:12]) - clock())
    return 0.0


def own_wait(tries: int, chance: Callable[[], float]) -> float:
    """Tell how long to wait after so many tries: twice as long each time, and up to half more by chance."""
    return float(_FIRST * 2 ** (tries - 1) * (1 + _SPREAD * chance()))
