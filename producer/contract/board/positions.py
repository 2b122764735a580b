"""Places in the listings, and the cursors that name them to the outside.

A listing is a sorted set whose members all have the score 0, so that the broker orders them by their bytes: the
inverted time first (6 bytes, milliseconds), then the id. Newest come first, a place is exact whatever arrives
before it, and a page costs the same at the millionth entry as at the first.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

from producer.contract.errors import InvalidOptions
from producer.contract.record import in_utc

LATEST: Final = 2**48 - 1
"""The last moment that a listing can hold, in milliseconds since the epoch: far behind the year 9999."""

TIME_BYTES: Final = 6
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Listing(Enum):
    """What a cursor goes through; one of another listing is refused. The value is the first byte of its cursors."""

    EXECUTIONS = b"x"
    WORKFLOWS = b"w"
    EXPORTS = b"e"
    AUDIT = b"a"


def milliseconds(moment: datetime) -> int:
    """Tell a time in milliseconds since the epoch; what lies before it counts as the epoch."""
    aware = in_utc(moment) or moment
    return max(0, (aware - _EPOCH) // timedelta(milliseconds=1))


def clamped(time: int) -> int:
    """Bring milliseconds into the range that a listing can hold."""
    return min(max(time, 0), LATEST)


def time_of(member: bytes) -> int:
    """Tell when a member is listed, in milliseconds since the epoch."""
    return LATEST - int.from_bytes(member[:TIME_BYTES], "big")


def name_of(member: bytes) -> bytes:
    """Tell whom a member names."""
    return member[TIME_BYTES:]


def write_cursor(listing: Listing, member: bytes | None) -> str | None:
    """Name the place behind a member; None is the end of the listing."""
    if member is None:
        return None
    return base64.urlsafe_b64encode(listing.value + member).rstrip(b"=").decode()


def read_cursor(listing: Listing, cursor: str | None) -> bytes | None:
    """Return the member that a page starts behind. Raises InvalidOptions on anything but this listing's cursors."""
    if cursor is None:
        return None
    try:
        text = cursor.encode("ascii")
        place = base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        place = b""
    if place[:1] != listing.value or len(place) <= 1 + TIME_BYTES:
        raise foreign_cursor()
    return place[1:]


def foreign_cursor() -> InvalidOptions:
    """Say that a cursor is not of the listing that it came with."""
    return InvalidOptions(
        "The cursor is not one that this list has given out.",
        field="cursor",
        remedy="Take the cursor from 'next' of the page before, or leave it out to start anew.",
    )
