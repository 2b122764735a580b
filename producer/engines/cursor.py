"""A safe way through payloads of unknown shape, which always knows where it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from producer.contract.errors import InvalidRecord
from producer.contract.record import check_identifier
from producer.engines import times

_LONGEST_KEY: Final = 80
_LARGEST_NUMBER: Final = 10**18


class Cursor:
    """A value inside a payload and the path that leads to it; an absent value is None, as JSON's null.

    Reading a wrong type raises InvalidRecord, whose field is the path in the engine's own terms, such as
    ``data.resultData.runData["Set"][0].executionStatus``; nothing else is ever raised.
    """

    __slots__ = ("path", "value")

    def __init__(self, value: Any, path: str = "") -> None:
        self.value = value
        self.path = path

    @property
    def exists(self) -> bool:
        """Whether there is a value other than null."""
        return self.value is not None

    def has(self, key: str) -> bool:
        """Whether the value is an object that holds the key, be it with null."""
        return isinstance(self.value, dict) and key in self.value

    def get(self, *keys: str) -> Cursor:
        """Step into fields of objects, one after the other; what is absent on the way leads to an absent value."""
        here = self
        for key in keys:
            here = Cursor(here.fields().get(key), f"{here.path}.{key}" if here.path else key)
        return here

    def entry(self, key: str) -> Cursor:
        """Step into an object whose keys are names given by people."""
        return Cursor(self.fields().get(key), f"{self.path}[{_quoted(key)}]")

    def items(self) -> Iterator[tuple[str, Cursor]]:
        """Go through an object whose keys are names given by people; nothing where it is absent."""
        for key, value in self.fields().items():
            yield key, Cursor(value, f"{self.path}[{_quoted(key)}]")

    def each(self) -> Iterator[Cursor]:
        """Go through a list; nothing where it is absent."""
        for position, value in enumerate(self.elements()):
            yield Cursor(value, f"{self.path}[{position}]")

    def at(self, position: int) -> Cursor:
        """Step to a place of a list; a place beyond its end is absent."""
        elements = self.elements()
        inside = 0 <= position < len(elements)
        return Cursor(elements[position] if inside else None, f"{self.path}[{position}]")

    def fields(self) -> dict[str, Any]:
        """Return the object itself; empty where it is absent."""
        return self._typed(dict, "an object") or {}

    def elements(self) -> list[Any]:
        """Return the list itself; empty where it is absent."""
        return self._typed(list, "a list") or []

    def text(self) -> str | None:
        """Read a string, or None where it is absent."""
        text: str | None = self._typed(str, "a string")
        return text

    def label(self) -> str | None:
        """Read a string or a number as text, for remarks; None where it is neither."""
        if isinstance(self.value, bool) or not isinstance(self.value, str | int | float):
            return None
        return str(self.value)

    def identifier(self) -> str:
        """Read a string or whole number that names something, as text; it must not be absent, empty or too long."""
        if not self.exists:
            raise self.problem("is missing", remedy="Send it as the engine writes it; ids are never made up.")
        whole = isinstance(self.value, int) and not isinstance(self.value, bool)
        text = str(self.value) if whole else self.text() or ""
        check_identifier(text, self.path)
        return text

    def integer(self) -> int | None:
        """Read a whole number from 0, or None where it is absent."""
        number = self.number()
        if number is None:
            return None
        if number < 0 or number != int(number):
            raise self.problem("must be a whole number from 0")
        return int(number)

    def number(self) -> float | None:
        """Read a number (whole ones stay whole), or None where it is absent."""
        if not self.exists:
            return None
        value = self.value
        # The bound refuses infinity and NaN too, and keeps sums of numbers within what a float holds.
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST_NUMBER:
            raise self.problem("must be a number of at most 18 digits")
        return value

    def time(self) -> str | None:
        """Read a time in any of the engines' forms as RFC 3339, or None where there is none."""
        try:
            return times.rfc3339(self.value)
        except ValueError as error:
            raise self.problem(
                str(error), remedy="Send RFC 3339, such as 2026-11-23T16:56:13Z, or milliseconds since 1970."
            ) from None

    def rest(self, *used: str) -> dict[str, Any] | None:
        """Return the object's other fields that say something (not null, not empty), or None."""
        others = {k: v for k, v in self.fields().items() if k not in used and v is not None and v not in _EMPTY}
        return others or None

    def problem(self, what: str, *, remedy: str | None = None) -> InvalidRecord:
        """Make an error about this value: ``what`` completes the sentence that begins with its path."""
        return InvalidRecord(f"{self.path or 'The payload'} {what}.", field=self.path or None, remedy=remedy)

    def _typed(self, wanted: type[Any], described: str) -> Any:
        if self.value is None or isinstance(self.value, wanted):
            return self.value
        raise self.problem(f"must be {described}", remedy="Send the payload as the engine wrote it.")


_EMPTY: Final[tuple[Any, ...]] = ("", [], {})


def _quoted(key: str) -> str:
    short = key if len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]}…"
    return json.dumps(short, ensure_ascii=False)


def present(**fields: Any) -> dict[str, Any]:
    """Make an object of the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}
