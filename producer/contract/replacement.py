"""Replacing texts inside parsed JSON, at any depth and without changing its shape."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any


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
    """Replaces by functions: ``text`` strings and object keys, but for those in ``kept_keys``, ``other`` all the rest.

    A function returns what it is given where there is nothing to replace.
    """

    def __init__(self, text: Callable[[str], str], other: Callable[[Any], Any], kept_keys: Container[str]) -> None:
        self._text = text
        self._other = other
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
        return self._other(value)

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
            replaced[unused_key(name, replaced)] = content
        return replaced if changed else value


def unused_key(name: str, taken: Mapping[str, Any]) -> str:
    """Return an object key, or where it is taken, what tells it apart: ``~2``, ``~3`` and so on."""
    if name not in taken:
        return name
    # Counting on from the number of keys finds a free name at once, also among very many equal ones.
    number = len(taken) + 1
    while f"{name}~{number}" in taken:
        number += 1
    return f"{name}~{number}"
