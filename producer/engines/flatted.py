"""Reads the ``flatted`` form of JSON, in which n8n stores run data and its internal API returns it.

The text is one list. Its first element is the value; inside of objects and lists every string is the index of another
element, so that repeated and circular values are written once. An element that is a string stands for itself.
"""

from __future__ import annotations

from typing import Any, Final

from producer.contract import jsontext
from producer.contract.errors import TooLarge
from producer.engines.cursor import Cursor

CIRCULAR: Final = "[circular]"
"""Stands where a value contains itself, which JSON cannot say."""

MAX_EXPANDED_CHARS: Final = 256 * 1024 * 1024
_DEEPEST: Final = 100


def parse(text: Cursor) -> Any:
    """Parse a flatted text into plain JSON values; repeated values are shared in memory, not copied.

    Raises MalformedBody where it is no JSON, InvalidRecord where it is no flatted JSON or too deep, and TooLarge where
    the repeated values would unfold to more than ``MAX_EXPANDED_CHARS`` characters.
    """
    elements = jsontext.decode(text.text() or "", where=text.path)
    if not isinstance(elements, list) or not elements:
        raise text.problem("is not flatted JSON: it must be a list with at least one element")
    return _Unfolding(elements, text).resolve(0, 0)[0]


class _Unfolding:
    """One parse: what is resolved already with its unfolded size, and what is being resolved."""

    def __init__(self, elements: list[Any], text: Cursor) -> None:
        self._elements = elements
        self._text = text
        self._done: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()

    def resolve(self, index: int, depth: int) -> tuple[Any, int]:
        """Return an element with its references followed, and about how many characters it unfolds to."""
        if index in self._open:
            return CIRCULAR, len(CIRCULAR)
        if index not in self._done:
            if depth > _DEEPEST:
                raise self._text.problem(f"is nested more than {_DEEPEST} levels deep")
            self._open.add(index)
            self._done[index] = self._unfold(self._elements[index], depth)
            self._open.remove(index)
        return self._done[index]

    def _unfold(self, element: Any, depth: int) -> tuple[Any, int]:
        if isinstance(element, dict):
            members = {key: self._follow(value, depth) for key, value in element.items()}
            size = sum(len(key) + part for key, (_, part) in members.items())
            return {key: value for key, (value, _) in members.items()}, self._bounded(size)
        if isinstance(element, list):
            entries = [self._follow(value, depth) for value in element]
            return [value for value, _ in entries], self._bounded(sum(part for _, part in entries))
        return element, self._bounded(len(element) if isinstance(element, str) else 1)

    def _follow(self, reference: Any, depth: int) -> tuple[Any, int]:
        if not isinstance(reference, str):
            return reference, 1
        if not reference.isdecimal() or len(reference) > 12 or int(reference) >= len(self._elements):
            raise self._text.problem(f"is not flatted JSON: '{reference[:80]}' is the index of no element")
        return self.resolve(int(reference), depth + 1)

    def _bounded(self, size: int) -> int:
        if size > MAX_EXPANDED_CHARS:
            raise TooLarge(
                f"{self._text.path} unfolds to more than {MAX_EXPANDED_CHARS} characters.",
                field=self._text.path,
                remedy="Send the execution as n8n's public API returns it, or a smaller one.",
            )
        return size + 2
