"""Times as engines write them, turned into RFC 3339.

Engines agree on nothing here: ISO 8601 with 0 to 9 digits of a second, with ``Z``, an offset, `` UTC`` or no zone at
all, with ``T`` or a space; numbers since 1970 in seconds or milliseconds, as numbers or as strings.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_ISO: Final = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<clock>\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d{1,12}))?"
    r" ?(?P<zone>[Zz]|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_NUMBER: Final = re.compile(r"-?\d{1,20}(?:\.\d{1,20})?", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SMALLEST_MILLISECONDS: Final = 10**11
"""A number below is seconds (the year 5138 as seconds), from here on milliseconds (1973 as milliseconds)."""
_ZERO_TIME: Final = "0001-01-01"
"""The day of Go's zero time, by which engines written in Go say that there is no time."""


def rfc3339(value: Any) -> str | None:
    """Write an engine's time as RFC 3339 with an offset; a time without a zone is UTC.

    None, an empty string and Go's zero time are no time: None. Raises ValueError with a sentence where the value is
    none of the known forms, or no moment between the years 1 and 9999.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return _of_number_text(value) if _NUMBER.fullmatch(value.strip()) else _of_iso(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_number(value)
    raise ValueError("is not a time")


def from_epoch_ms(milliseconds: float) -> str:
    """Write milliseconds since 1970 as RFC 3339 in UTC. Raises ValueError outside of the years 1 to 9999."""
    try:
        moment = _EPOCH + timedelta(milliseconds=milliseconds)
    except (OverflowError, ValueError):  # timedelta's errors for what is too large, and for NaN
        raise ValueError(_OUT_OF_RANGE) from None
    precision = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def instant(text: str) -> datetime:
    """Parse what ``rfc3339`` wrote, for comparing and sorting (digits beyond microseconds are cut)."""
    return datetime.fromisoformat(text)


def _of_number_text(text: str) -> str:
    number = text.strip()
    return _of_number(float(number) if "." in number else int(number))


def _of_number(number: float) -> str:
    return from_epoch_ms(number if abs(number) >= _SMALLEST_MILLISECONDS else number * 1000)


def _of_iso(text: str) -> str | None:
    match = _ISO.fullmatch(text.strip())
    if match is None:
        raise ValueError("is not a time")
    if match["date"] == _ZERO_TIME:
        return None
    fraction = f".{match['fraction'][:9]}" if match["fraction"] else ""
    written = f"{match['date']}T{match['clock']}{fraction}{_offset(match['zone'])}"
    try:
        datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(_OUT_OF_RANGE) from None
    return written


def _offset(zone: str | None) -> str:
    if zone is None or zone in {"Z", "z", "UTC", "GMT"}:
        return "Z"
    digits = zone[1:].replace(":", "")
    return f"{zone[0]}{digits[:2]}:{digits[2:] or '00'}"


_OUT_OF_RANGE: Final = "is no moment of the calendar"
