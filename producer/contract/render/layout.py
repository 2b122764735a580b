"""JSON laid out for people, from its text: numbers and repeated keys stay as they were written."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from producer.contract import jsontext
from producer.contract.errors import MalformedBody

_STRUCTURE: Final = re.compile(r"[\[\]{},]")
_DEEPEST: Final = 1000
_ROOM: Final = 64 * 1024
_GROWTH: Final = 8


def value_json(value: Any) -> str | None:
    """Write a parsed value as compact JSON, or return None where it is nested deeper than the stack has room for."""
    try:
        return jsontext.encode(value).decode()
    except RecursionError:
        return None


def is_json(text: str) -> bool:
    """Tell whether a text is JSON, numbers beyond any machine's range included."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return _repaired(text) is not None
    return True


def indented_json(text: str) -> str | None:
    """Indent a JSON text by two spaces, or return None where the indentation would outgrow the text.

    A few kilobytes of brackets within brackets can ask for megabytes of spaces.
    """
    if _outgrows(text):
        return None
    try:
        return msgspec.json.format(text, indent=2)
    except (msgspec.DecodeError, RecursionError):
        return _repaired(text)


def _repaired(text: str) -> str | None:
    # Half of a cut emoji, written as a lone surrogate escape, is what msgspec refuses and jsontext mends.
    try:
        return jsontext.pretty(jsontext.decode(text))
    except (MalformedBody, RecursionError):
        return None


def _outgrows(text: str) -> bool:
    allowed = _GROWTH * len(text) + _ROOM
    deepest = min(_DEEPEST, text.count("[") + text.count("{"))
    if 2 * deepest * len(text) <= allowed:
        return False
    depth = spaces = 0
    for match in _STRUCTURE.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        spaces += 2 * depth
        if spaces > allowed:
            return True
    return False
