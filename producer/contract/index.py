"""The index of a record: one small line a step, so that names, tables of contents and pages need not read the steps.

It is stored beside the steps, compressed to some tens of bytes a step, and read from the start each time: nobody
holds more than the compressed bytes.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from producer.contract.ready import ready
from producer.contract.record import Status, Step

LONGEST_NAME: Final = 1024
"""Characters of a step's name that the index holds."""


class IndexedStep(Struct, frozen=True):
    """What the index takes from a step's JSON; the rest is passed over without being made."""

    name: str
    status: Status
    iteration: int | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class StepEntry(Struct, frozen=True, array_like=True):
    """What the index knows of a step.

    ``name`` is the step's raw name; a very long one is cut and ends in its digest, so that equal names stay equal.
    ``offset`` and ``length`` give the place of its JSON in the stored steps, in bytes.
    """

    name: str
    status: Status
    iteration: int | None
    started_at: datetime | None
    finished_at: datetime | None
    offset: int
    length: int

    @classmethod
    def of(cls, step: Step | IndexedStep, offset: int, length: int) -> StepEntry:
        """Describe a step whose JSON begins at an offset and is so long."""
        name = index_name(step.name)
        return cls(name, step.status, step.iteration, step.started_at, step.finished_at, offset, length)

    def renamed(self, name: str) -> StepEntry:
        """Return a copy with another name."""
        return msgspec.structs.replace(self, name=name)


def index_name(name: str) -> str:
    """Bound a step's name for the index without making two different names equal."""
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:LONGEST_NAME]}\0{hashlib.sha256(name.encode()).hexdigest()}"


class IndexWriter:
    """Collects entries in compressed form while the steps stream by."""

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()
        self._compressor = zlib.compressobj(level=1)
        self._pieces: list[bytes] = []
        self._offset = 0
        self.count = 0

    def add(self, step: Step, length: int) -> None:
        """Note the next step, whose stored JSON is ``length`` bytes and one line end long."""
        entry = StepEntry.of(step, self._offset, length)
        self._offset += length + 1
        self.count += 1
        piece = self._compressor.compress(self._encoder.encode(entry) + b"\n")
        if piece:
            self._pieces.append(piece)

    def finish(self) -> Iterator[bytes]:
        """End the index and yield it, once: what was yielded is held here no more."""
        self._pieces.append(self._compressor.flush())
        self._pieces.reverse()
        while self._pieces:
            yield self._pieces.pop()


_READ_SIZE: Final = 64 * 1024


def read_index(data: bytes) -> Iterator[StepEntry]:
    """Yield the entries of an index in the order of the steps."""
    decoder = msgspec.json.Decoder(ready(StepEntry))
    decompressor = zlib.decompressobj()
    rest = b""
    for start in range(0, len(data), _READ_SIZE):
        *lines, rest = (rest + decompressor.decompress(data[start : start + _READ_SIZE])).split(b"\n")
        for line in lines:
            yield decoder.decode(line)
