"""Escape sequences of terminals (ECMA-48): what they look like, and the text that is left without them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

SEQUENCE: Final = re.compile(
    r"\x1b\[(?P<parameters>[0-?]*)[ -/]*(?P<final>[@-~])"  # CSI; only those that end in m are colours
    r"|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)"  # OSC: titles and hyperlinks, whose text stands outside of them
    r"|\x1b[PX^_][^\x1b\n]*\x1b\\"  # DCS, SOS, PM and APC strings
    r"|\x1b[ -/]+[0-~]|\x1b[0-OQ-WYZ\\`-~]"  # choices of character sets and single functions
)
"""One sequence."""


def strip(text: str) -> str:
    """Remove escape sequences. What only looks like the start of one stays."""
    return SEQUENCE.sub("", text) if "\x1b" in text else text


class Plain:
    """A text without its escape sequences, and the way from its places back to those of the original."""

    def __init__(self, original: str) -> None:
        pieces: list[str] = []
        self._plain_starts = [0]
        self._starts = [0]
        position = length = 0
        for match in SEQUENCE.finditer(original):
            pieces.append(original[position : match.start()])
            length += match.start() - position
            position = match.end()
            self._plain_starts.append(length)
            self._starts.append(position)
        pieces.append(original[position:])
        self._original = original
        self.text = "".join(pieces)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the original of ``start`` to ``end``, which is not empty, from character to character."""
        return self._place(start), self._place(end - 1) + 1

    def _place(self, position: int) -> int:
        piece = bisect_right(self._plain_starts, position) - 1
        return self._starts[piece] + position - self._plain_starts[piece]

    def sequences(self, start: int, end: int) -> Iterator[str]:
        """Yield the escape sequences that lie between two places of the original."""
        for match in SEQUENCE.finditer(self._original, start, end):
            yield match[0]
