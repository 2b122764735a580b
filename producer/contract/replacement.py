"""Replacing texts inside parsed JSON, at any depth and without changing its shape."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from io import StringIO
from typing import Any, Final

_RUN: Final = re.compile(rb"\x01+")


def strings(value: Any) -> Iterator[str]:
    """Yield every string and every object key of a parsed JSON value, in no particular order."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            yield from item
            waiting.extend(item.values())


class Replacement:
    """Puts ``mask`` in the place of each run of characters that needles cover; object keys in ``kept_keys`` stay."""

    def __init__(self, needles: Sequence[str], mask: str, kept_keys: Container[str]) -> None:
        self._needles = needles
        self._mask = mask
        self._kept_keys = kept_keys

    def value(self, value: Any) -> Any:
        """Return a parsed JSON value with replacements; whatever needs none is the same object as before.

        Raises RecursionError for nesting near Python's limit.
        """
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return self._array(value)
        if isinstance(value, dict):
            return self._object(value)
        return value

    def _array(self, value: list[Any]) -> list[Any]:
        replaced = list(map(self.value, value))
        changed = any(new is not old for new, old in zip(replaced, value, strict=True))
        return replaced if changed else value

    def _object(self, value: dict[str, Any]) -> dict[str, Any]:
        replaced: dict[str, Any] = {}
        changed = False
        for key, item in value.items():
            name = key if key in self._kept_keys else self._text(key)
            content = self.value(item)
            changed = changed or name is not key or content is not item
            replaced[_unused(name, replaced)] = content
        return replaced if changed else value

    def _text(self, text: str) -> str:
        found = [needle for needle in self._needles if needle in text]
        return self._without(text, _covered(text, found)) if found else text

    def _without(self, text: str, marks: bytearray) -> str:
        result = StringIO()
        position = 0
        for run in _RUN.finditer(marks):
            result.write(text[position : run.start()])
            result.write(self._mask)
            position = run.end()
        result.write(text[position:])
        return result.getvalue()


def _covered(text: str, needles: Sequence[str]) -> bytearray:
    """Mark every character that is part of a needle: needles that overlap leave nothing of each other behind."""
    marks = bytearray(len(text))
    for needle in needles:
        ones = b"\x01" * len(needle)
        start = text.find(needle)
        while start >= 0:
            marks[start : start + len(needle)] = ones
            start = text.find(needle, start + len(needle))
    return marks


def _unused(name: str, taken: Mapping[str, Any]) -> str:
    if name not in taken:
        return name
    # Counting on from the number of keys finds a free name at once, also among very many equal ones.
    number = len(taken) + 1
    while f"{name}~{number}" in taken:
        number += 1
    return f"{name}~{number}"
