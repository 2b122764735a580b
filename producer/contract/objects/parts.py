"""Cutting what comes without end into what S3 takes at once, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, Self

from producer.contract.errors import TooLarge

PART_SIZE: Final = 5 << 20
"""Bytes of a part: the least that S3 takes, for some ten of them are in memory at once. All are of one size, because
some stores take no other."""

PARTS_AT_ONCE: Final = 4
"""Parts of one upload that are under way at the same time."""

MAX_PARTS: Final = 10_000
"""Parts that S3 allows in an upload, hence 48 GiB at most."""

DELETES_AT_ONCE: Final = 1000
"""Keys that S3 takes in one request to delete."""

PIECE_SIZE: Final = 4 << 20
"""Bytes that a stream asks for in one request and holds in memory."""


class Source:
    """The chunks of an upload, counted. ``size`` is the number of bytes so far."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.size = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        """Return the next chunk. Raises TooLarge above what an upload can hold, and whatever the chunks raise."""
        chunk = next(self._chunks)
        self.size += len(chunk)
        _refuse_above_limit(self.size)
        return chunk


def _refuse_above_limit(size: int) -> None:
    if size > PART_SIZE * MAX_PARTS:
        raise TooLarge(
            f"An object holds {PART_SIZE * MAX_PARTS} bytes at most, in {MAX_PARTS} parts of {PART_SIZE} bytes.",
            remedy="Export fewer steps at once, for instance only the failed ones.",
        )


def cut(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Join and cut chunks of any size to parts of PART_SIZE bytes; only the last is shorter, none is empty."""
    buffer = bytearray()
    for chunk in chunks:
        # A chunk may be as large as a step: it is cut where it lies, not copied whole.
        start = 0
        with memoryview(chunk) as view:
            while (end := start + PART_SIZE - len(buffer)) <= len(view):
                buffer += view[start:end]
                yield bytes(buffer)
                buffer.clear()
                start = end
            buffer += view[start:]
    if buffer:
        yield bytes(buffer)


def batches(keys: Iterable[str], size: int) -> Iterator[list[str]]:
    """Group keys into lists of at most ``size``; none is empty."""
    remaining = iter(keys)
    while batch := list(islice(remaining, size)):
        yield batch
