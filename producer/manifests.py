"""The manifest of a finished export, read out of its archive without fetching the archive."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import IO, Final

from producer.contract.errors import Conflict, NotFound
from producer.contract.export import Extra, Pending, State
from producer.contract.names import MANIFEST
from producer.contract.objects import ObjectStore
from producer.exports import Exports

_PIECE: Final = 64 * 1024
_BUFFER: Final = 256 * 1024


class ObjectFile(io.RawIOBase):
    """A stored object as a seekable file: each read is a range request."""

    def __init__(self, objects: ObjectStore, key: str, size: int) -> None:
        self._objects = objects
        self._key = key
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """Files of this kind are there to be read."""
        return True

    def seekable(self) -> bool:
        """Let a zip be read from its end, where its directory stands."""
        return True

    def tell(self) -> int:
        """Tell the position in bytes."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position, counted from the start, from here or from the end."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # io passes a memoryview
        """Read at the position."""
        end = min(self._at + len(buffer), self._size)
        if end <= self._at:
            return 0
        data = b"".join(self._objects.stream(self._key, self._at, end))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def manifest_of(objects: ObjectStore, exports: Exports, export_id: str) -> Iterator[bytes]:
    """Open an export's manifest and return its text, in pieces.

    Raises NotFound where the export holds none, Conflict where there is no archive (yet or any more).
    """
    current = exports.outbox.current(export_id)
    if current is None or isinstance(current, Pending):
        raise Conflict("The export is not ready.", remedy=f"Wait with GET /v1/exports/{export_id}?wait=60.")
    facts = current.facts
    if facts.status is not State.READY or facts.archive is None:
        raise Conflict(f"The export is {facts.status} and has no archive.", remedy="Export the execution again.")
    if Extra.MANIFEST not in facts.pending.options.include:
        raise NotFound("The archive holds no manifest.", remedy='Export the execution with "include": ["manifest"].')
    file = ObjectFile(objects, facts.pending.archive_key, facts.archive.size)
    # Opened here, not when the first piece is asked for: by then a 200 would be on its way already.
    archive = zipfile.ZipFile(io.BufferedReader(file, _BUFFER))
    return _pieces(archive, archive.open(MANIFEST))


def _pieces(archive: zipfile.ZipFile, member: IO[bytes]) -> Iterator[bytes]:
    with archive, member:
        while piece := member.read(_PIECE):
            yield piece
