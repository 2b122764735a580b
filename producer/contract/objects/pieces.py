"""Reading an object of any size by ranges: a few MiB in memory, however slowly they are taken.

No connection waits while the reader is busy with a piece, so a slow reader meets no time-out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from producer.contract.objects.parts import PIECE_SIZE


class Piece(NamedTuple):
    """Bytes of an object, the version that they belong to, and the size of the whole object in bytes."""

    data: bytes
    etag: str
    size: int


NOTHING = Piece(b"", "", 0)
"""What lies behind the end of an object."""


class ReadPiece(Protocol):
    """Reads bytes ``start`` to ``end`` (exclusive), of the version ``etag`` alone where that is given."""

    def __call__(self, start: int, end: int, etag: str | None) -> Piece:
        """Return NOTHING where no ``etag`` is given and ``start`` lies behind the end. Raises ObjectNotFound."""
        ...


def pieces(read: ReadPiece, start: int, end: int | None) -> Iterator[bytes]:
    """Return an object's bytes piece by piece; the first is read at once, so that a missing object shows at once."""
    if end is not None and end <= start:
        return iter(())
    first = read(start, _stop(start, end), None)
    return _follow(read, first, start, first.size if end is None else min(end, first.size))


def _follow(read: ReadPiece, piece: Piece, position: int, end: int) -> Iterator[bytes]:
    etag = piece.etag
    while piece.data:
        yield piece.data
        position += len(piece.data)
        if position >= end:
            return
        piece = read(position, _stop(position, end), etag)


def _stop(start: int, end: int | None) -> int:
    stop = start + PIECE_SIZE
    return stop if end is None else min(stop, end)
