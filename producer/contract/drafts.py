"""A record while it streams in: what is counted, hashed and cut on its way to storage."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

from producer.contract import jsontext
from producer.contract.index import IndexWriter
from producer.contract.record import HeaderDocument, Status, StepDocument


class Draft:
    """One record on its way: its digest, index and counts grow, its bytes pass through."""

    def __init__(self, header: HeaderDocument) -> None:
        self.header = header
        self.index = IndexWriter()
        self.size = 0
        self.by_status: dict[Status, int] = {}
        self._hash = hashlib.sha256(jsontext.canonical(header.raw) + b"\n")

    def encode(self, steps: Iterable[StepDocument]) -> Iterator[bytes]:
        """Yield each step's JSON as it is stored, with its line end."""
        yield from map(self._line, steps)

    def _line(self, document: StepDocument) -> bytes:
        # No name here outlives the call: of a large step nothing but its line stays while that is being sent.
        self._hash.update(jsontext.canonical(document.raw))
        self._hash.update(b"\n")
        line = jsontext.encode_line(document.raw)
        self.index.add(document.step, len(line) - 1)
        self.size += len(line)
        status = document.step.status
        self.by_status[status] = self.by_status.get(status, 0) + 1
        return line

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form of what has passed, in hexadecimal digits."""
        return self._hash.hexdigest()


def take(lines: Iterator[bytes], limit: int) -> tuple[list[bytes], bool]:
    """Take lines until ``limit`` bytes are passed; tell whether that was all of them."""
    head: list[bytes] = []
    size = 0
    for line in lines:
        head.append(line)
        size += len(line)
        if size > limit:
            return head, False
    return head, True


_PIECE: Final = 256 * 1024


def join(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Join small lines into pieces that are worth handing to the network."""
    piece = bytearray()
    for line in lines:
        if len(piece) + len(line) >= _PIECE and piece:
            yield bytes(piece)
            piece.clear()
        if len(line) >= _PIECE:
            yield line
        else:
            piece += line
    if piece:
        yield bytes(piece)
