"""Named chunks -> zip bytes, streaming and reproducible: no I/O, and flat memory whatever the size of the archive.

The same members and the same moment give the same bytes, however the chunks are cut and wherever this runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Final, NamedTuple

from isal import isal_zlib

from producer.contract.errors import TooLarge
from worker import zipformat
from worker.zipformat import Moment

BLOCK: Final = 64 * 1024
"""Bytes of input that are compressed at a time, and the least that is handed out at a time (but for the end)."""

ORDINARY_SIZE: Final = 1 << 30
"""The most bytes of a member that announces no limit of its own."""

_LEVEL: Final = 2  # ISA-L's level 3 gives different bytes on different processors.
_ZIP_32_MAX: Final = 0xFFFFFFFF
_ZIP_32_MAX_MEMBERS: Final = 0xFFFF
_EARLIEST: Final = datetime(1980, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC)
_UNIX_TIMES_END: Final = datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC)


class Member(NamedTuple):
    """A file of the archive, its content still to be drawn.

    ``size_limit`` is the most bytes that ``chunks`` may hold together; more raise TooLarge. None stands for any size
    and costs the member the plain zip format, which some old readers need: leave it to files that may get huge.
    """

    name: str
    chunks: Iterable[bytes]
    size_limit: int | None = ORDINARY_SIZE


class MemberFacts(NamedTuple):
    """What a manifest tells of a member: uncompressed ``size`` in bytes, ``sha256`` in hexadecimal digits."""

    name: str
    size: int
    sha256: str


class ArchiveWriter:
    """Iterate over it, once, to draw the bytes of the archive in pieces of at least 64 KiB (the last may be shorter).

    Members are drawn one after the other, each only when the one before is complete: ``on_member`` has been told of
    all earlier members by the time that ``members`` is asked for the next, so the last can be a manifest of the rest.
    Members are hashed only where ``on_member`` is given. ``moment`` becomes the time of every member, in UTC, with
    one without an offset read as UTC and one outside 1980 to 2107 moved to the nearest that a zip can hold.

    ``size`` (bytes), ``sha256`` and ``files`` (members) tell of what was drawn so far: of the whole, after the end.
    """

    def __init__(
        self,
        members: Iterable[Member],
        *,
        moment: datetime,
        on_member: Callable[[MemberFacts], None] | None = None,
    ) -> None:
        self.size = 0
        self.files = 0
        self._members = members
        shown = _zip_time(moment)
        # The Unix time that stands beside the MS-DOS time has 32 bits and a sign.
        unix_times = shown < _UNIX_TIMES_END
        self._moment = Moment.of(shown, unix_time=unix_times)
        self._on_member = on_member
        self._hash = hashlib.sha256()
        self._layout = _Layout(unix_times)

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes, in hexadecimal digits."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        for piece in gathered(self._written()):
            self.size += len(piece)
            self._hash.update(piece)
            yield piece

    def _written(self) -> Iterator[bytes]:
        directory: list[bytes] = []
        offset, zip64 = 0, False
        for member in self._members:
            content = _Content(member, hashed=self._on_member is not None)
            large = self._layout.place(member, offset)
            header = zipformat.local_header(member.name.encode(), self._moment, zip64=large)
            yield header
            compressed = 0
            for piece in content.deflated():
                compressed += len(piece)
                yield piece
            done = zipformat.Written(member.name.encode(), large, offset, content.crc, compressed, content.size)
            descriptor = zipformat.descriptor(done)
            yield descriptor
            offset += len(header) + compressed + len(descriptor)
            zip64 = zip64 or large
            directory.append(zipformat.central_header(done, self._moment))
            self.files += 1
            if self._on_member is not None:
                self._on_member(content.facts)
        yield from directory
        yield zipformat.ending(len(directory), sum(map(len, directory)), offset, zip64=zip64)


def write_archive(members: Iterable[Member], *, moment: datetime) -> Iterator[bytes]:
    """Yield the bytes of an archive where nobody asks for its facts; see ArchiveWriter."""
    return iter(ArchiveWriter(members, moment=moment))


class _Content:
    """A member's bytes in blocks (ISA-L's output depends on how its input is cut), counted, summed and hashed."""

    def __init__(self, member: Member, *, hashed: bool) -> None:
        self._member = member
        self._hash = hashlib.sha256() if hashed else None
        self.size = 0
        self.crc = 0

    def deflated(self) -> Iterable[bytes]:
        """Return them as raw deflate (RFC 1951), in pieces."""
        deflate = isal_zlib.compressobj(level=_LEVEL, wbits=-15)
        blocks = _blocks(self._member.chunks)
        if isinstance(blocks, tuple):
            return (b"".join(self._through(deflate, blocks)),)
        return self._through(deflate, blocks)

    def _through(self, deflate: isal_zlib.Compress, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._take(block)
            yield deflate.compress(block)
        yield deflate.flush()

    def _take(self, block: bytes) -> None:
        limit = self._member.size_limit
        self.size += len(block)
        if limit is not None and self.size > limit:
            raise TooLarge(
                f"The file '{self._member.name}' of the archive is larger than the {limit} bytes announced for it.",
                remedy="Announce the size that the file may reach, or no limit at all.",
            )
        self.crc = isal_zlib.crc32(block, self.crc)
        if self._hash is not None:
            self._hash.update(block)

    @property
    def facts(self) -> MemberFacts:
        return MemberFacts(self._member.name, self.size, self._hash.hexdigest() if self._hash else "")


class _Layout:
    """Chooses between the plain zip format and ZIP64, which must be done before a member's size is known.

    ZIP64 is chosen where the plain format might not do, and for one more reason, which keeps archives as they always
    were: where the bytes between the ends of two local headers would be a multiple of BLOCK.
    """

    def __init__(self, unix_times: bool) -> None:
        self._extra = 9 if unix_times else 0
        self._members = 0
        self._header_end = 0

    def place(self, member: Member, offset: int) -> bool:
        """Tell whether the member whose local header begins at an offset needs ZIP64."""
        plain_end = offset + 30 + len(member.name.encode()) + self._extra
        plain = self._fits_plain(member.size_limit, plain_end) and (plain_end - self._header_end) % BLOCK != 0
        self._members += 1
        self._header_end = plain_end if plain else plain_end + 20
        return not plain

    def _fits_plain(self, size_limit: int | None, header_end: int) -> bool:
        if size_limit is None or self._members + 1 >= _ZIP_32_MAX_MEMBERS:
            return False
        # What cannot be compressed grows by less than a thousandth; some bytes are for the data descriptor.
        return header_end + size_limit + (size_limit >> 9) + 1024 < _ZIP_32_MAX


def _blocks(chunks: Iterable[bytes]) -> Iterable[bytes]:
    """Cut chunks of any size anew into blocks of one size."""
    rest = iter(chunks)
    first = next(rest, b"")
    second = next(rest, None)
    if second is None and len(first) <= BLOCK:
        # Nearly every member: one chunk, which need not be copied.
        return (first,) if first else ()
    return _cut_anew(chain((first,), () if second is None else (second,), rest))


def _cut_anew(chunks: Iterable[bytes]) -> Iterator[bytes]:
    buffer = bytearray()
    for chunk in chunks:
        if not buffer and len(chunk) == BLOCK:
            yield chunk
            continue
        for start in _cuts(len(buffer), len(chunk)):
            buffer += memoryview(chunk)[start : start + BLOCK - len(buffer)]
            if len(buffer) == BLOCK:
                yield bytes(buffer)
                buffer.clear()
    if buffer:
        yield bytes(buffer)


def _cuts(filled: int, size: int) -> Iterator[int]:
    """Where to cut a chunk so that the first piece fills up what is there and the others are whole blocks."""
    if size:
        yield 0
    yield from range(BLOCK - filled, size, BLOCK)


def gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces, so that a consumer is not called for each of them."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= BLOCK:
            yield b"".join(waiting)
            waiting.clear()
            size = 0
    if waiting:
        yield b"".join(waiting)


def _zip_time(moment: datetime) -> datetime:
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return min(max(aware, _EARLIEST), _LATEST).astimezone(UTC)
