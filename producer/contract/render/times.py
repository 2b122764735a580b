"""Moments and durations for people; nothing here knows a clock or a locale."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from producer.contract.record import in_utc

_MICROSECOND: Final = timedelta(microseconds=1)
_MILLISECOND: Final = 1_000
_SECOND: Final = 1_000_000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def moment_text(moment: datetime, zone: ZoneInfo) -> str:
    """Write a moment as ``2025-04-09 14:59:56 UTC``, with a fraction where it has one; without offset it is UTC."""
    local = in_utc(moment) or moment
    # The first and the last day of the calendar cannot be moved to every zone; they stay in UTC.
    with suppress(OverflowError):
        local = local.astimezone(zone)
    precision = _precision(local.microsecond)
    return f"{local.replace(tzinfo=None).isoformat(' ', precision)} {local.tzname() or 'UTC'}"


def _precision(microsecond: int) -> str:
    if not microsecond:
        return "seconds"
    return "microseconds" if microsecond % 1000 else "milliseconds"


def duration_between(started: datetime | None, finished: datetime | None) -> timedelta | None:
    """Return the time from start to finish, negative where the clock went back, or None where either is missing."""
    if started is None or finished is None:
        return None
    return (in_utc(finished) or finished) - (in_utc(started) or started)


def duration_text(duration: timedelta) -> str:
    """Write a duration by its two largest units, cut and not rounded: ``4 min 55 s``, ``1.2 s``, ``35 ms``."""
    total = duration // _MICROSECOND
    if total < 0:
        return f"\u2212{_positive(-total)} (finished before it started)"
    return _positive(total)


def _positive(total: int) -> str:
    if total < _SECOND:
        return _below_a_second(total)
    if total < 10 * _SECOND and total % _SECOND >= _SECOND // 10:
        return f"{total // _SECOND}.{total % _SECOND // (_SECOND // 10)} s"
    units = ((_DAY, _HOUR, "d", "h"), (_HOUR, _MINUTE, "h", "min"), (_MINUTE, _SECOND, "min", "s"))
    for size, part, name, part_name in units:
        if total >= size:
            rest = total % size // part
            return f"{total // size} {name} {rest} {part_name}" if rest else f"{total // size} {name}"
    return f"{total // _SECOND} s"


def _below_a_second(total: int) -> str:
    if total == 0:
        return "0 s"
    return f"{total // _MILLISECOND} ms" if total >= _MILLISECOND else f"{total} µs"
