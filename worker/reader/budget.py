"""How much of the steps' content fits the reader. A step beyond it is listed, and linked to its file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from html import unescape
from typing import Final, NamedTuple

from worker.reader.inert import inert_json, inert_string

LISTED: Final = 100_000
"""Steps that the reader lists."""

STEP_LIMIT: Final = 4 * 1024 * 1024
"""Bytes that one step's content may take in the page."""

CONTENT_LIMIT: Final = 48 * 1024 * 1024
"""Bytes that the content of all steps may take together."""

EXCERPT: Final = 4_000
"""Characters that can be searched of a step whose content is not in the page."""

EXCERPTS_LIMIT: Final = 16 * 1024 * 1024
"""Bytes that all excerpts may take together."""

_MARKUP_SHARE: Final = 4
_FACTS: Final = re.compile(r'<table class="facts">.*?</table>', re.DOTALL)
_HEADING: Final = re.compile(r'(<section class="section [\w-]+">\n)<h\d>[^<]*</h\d>')
_TAG: Final = re.compile(r"<[^>]*(?:>|\Z)")


class Held(StrEnum):
    """How much of a step the page holds."""

    WHOLE = "whole"
    EXCERPT = "excerpt"
    NAME = "name"


class Content(NamedTuple):
    """What the page holds of a step: a JSON string in pieces, of HTML where it is whole, of plain text otherwise."""

    held: Held
    json: list[str]


class Budget:
    """Takes the steps' HTML in the order of the archive, as long as there is room. A smaller step may fit later."""

    def __init__(self, content: int = CONTENT_LIMIT, excerpts: int = EXCERPTS_LIMIT, step: int = STEP_LIMIT) -> None:
        self._content = content
        self._excerpts = excerpts
        self._step = step

    def take(self, fragment: Iterable[str]) -> Content:
        """Decide what becomes of a step; of a fragment that does not fit no more is drawn than an excerpt needs."""
        room = min(self._step, self._content)
        drawn = _Drawn(fragment)
        encoded: list[str] = []
        size = 0
        for piece in inert_string(drawn):
            size += len(piece.encode())
            if size > room:
                return self._shortened(drawn)
            encoded.append(piece)
        self._content -= size
        return Content(Held.WHOLE, encoded)

    def _shortened(self, drawn: _Drawn) -> Content:
        encoded = inert_json(_plain(drawn.beginning()))
        size = len(encoded.encode())
        if size > self._excerpts:
            return Content(Held.NAME, [])
        self._excerpts -= size
        return Content(Held.EXCERPT, [encoded])


class _Drawn:
    """Draws a fragment and remembers how it began."""

    def __init__(self, fragment: Iterable[str]) -> None:
        self._fragment = iter(fragment)
        self._beginning: list[str] = []
        self._missing = EXCERPT * _MARKUP_SHARE

    def __iter__(self) -> Iterator[str]:
        for piece in self._fragment:
            if self._missing > 0:
                self._beginning.append(piece[: self._missing])
                self._missing -= len(self._beginning[-1])
            yield piece

    def beginning(self) -> str:
        """Return the beginning, drawing what is still missing of it."""
        pieces = iter(self)
        while self._missing > 0 and next(pieces, None) is not None:
            pass
        return "".join(self._beginning)


def _plain(html: str) -> str:
    """Return the first words of the renderer's own HTML, in which every ``<`` begins a tag.

    What every step has alike, the table of facts and the headings of sections, would be found with everything.
    """
    own = _HEADING.sub(r"\1", _FACTS.sub(" ", html, count=1))
    return " ".join(unescape(_TAG.sub(" ", own)).split())[:EXCERPT]
