"""What a user hands to ``send`` and ``export``: opened, and recognised by its content."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from producer.contract import jsontext
from producer.contract.errors import InvalidRecord, MalformedBody, RunfolioError, TooLarge
from runfolio import yamltext

PIECE: Final = 256 * 1024
MAX_DOCUMENT_BYTES: Final = 256 * 1024 * 1024
"""Largest JSON text that is read whole; NDJSON has no such limit."""

_FIRST_LINE_BYTES: Final = 16 * 1024 * 1024
_SPOOLED_BYTES: Final = 8 * 1024 * 1024
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_STREAM_SUFFIXES: Final = frozenset({".ndjson", ".jsonl"})


class Kind(Enum):
    """What an input is."""

    RECORD = "a record as one JSON object"
    LINES = "a record as NDJSON"
    EVENT = "a CloudEvent"
    BATCH = "a batch of CloudEvents"
    PAYLOAD = "an engine's payload"


class Engine(NamedTuple):
    """An engine's name, and which of its installations it is."""

    name: str
    instance: str | None = None


@dataclass(frozen=True)
class Input:
    """A recognised file, which can be read as often as wanted.

    ``name`` is how errors call it, ``start`` where its content begins, ``engine`` whose payload it is.
    """

    file: IO[bytes]
    name: str
    kind: Kind
    start: int
    modified_at: datetime
    engine: Engine | None = None

    def pieces(self) -> Iterator[bytes]:
        """Yield the content in pieces of bounded size; several readers at once do not disturb each other."""
        position = self.start
        self.file.seek(position)
        while piece := self.file.read(PIECE):
            position += len(piece)
            yield piece
            self.file.seek(position)

    def whole(self) -> bytes:
        """Return the content at once. Raises TooLarge."""
        self.file.seek(self.start)
        data = self.file.read(MAX_DOCUMENT_BYTES + 1)
        if len(data) > MAX_DOCUMENT_BYTES:
            raise TooLarge(
                f"{self.name} has more than {MAX_DOCUMENT_BYTES} bytes in one JSON text.",
                field=self.name,
                remedy="Write it as NDJSON: the record without its steps on the first line, then a step a line.",
            )
        is_yaml = self.kind is Kind.PAYLOAD and Path(self.name).suffix.lower() in yamltext.SUFFIXES
        return yamltext.as_json(data, self.name) if is_yaml else data

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.file.seek(0, 2) - self.start


@contextmanager
def open_input(path: str, engine: Engine | None = None) -> Iterator[Input]:
    """Open a file, or standard input for ``-``; where an engine is named, it is that engine's payload.

    Raises RunfolioError where it cannot be read, InvalidRecord where it is nothing that is known here.
    """
    name = "standard input" if path == "-" else path
    with ExitStack() as opened:
        try:
            file = opened.enter_context(_opened(path))
            modified_at = _modified_at(path)
            start = len(_BYTE_ORDER_MARK) if file.read(len(_BYTE_ORDER_MARK)) == _BYTE_ORDER_MARK else 0
            kind = Kind.PAYLOAD if engine else _recognised(file, name, start)
        except OSError as error:
            raise _unreadable(name, error) from None
        yield Input(file, name, kind, start, modified_at, engine)


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    """Open a file that can be read twice: what comes through a pipe is kept aside, on disk where it is large."""
    with ExitStack() as opened:
        source = sys.stdin.buffer if path == "-" else opened.enter_context(Path(path).open("rb"))
        if path != "-" and source.seekable():
            yield source
            return
        spool = opened.enter_context(tempfile.SpooledTemporaryFile(_SPOOLED_BYTES))
        shutil.copyfileobj(source, spool, PIECE)
        spool.seek(0)
        yield spool


def _modified_at(path: str) -> datetime:
    return datetime.now(UTC) if path == "-" else datetime.fromtimestamp(Path(path).stat().st_mtime, UTC)


def _unreadable(name: str, error: OSError) -> RunfolioError:
    return RunfolioError(
        f"{name} cannot be read: {error.strerror}.", field=name, remedy="Name a file that you may read, or '-'."
    )


def _recognised(file: IO[bytes], name: str, start: int) -> Kind:
    """Tell by the first line where that is a JSON object, else by the whole."""
    file.seek(start)
    first = file.readline(_FIRST_LINE_BYTES)
    while first.isspace():
        first = file.readline(_FIRST_LINE_BYTES)
    if not first:
        raise MalformedBody(f"{name} is empty.", field=name, remedy="Hand over an execution record.")
    try:
        members = jsontext.members(first, where=name)
    except MalformedBody:
        return _recognised_whole(Input(file, name, Kind.RECORD, start, datetime.now(UTC)))
    if {"steps", "specversion"}.isdisjoint(members) and _is_stream(file, name):
        return Kind.LINES
    return _of_object(members, name)


def _is_stream(file: IO[bytes], name: str) -> bool:
    """Tell whether lines follow the first; a record without any step shows by its file's name."""
    return Path(name).suffix in _STREAM_SUFFIXES or any(not line.isspace() for line in iter(file.readline, b""))


def _recognised_whole(source: Input) -> Kind:
    value = jsontext.decode(source.whole(), where=source.name)
    if isinstance(value, dict):
        return _of_object(value, source.name)
    if isinstance(value, list) and value and all(isinstance(one, dict) and "specversion" in one for one in value):
        return Kind.BATCH
    raise _unknown(source.name, value)


def _of_object(members: dict[str, Any], name: str) -> Kind:
    if "specversion" in members:
        return Kind.EVENT
    if "steps" in members and "execution" in members:
        return Kind.RECORD
    raise _unknown(name, jsontext.decode(jsontext.encode(members), where=name))


def _unknown(name: str, value: Any) -> InvalidRecord:
    """Describe what is no record, with the engine's name where it looks like an engine's payload."""
    from producer.engines import ENGINES  # noqa: PLC0415 # what is recognised at once need not wait for the adapters

    looks_like = [engine.name for engine in ENGINES.values() if engine.recognises(value)]
    if looks_like:
        return InvalidRecord(
            f"{name} is no execution record; it looks like a payload of {' or '.join(looks_like)}.",
            field=name,
            remedy=f"Add --engine {looks_like[0]}.",
        )
    return InvalidRecord(
        f"{name} is neither an execution record (JSON or NDJSON) nor a CloudEvent.",
        field=name,
        remedy="See 'runfolio schema', or name the engine whose payload it is with --engine.",
    )
