"""The records of a zip file (PKWARE's APPNOTE 6.3.10) that is written in one pass: no I/O, no compression.

Sizes and checksums follow each member in a data descriptor (section 4.3.9), since nobody knows them before.
"""

from __future__ import annotations

from datetime import datetime
from struct import Struct
from typing import Final, NamedTuple

_LOCAL: Final = Struct("<4sHHHHHIIIHH")
_DESCRIPTOR: Final = Struct("<4sIII")
_DESCRIPTOR_64: Final = Struct("<4sIQQ")
_CENTRAL: Final = Struct("<4sBBBBHHHHIIIHHHHHII")
_END: Final = Struct("<4sHHHHIIH")
_END_64: Final = Struct("<4sQHHIIQQQQ")
_LOCATOR: Final = Struct("<4sIQI")
_EXTRA_64_LOCAL: Final = Struct("<HHQQ")
_EXTRA_64: Final = Struct("<HHQQQ")
_EXTRA_TIME: Final = Struct("<2sHBl")

_UNIX: Final = 3
_DEFLATED: Final = 8
_FLAGS: Final = 0x808  # A data descriptor follows, and names are UTF-8.
_PLAIN: Final = 20  # The version that a reader must know; 45 is ZIP64's.
_ZIP_64: Final = 45
_MAX_16: Final = 0xFFFF
_MAX_32: Final = 0xFFFFFFFF
_REGULAR_FILE: Final = 0o100644 << 16  # Its owner may write, everybody may read.


class Moment(NamedTuple):
    """The time of all members: MS-DOS time and date, and the extra field with the Unix time or nothing."""

    time: int
    date: int
    extra: bytes

    @classmethod
    def of(cls, moment: datetime, *, unix_time: bool) -> Moment:
        """Write a moment of 1980 to 2107; its Unix time has 32 bits and a sign."""
        return cls(
            moment.second // 2 | moment.minute << 5 | moment.hour << 11,
            moment.day | moment.month << 5 | moment.year - 1980 << 9,
            _EXTRA_TIME.pack(b"UT", 5, 1, int(moment.timestamp())) if unix_time else b"",
        )


class Written(NamedTuple):
    """A member that was written: where its local header begins, and what the data descriptor says."""

    name: bytes
    zip64: bool
    offset: int
    crc: int
    compressed: int
    size: int


def local_header(name: bytes, moment: Moment, *, zip64: bool) -> bytes:
    """Return a member's local header (section 4.3.7)."""
    version, unknown = (_ZIP_64, _MAX_32) if zip64 else (_PLAIN, 0)
    extra = (_EXTRA_64_LOCAL.pack(1, 16, 0, 0) if zip64 else b"") + moment.extra
    fields = (version, _FLAGS, _DEFLATED, moment.time, moment.date, 0, unknown, unknown, len(name), len(extra))
    return _LOCAL.pack(b"PK\x03\x04", *fields) + name + extra


def descriptor(member: Written) -> bytes:
    """Return what follows a member's data."""
    form = _DESCRIPTOR_64 if member.zip64 else _DESCRIPTOR
    return form.pack(b"PK\x07\x08", member.crc, member.compressed, member.size)


def central_header(member: Written, moment: Moment) -> bytes:
    """Return a member's line of the central directory (section 4.3.12)."""
    version = _ZIP_64 if member.zip64 else _PLAIN
    sizes = (member.compressed, member.size, member.offset)
    shown, extra = sizes, moment.extra
    if member.zip64:
        shown = (_MAX_32, _MAX_32, _MAX_32)
        extra = _EXTRA_64.pack(1, 24, member.size, member.compressed, member.offset) + extra
    made = (version, _UNIX, version, 0, _FLAGS, _DEFLATED, moment.time, moment.date, member.crc)
    lengths = (len(member.name), len(extra), 0, 0, 0)
    return _CENTRAL.pack(b"PK\x01\x02", *made, *shown[:2], *lengths, _REGULAR_FILE, shown[2]) + member.name + extra


def ending(members: int, size: int, start: int, *, zip64: bool) -> bytes:
    """Return the end of an archive whose central directory has ``size`` bytes from ``start`` on (4.3.14 to 4.3.16)."""
    if not zip64:
        return _END.pack(b"PK\x05\x06", 0, 0, members, members, size, start, 0)
    return (
        _END_64.pack(b"PK\x06\x06", 44, _ZIP_64, _ZIP_64, 0, 0, members, members, size, start)
        + _LOCATOR.pack(b"PK\x06\x07", 0, start + size, 1)
        + _END.pack(b"PK\x05\x06", _MAX_16, _MAX_16, _MAX_16, _MAX_16, _MAX_32, _MAX_32, 0)
    )
