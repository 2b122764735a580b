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
_ZSTD_WINDOW_LOG: Final = 23
"""RFC 9659 section 3: a decoder of the content coding need not support windows above 8 MiB."""


class _Source(io.RawIOBase):
    """Lets file-like decompressors read from an iterator of pieces."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # the base class says any buffer; io passes a memoryview
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
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

    Raises UnsupportedMediaType for an unknown coding, MalformedBody for a torn or broken stream.
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
    try:
        opened = _CODINGS[coding](io.BufferedReader(_Source(pieces), _PIECE))
        while piece := opened.read(_PIECE):
            yield piece
    except (isal_zlib.error, zstd.ZstdError, EOFError, igzip.BadGzipFile) as error:  # type: ignore[misc] # its stub takes the class for an instance
        raise MalformedBody(
            f"The body is not a whole {coding} stream: {error}.",
            field="body",
            remedy=f"Send one complete {coding} stream, or none and drop Content-Encoding.",
        ) from None


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

    Raises TooLarge for a line above ``limit`` bytes, naming the step: the first line is the header, then come steps.
    """
    rest = bytearray()
    number = 0
    for piece in pieces:
        start = 0
        while (end := piece.find(b"\n", start)) >= 0:
            rest += piece[start:end]
            start = end + 1
            _check_line(rest, number, limit)
            if not rest.isspace() and rest:
                yield bytes(rest)
                number += 1
            rest.clear()
        rest += piece[start:]
        _check_line(rest, number, limit)
    if rest and not rest.isspace():
        yield bytes(rest)


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
