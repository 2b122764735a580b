"""Request bodies as they arrive: decompressed, bounded, cut into lines; never held whole unless asked for."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from isal import igzip, isal_zlib

from producer.contract.errors import MalformedBody, TooLarge, UnsupportedMediaType

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_PIECE: Final = 64 * 1024
MAX_RATIO: Final = 200
"""How many times its compressed size a body may have. What engines send is rarely above 50; gzip reaches
1,032, zstd far more, and neither costs much to make."""

RATIO_FROM: Final = 64 * 1024 * 1024
"""Bytes of a decompressed body up to which its ratio does not matter."""

MAX_BLANK_LINES: Final = 1_000_000
"""Lines of a stream that hold nothing, and would be passed over without an end."""

_ZSTD_WINDOW_LOG: Final = 23
"""RFC 9659 section 3: a decoder of the content coding need not support windows above 8 MiB."""


class _Source(io.RawIOBase):
    """Lets file-like decompressors read from an iterator of pieces."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")
        self.size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # the base class says any buffer; io passes a memoryview
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self.size += len(piece)
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


class _Readable(Protocol):
    """What a decompressor is used for."""

    def read(self, size: int, /) -> bytes: ...


def _open_gzip(source: io.BufferedReader) -> _Readable:
    opened: _Readable = igzip.IGzipFile(fileobj=source, mode="rb")  # type: ignore[no-untyped-call] # the package has no types
    return opened


def _open_zstd(source: io.BufferedReader) -> _Readable:
    options = {int(zstd.DecompressionParameter.window_log_max): _ZSTD_WINDOW_LOG}
    return zstd.ZstdFile(source, "rb", options=options)


_CODINGS: Final[dict[str, Callable[[io.BufferedReader], _Readable]]] = {
    "gzip": _open_gzip,
    "x-gzip": _open_gzip,
    "zstd": _open_zstd,
}


def decompressed(pieces: Iterable[bytes], content_encoding: str | None) -> Iterator[bytes]:
    """Undo the content coding (RFC 9110 section 8.4), piece by piece.

    Raises UnsupportedMediaType for an unknown coding, MalformedBody for a torn or broken stream, TooLarge for one that
    was compressed beyond MAX_RATIO.
    """
    coding = (content_encoding or "identity").strip().lower()
    if coding == "identity":
        yield from pieces
        return
    if coding not in _CODINGS:
        raise UnsupportedMediaType(
            f"Content-Encoding '{coding}' is not supported.",
            field="Content-Encoding",
            remedy="Use gzip, zstd or none.",
        )
    source = _Source(pieces)
    size = 0
    try:
        opened = _CODINGS[coding](io.BufferedReader(source, _PIECE))
        while piece := opened.read(_PIECE):
            size += len(piece)
            _check_ratio(size, source.size)
            yield piece
    except (isal_zlib.error, zstd.ZstdError, EOFError, igzip.BadGzipFile) as error:  # type: ignore[misc] # its stub takes the class for an instance
        raise MalformedBody(
            f"The body is not a whole {coding} stream: {error}.",
            field="body",
            remedy=f"Send one complete {coding} stream, or none and drop Content-Encoding.",
        ) from None


def _check_ratio(size: int, compressed: int) -> None:
    if size > RATIO_FROM and size > MAX_RATIO * compressed:
        raise TooLarge(
            f"The body grows to more than {MAX_RATIO} times its compressed size.",
            field="body",
            remedy="Send it without Content-Encoding.",
        )


def bounded(pieces: Iterable[bytes], limit: int, setting: str) -> Iterator[bytes]:
    """Pass pieces through up to ``limit`` bytes in all. Raises TooLarge naming the setting."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise TooLarge(
                f"The body has more than {limit} bytes.",
                field="body",
                remedy=f"Send it as application/x-ndjson, a step a line, or raise RUNFOLIO_{setting}.",
            )
        yield piece


def lines(pieces: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Cut a stream into its lines, without line ends; blank lines are passed over.

    Raises TooLarge for a line above ``limit`` bytes, naming the step (the first line is the header, then come steps),
    and for more than MAX_BLANK_LINES.
    """
    rest = bytearray()
    number = blank = 0
    for piece in pieces:
        first, *others = piece.split(b"\n")
        rest += first
        _check_line(rest, number, limit)
        for following in others:
            if rest and not rest.isspace():
                yield _taken(rest)
                number += 1
            else:
                blank += 1
                rest.clear()
            rest += following
            _check_line(rest, number, limit)
        if blank > MAX_BLANK_LINES:
            raise _too_many_blank_lines()
    if rest and not rest.isspace():
        yield _taken(rest)


def _too_many_blank_lines() -> TooLarge:
    return TooLarge(
        f"The body has more than {MAX_BLANK_LINES} blank lines.", field="body", remedy="Send a step a line."
    )


def _taken(line: bytearray) -> bytes:
    """Return a line and forget it here: it may be large, and whoever works on it should hold it alone."""
    text = bytes(line)
    line.clear()
    return text


def _check_line(line: bytearray, number: int, limit: int) -> None:
    if len(line) > limit:
        raise step_too_large(f"steps[{number - 1}]" if number else "the first line", limit)


def step_too_large(what: str, limit: int) -> TooLarge:
    """Describe a step, or the first line, that is above MAX_STEP_BYTES."""
    return TooLarge(
        f"{what} has more than {limit} bytes.",
        field=what,
        remedy="Split the step, keep its large data elsewhere and link it, or raise RUNFOLIO_MAX_STEP_BYTES.",
    )
