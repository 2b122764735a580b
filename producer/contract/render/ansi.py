"""ANSI escape sequences (ECMA-48) in logs: colours become classes, everything else about a terminal is dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Final

from producer.contract.escapes import SEQUENCE
from producer.contract.render.text import block_text, slices

_FLAGS: Final = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "struck", 21: "underline"}
_FLAG_ENDS: Final = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("inverse",), 29: ("struck",)}
_PALETTE: Final = (
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
    (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0),
    (92, 92, 255), (255, 0, 255), (0, 255, 255), (255, 255, 255),
)  # fmt: skip
_CUBE: Final = (0, 95, 135, 175, 215, 255)


def html_spans(text: str) -> Iterator[str]:
    """Yield HTML in which runs of one look are a span with classes such as ``bold fg-1 bg-12``; text is escaped.

    Colours of the 256-colour palette and true colours become the nearest of the sixteen, so that the style sheet can
    keep each of them readable on a light and on a dark page.
    """
    look = _Look()
    position = 0
    for match in SEQUENCE.finditer(text):
        yield from _run(text[position : match.start()], look)
        position = match.end()
        if match["final"] == "m":
            look.apply(match["parameters"])
    yield from _run(text[position:], look)


def _run(text: str, look: _Look) -> Iterator[str]:
    if not text:
        return
    classes = look.classes()
    if classes:
        yield f'<span class="{classes}">'
    for piece in slices(block_text(text)):
        yield escape(piece, quote=False)
    if classes:
        yield "</span>"


class _Look:
    """How text looks at one place of a log."""

    def __init__(self) -> None:
        self._flags: dict[str, None] = {}
        self._colours: dict[str, int] = {}

    def classes(self) -> str:
        colours = self._colours
        flags = sorted(self._flags)
        if "inverse" in self._flags and colours:
            # Reversed colours are colours in the other place; only the reversed default needs a class of its own.
            colours = {"bg" if ground == "fg" else "fg": number for ground, number in colours.items()}
            flags = [flag for flag in flags if flag != "inverse" or "bg" not in colours]
        return " ".join([*flags, *(f"{ground}-{number}" for ground, number in sorted(colours.items()))])

    def apply(self, parameters: str) -> None:
        """Follow one Select Graphic Rendition; what it does not know changes nothing."""
        codes = iter(_numbers(parameters))
        for code in codes:
            if code in {38, 48, 58}:
                self._extended(code, codes)
            else:
                self._simple(code)

    def _simple(self, code: int) -> None:
        if code == 0:
            self._flags.clear()
            self._colours.clear()
        elif code in _FLAGS:
            self._flags[_FLAGS[code]] = None
        elif code in _FLAG_ENDS:
            for flag in _FLAG_ENDS[code]:
                self._flags.pop(flag, None)
        elif code in {39, 49}:
            self._colours.pop("fg" if code == 39 else "bg", None)
        else:
            self._basic_colour(code)

    def _basic_colour(self, code: int) -> None:
        for first, ground, offset in ((30, "fg", 0), (40, "bg", 0), (90, "fg", 8), (100, "bg", 8)):
            if first <= code < first + 8:
                self._colours[ground] = code - first + offset

    def _extended(self, code: int, rest: Iterator[int]) -> None:
        kind = next(rest, None)
        values = [next(rest, -1) for _ in range({5: 1, 2: 3}.get(kind or 0, 0))]
        # 58 is the colour of underlines: its values must be taken off the sequence, but it shows nowhere here.
        if code == 58 or not values or not all(0 <= value <= 255 for value in values):
            return
        self._colours["fg" if code == 38 else "bg"] = _nearest(values)


def _numbers(parameters: str) -> list[int]:
    # The colon form of true colours has an empty colour space before the three values (ITU-T T.416).
    parts = re.split("[;:]", parameters.replace(":2::", ":2:"))
    return [int(part) if part.isdecimal() and len(part) <= 3 else 0 if not part else -1 for part in parts]


def _nearest(values: list[int]) -> int:
    if len(values) == 1:
        number = values[0]
        if number < 16:
            return number
        values = _cube(number)
    distances = [sum((a - b) ** 2 for a, b in zip(values, colour, strict=True)) for colour in _PALETTE]
    return distances.index(min(distances))


def _cube(number: int) -> list[int]:
    if number >= 232:
        return [8 + 10 * (number - 232)] * 3
    number -= 16
    return [_CUBE[number // 36], _CUBE[number // 6 % 6], _CUBE[number % 6]]
