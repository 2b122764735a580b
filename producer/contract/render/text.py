"""Characters that would break or disguise a document, made visible; and pieces of text gathered into chunks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

CHUNK: Final = 64 * 1024
"""Characters in a piece of output, about."""

_LINE_ENDS: Final = re.compile(r"\r\n?")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ASCII_CONTROLS: Final = bytes(code for code in range(0x80) if _CONTROLS.match(chr(code)))
_LINE_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def block_text(text: str) -> str:
    """Make a text of several lines safe to show: line feeds end lines, control characters are visible.

    C0 controls become their pictures (U+2400 onwards), C1 controls U+FFFD; tabs and line feeds stay.
    """
    # Nearly every text is ASCII without anything to replace, which bytes tell a tenth as slowly as the expression.
    if text.isascii() and len(text.encode().translate(None, _ASCII_CONTROLS)) == len(text):
        return text
    if "\r" in text:
        text = _LINE_ENDS.sub("\n", text)
    return _CONTROLS.sub(_picture, text)


def one_line(text: str) -> str:
    """Make a name or a value fit a title or a table cell, without hiding what is in it.

    Control characters, line ends included, become pictures. Characters that only steer direction or break lines
    (bidirectional overrides and isolates) are spelt out, as ``⟨U+202E⟩``, so that no name can pose as another.
    """
    # What can be printed holds none of these, and is told in a fraction of the time.
    return text if text.isprintable() else _LINE_CONTROLS.sub(_picture, text)


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return "\ufffd" if code < 0xA0 else f"\u27e8U+{code:04X}\u27e9"


def shortened(text: str, limit: int = 200) -> str:
    """Cut a text for a list of links; the cut is visible."""
    return text if len(text) <= limit else text[:limit] + "…"


def slices(text: str) -> Iterator[str]:
    """Yield a text in chunks."""
    for start in range(0, len(text), CHUNK):
        yield text[start : start + CHUNK]


def gathered(pieces: Iterable[str]) -> Iterator[str]:
    """Join small pieces into chunks, so that a consumer is not called for each of them."""
    waiting: list[str] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield "".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield "".join(waiting)
