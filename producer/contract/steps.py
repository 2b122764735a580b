"""Reads the steps of a record: of a large one neighbours with one request, and no more in memory than is needed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from producer.contract.errors import DamagedRecord, ObjectNotFound
from producer.contract.index import IndexedStep, StepEntry
from producer.contract.objects import ObjectStore
from producer.contract.ready import ready

log = logging.getLogger(__name__)

_MERGE_GAP: Final = 1024 * 1024
_LARGE_STEP: Final = 1024 * 1024
_GROUP: Final = 1000


def read_steps(
    objects: ObjectStore, key: str, selection: Iterable[tuple[int, StepEntry]]
) -> Iterator[tuple[int, bytes]]:
    """Yield position and JSON of each step of a selection, in rising order, from the object that holds them all.

    Raises DamagedRecord where a step is not there.
    """
    for group in _neighbours(selection):
        try:
            chunks = objects.stream(key, group[0][1].offset, group[-1][1].offset + group[-1][1].length)
        except ObjectNotFound:
            raise damaged(key) from None
        window = _Window(chunks, group[0][1].offset)
        for position, entry in group:
            yield position, window.take(entry, key)


def entries_of(steps: Iterable[bytes]) -> Iterator[StepEntry]:
    """Yield entries for the stored JSON of steps. Raises DamagedRecord where one is none."""
    decoder = msgspec.json.Decoder(ready(IndexedStep))
    offset = 0
    for text in steps:
        try:
            step = decoder.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise damaged(str(error)) from None
        yield StepEntry.of(step, offset, len(text))
        offset += len(text) + 1


def damaged(what: str) -> DamagedRecord:
    """Describe a stored record that is not whole; what is missing is for the operator's log."""
    # Whoever follows a link need not know how things are stored.
    log.error("stored record is damaged", extra={"what": what})
    return DamagedRecord(
        "The stored execution is damaged: a part of it is missing or cannot be read.",
        remedy="Restore it from a backup of the storage, or let the engine send the execution again.",
    )


class _Window:
    """The bytes of an object that were read and are still needed."""

    def __init__(self, chunks: Iterator[bytes], start: int) -> None:
        self._chunks = chunks
        self._buffer = bytearray()
        self._start = start

    def take(self, entry: StepEntry, key: str) -> bytes:
        """Return the bytes of a step behind the one taken before. Raises DamagedRecord where they are not there."""
        end = entry.offset + entry.length
        while self._start + len(self._buffer) < end:
            # Compacting only here, once a chunk, keeps reading linear when a chunk holds many steps. The gap before
            # a step can reach beyond what was read so far.
            self._pass(entry.offset)
            piece = next(self._chunks, None)
            if piece is None:
                raise damaged(key)
            self._buffer += piece
        start = entry.offset - self._start
        taken = bytes(memoryview(self._buffer)[start : start + entry.length])
        if entry.length > _LARGE_STEP:
            # Whoever works on a large step should hold it alone.
            self._pass(end)
        return taken

    def _pass(self, until: int) -> None:
        passed = min(until - self._start, len(self._buffer))
        del self._buffer[:passed]
        self._start += passed


def _neighbours(selection: Iterable[tuple[int, StepEntry]]) -> Iterator[list[tuple[int, StepEntry]]]:
    """Gather steps that lie close together, so that one request reads them; groups are bounded in number."""
    group: list[tuple[int, StepEntry]] = []
    for position, entry in selection:
        if group and (len(group) == _GROUP or entry.offset - group[-1][1].offset - group[-1][1].length > _MERGE_GAP):
            yield group
            group = []
        group.append((position, entry))
    if group:
        yield group
