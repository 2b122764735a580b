"""The manifest of a finished export, read out of its archive without fetching the archive or its directory.

The manifest is an archive's last member, so its entry is the last of the directory, which stands at the archive's end
(APPNOTE.TXT 6.3.10, section 4.3). Whatever the number of files, three short ranges are read, and then the manifest.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from producer.contract.errors import Conflict, NotFound
from producer.contract.export import Extra, Facts, Pending, State
from producer.contract.names import MANIFEST
from producer.contract.objects import ObjectStore
from producer.exports import Exports

_PIECE: Final = 64 * 1024
_TAIL: Final = 4096
"""Bytes in which the last entry of a directory and what ends a zip have room, by far."""

_ENTRY: Final = b"PK\x01\x02"
_LENGTHS: Final = struct.Struct("<HHH")
_ENTRY_FIXED, _ENTRY_LENGTHS_AT = 46, 28
_LOCAL_FIXED, _LOCAL_LENGTHS_AT = 30, 26
_END: Final = struct.Struct("<4sHHHHIIH")
_LOCATOR, _LOCATOR_SIZE, _END_64_SIZE = b"PK\x06\x07", 20, 56


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
        raise _none()
    # Opened here, not when the first piece is asked for: by then a 200 would be on its way already.
    return _opened(objects, facts, facts.archive.size)


def _opened(objects: ObjectStore, facts: Facts, size: int) -> Iterator[bytes]:
    key = facts.pending.archive_key
    tail = b"".join(objects.stream(key, max(0, size - _TAIL), size))
    member = last_member(tail)
    if member is None or member.filename != MANIFEST:
        raise _none()
    at = member.header_offset
    head = b"".join(objects.stream(key, at, at + _LOCAL_FIXED))
    name, extra = struct.unpack_from("<HH", head, _LOCAL_LENGTHS_AT)
    start = at + _LOCAL_FIXED + name + extra
    return _inflated(objects.stream(key, start, start + member.compress_size))


def last_member(tail: bytes) -> zipfile.ZipInfo | None:
    """Read the last entry of a zip's directory out of the zip's last bytes; None where it is not among them."""
    end = len(tail) - _END.size
    if tail[end - _LOCATOR_SIZE : end].startswith(_LOCATOR):
        end -= _LOCATOR_SIZE + _END_64_SIZE
    start = tail.rfind(_ENTRY, 0, max(end, 0))
    while start >= 0 and start + _ENTRY_FIXED <= end:
        if start + _ENTRY_FIXED + sum(_LENGTHS.unpack_from(tail, start + _ENTRY_LENGTHS_AT)) == end:
            return _read_entry(tail[start:end])
        start = tail.rfind(_ENTRY, 0, start)
    return None


def _read_entry(entry: bytes) -> zipfile.ZipInfo:
    """Let the library read one entry, as the whole directory of a zip that holds nothing else."""
    ended = entry + _END.pack(b"PK\x05\x06", 0, 0, 1, 1, len(entry), 0, 0)
    with zipfile.ZipFile(io.BytesIO(ended)) as archive:
        return archive.infolist()[0]


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    for piece in pieces:
        rest = piece
        while rest:
            yield inflate.decompress(rest, _PIECE)
            rest = inflate.unconsumed_tail
    yield inflate.flush()


def _none() -> NotFound:
    return NotFound("The archive holds no manifest.", remedy='Export the execution with "include": ["manifest"].')
