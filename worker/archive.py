"""Named chunks -> zip bytes, streaming and reproducible: no I/O, and flat memory whatever the size of the archive.

The same members and the same moment give the same bytes, however the chunks are cut and wherever this runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from isal import isal_zlib
from stream_zip import ZIP_32, ZIP_64, MemberFile, Method, stream_zip

from producer.contract.errors import TooLarge

BLOCK: Final = 64 * 1024
"""Bytes of input that are compressed at a time, and the least that is handed out at a time (but for the end)."""

ORDINARY_SIZE: Final = 1 << 30
"""The most bytes of a member that announces no limit of its own."""

_LEVEL: Final = 2  # ISA-L's level 3 gives different bytes on different processors.
_MODE: Final = 0o100644  # A regular file that its owner may write and everybody may read.
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
        self._moment = _zip_time(moment)
        self._on_member = on_member
        self._hash = hashlib.sha256()
        # The Unix time that stands beside the MS-DOS time has 32 bits and a sign.
        self._unix_times = self._moment < _UNIX_TIMES_END
        self._layout = _Layout(self._unix_times)

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes, in hexadecimal digits."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        zipped = stream_zip(
            self._entries(),
            chunk_size=BLOCK,
            get_compressobj=self._layout.compressor,  # type: ignore[arg-type] # it has the two methods that are used
            extended_timestamps=self._unix_times,
        )
        for piece in _gathered(zipped):
            self.size += len(piece)
            self._hash.update(piece)
            yield piece

    def _entries(self) -> Iterator[MemberFile]:
        for member in self._members:
            content = _Content(member, hashed=self._on_member is not None)
            method = self._layout.place(member)
            yield member.name, self._moment, _MODE, method, content
            self.files += 1
            if self._on_member is not None:
                self._on_member(content.facts)


def write_archive(members: Iterable[Member], *, moment: datetime) -> Iterator[bytes]:
    """Yield the bytes of an archive where nobody asks for its facts; see ArchiveWriter."""
    return iter(ArchiveWriter(members, moment=moment))


class _Content:
    """A member's bytes, cut into blocks (ISA-L's output depends on how its input is cut), counted and hashed."""

    def __init__(self, member: Member, *, hashed: bool) -> None:
        self._member = member
        self._hash = hashlib.sha256() if hashed else None
        self._size = 0

    def __iter__(self) -> Iterator[bytes]:
        limit = self._member.size_limit
        for block in _blocks(self._member.chunks):
            self._size += len(block)
            if limit is not None and self._size > limit:
                raise TooLarge(
                    f"The file '{self._member.name}' of the archive is larger than the {limit} bytes announced for it.",
                    remedy="Announce the size that the file may reach, or no limit at all.",
                )
            if self._hash is not None:
                self._hash.update(block)
            yield block

    @property
    def facts(self) -> MemberFacts:
        return MemberFacts(self._member.name, self._size, self._hash.hexdigest() if self._hash else "")


class _Layout:
    """Follows where in the archive each member stands, to choose between the plain zip format and ZIP64.

    Sizes are unknown before a member is streamed, so ZIP64 is chosen where the plain format might not do, and for one
    more reason: stream-zip 0.0.84 ends the archive early, in silence, where the bytes between the ends of two local
    headers are a multiple of its chunk size. The longer header of ZIP64 moves such an end off the boundary.
    """

    def __init__(self, unix_times: bool) -> None:
        self._extra = 9 if unix_times else 0
        self._members = 0
        self._header_end = 0
        self._descriptor = 0
        self._data: _Compressor | None = None

    def compressor(self) -> _Compressor:
        self._data = _Compressor()
        return self._data

    def place(self, member: Member) -> Method:
        """Put the next member after those whose bytes were drawn."""
        data = self._data.size if self._data else 0
        plain_end = self._header_end + data + self._descriptor + 30 + len(member.name.encode()) + self._extra
        plain = self._fits_plain(member.size_limit, plain_end) and (plain_end - self._header_end) % BLOCK != 0
        self._members += 1
        self._header_end = plain_end if plain else plain_end + 20
        self._descriptor = 16 if plain else 24
        return ZIP_32 if plain else ZIP_64

    def _fits_plain(self, size_limit: int | None, header_end: int) -> bool:
        if size_limit is None or self._members + 1 >= _ZIP_32_MAX_MEMBERS:
            return False
        # What cannot be compressed grows by less than a thousandth; some bytes are for the data descriptor.
        return header_end + size_limit + (size_limit >> 9) + 1024 < _ZIP_32_MAX


class _Compressor:
    """Raw deflate (RFC 1951) by ISA-L that knows how much it has put out."""

    def __init__(self) -> None:
        self._deflate = isal_zlib.compressobj(level=_LEVEL, wbits=-15)
        self.size = 0

    def compress(self, data: bytes) -> bytes:
        return self._counted(self._deflate.compress(data))

    def flush(self) -> bytes:
        return self._counted(self._deflate.flush())

    def _counted(self, data: bytes) -> bytes:
        self.size += len(data)
        return data


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut chunks of any size anew into blocks of one size."""
    buffer = bytearray()
    for chunk in chunks:
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


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces, so that an uploader is not called for each of them."""
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
