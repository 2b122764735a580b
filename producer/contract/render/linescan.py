"""The outline of Markdown, read line by line where that is safe: nearly every text needs no parser to be embedded.

A line at the margin is what it looks like where no raw HTML, no fence but plain ones at the margin, and no underlined
heading stands in the text (CommonMark 4.2, 4.5 and 5.1). Whatever is in doubt is left to the parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_FENCE: Final = "```"
_MARGIN_FENCE: Final = f"\n{_FENCE}"
_RAW_HTML: Final = re.compile(r"<[A-Za-z!?/]")
# Headings that a parser finds in the first four columns, also behind marks of lists and quotes; underlines and rules.
_LINE: Final = re.compile(
    r"\n(?:(?P<before>[ \t>*+.)0-9-]{0,3})(?P<marks>#{1,6})(?![^ \t\n])|(?P<line>[ \t>]*+[=-]++[ \t]*+)(?!.))"
)
_RULE: Final = re.compile(r"-{3,}[ \t]*")


def embedded(text: str, level: int) -> str | None:
    """Return the text with a last fence closed and its headings below ``level``, or None where a parser must look.

    The text must be safe by ``block_text``, and neither begin nor end with a line end.
    """
    pieces = _at_fences(text)
    if pieces is None:
        return None
    numbers = _headings(pieces[::2])
    if numbers is None:
        return None
    end = "" if len(pieces) % 2 else _MARGIN_FENCE
    shift = level + 1 - min(numbers, default=7)
    return (text if shift <= 0 else _shifted(pieces, shift)) + end


def _at_fences(text: str) -> list[str] | None:
    """Cut a text where its fences are: prose and code take turns. None where one is no plain fence at the margin."""
    if ("~" in text and "~~~" in text) or ("<" in text and _RAW_HTML.search(text)) or text.startswith("\ufeff"):
        return None
    pieces: list[str] = []
    framed, start = f"\n{text}\n", 0
    at = framed.find(_FENCE) if "`" in text else -1
    while at >= 0:
        if framed[at - 1] != "\n":
            return None
        pieces.append(framed[start : at - 1])
        start = at + len(_FENCE)
        at = framed.find(_FENCE, start)
    pieces.append(framed[start:])
    for number, piece in enumerate(pieces[1:], 1):
        rest = piece.partition("\n")[0]
        # Behind an opening fence may stand anything but its own mark, behind a closing one nothing.
        if "`" in rest if number % 2 else rest.strip(" \t"):
            return None
    return pieces


def _headings(pieces: Iterable[str]) -> list[int] | None:
    """List the levels of the headings, or return None where a line may be something else than it seems."""
    numbers: list[int] = []
    for piece in pieces:
        for found in _LINE.finditer(piece):
            marks = found["marks"]
            if marks is None:
                if not _is_rule(piece, found):
                    return None
            elif found["before"].strip(" "):
                return None
            else:
                numbers.append(len(marks))
    return numbers


def _is_rule(piece: str, found: re.Match[str]) -> bool:
    """Tell whether a line is a thematic break, which it is where no paragraph stands right above it."""
    start = found.start()
    return (start == 0 or piece[start - 1] == "\n") and _RULE.fullmatch(found["line"]) is not None


def _shifted(pieces: list[str], shift: int) -> str:
    def lowered(found: re.Match[str]) -> str:
        marks = found["marks"]
        return f"\n{found['before']}{'#' * min(6, len(marks) + shift)}" if marks else found[0]

    pieces[::2] = [_LINE.sub(lowered, piece) for piece in pieces[::2]]
    return _MARGIN_FENCE.join(pieces)[1:-1]
