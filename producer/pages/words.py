"""How ids, times, sizes and states are written on pages and in their addresses."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from producer.contract.record import in_utc
from producer.contract.render.text import one_line, shortened
from producer.contract.render.times import moment_text
from producer.contract.render.view import status_text

_UNITS: Final = ("byte", "KB", "MB", "GB", "TB", "PB")


class Moment(NamedTuple):
    """A time: for programs (RFC 3339) and for people."""

    iso: str
    text: str


class StatusWord(NamedTuple):
    """A status: as a class of the style sheet, and in words."""

    key: str
    words: str


def moment(time: datetime | None, zone: ZoneInfo) -> Moment | None:
    """Write a time to the second: a list of them is read at a glance."""
    if time is None:
        return None
    aware = (in_utc(time) or time).replace(microsecond=0)
    return Moment(aware.isoformat().replace("+00:00", "Z"), moment_text(aware, zone))


def status_word(status: str) -> StatusWord:
    """Write a status of an execution, a step or an export."""
    return StatusWord(status, status_text(status))


def size_text(size: int) -> str:
    """Write a number of bytes by its decimal unit (IEC 80000-13): ``12.3 KB``."""
    if size < 1000:
        return count_text(size, _UNITS[0])
    exponent = min(len(_UNITS) - 1, (len(str(size)) - 1) // 3)
    # What would be rounded up to a thousand of its unit is one of the next.
    if size >= 999.5 * 1000**exponent and exponent < len(_UNITS) - 1:
        exponent += 1
    value = size / 1000**exponent
    return f"{value:.0f} {_UNITS[exponent]}" if value >= 99.95 else f"{value:.1f} {_UNITS[exponent]}"


def count_text(count: int, one: str, many: str | None = None) -> str:
    """Write a number with the thing that is counted."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def shown_name(name: str) -> str:
    """Write a name without characters that hide or disguise."""
    return one_line(name) or "(unnamed)"


def listed_name(name: str) -> str:
    """Write a name in a list, where a very long one is cut."""
    return shown_name(shortened(name))
