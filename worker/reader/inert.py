"""Data inside a page: JSON that no parser of HTML can take for anything but text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

_ESCAPES: Final = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def inert_json(value: Any) -> str:
    """Write a value as JSON for a ``script`` element of type ``application/json``.

    No ``<`` is left, so that neither ``</script`` nor ``<!--`` can end or change the element (HTML section 13.2.5.15
    and following); ``>``, ``&`` and the line separators of Unicode go with it.
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def inert_string(pieces: Iterable[str]) -> Iterator[str]:
    """Write one JSON string from its pieces."""
    yield '"'
    for piece in pieces:
        yield inert_json(piece)[1:-1]
    yield '"'


def data_block(attributes: str, content: Iterable[str]) -> Iterator[str]:
    """Put JSON into a data block, which a browser keeps and never runs. ``attributes`` are this program's own words."""
    yield f'<script type="application/json" {attributes}>'
    yield from content
    yield "</script>\n"
