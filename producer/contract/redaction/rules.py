"""All rules together: which of them a text needs, what they find in it, and the digest that names them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from ahocorasick_rs import BytesAhoCorasick, Implementation

from producer.contract import jsontext
from producer.contract.escapes import strip
from producer.contract.redaction.assignments import assignments, may_assign
from producer.contract.redaction.naming import HINTS, is_placeholder
from producer.contract.redaction.shapes import SHAPES, Shape
from producer.contract.redaction.site import SiteRule
from producer.contract.spans import Span

_SECRET: Final = "secret"  # noqa: S105 # the name of a group

_PIECE: Final = 256 * 1024
_ESCAPE: Final = rb"\u001b"

BUILT_IN_VERSION: Final = 1
"""Raised when the built-in rules come to find something else although no shape was changed."""


class SitePattern(NamedTuple):
    """A rule of the site, ready to be used; with ``keywords``, in small letters, only where a text holds one."""

    name: str
    pattern: re.Pattern[str]
    keywords: tuple[str, ...]

    def find(self, text: str) -> Iterator[Span]:
        """Yield what the rule finds. What it finds of no length is nothing."""
        if self.keywords:
            lowered = text.lower()
            if not any(keyword in lowered for keyword in self.keywords):
                return
        for match in self.pattern.finditer(text):
            start, end = _secret_of(match)
            if start < end:
                yield Span(start, end, self.name)


class Needed(NamedTuple):
    """What may be found in a text, by the literal texts that stand in it."""

    shapes: tuple[tuple[Shape, str], ...] = ()
    hints: tuple[str, ...] = ()
    site: tuple[SitePattern, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.shapes or self.hints or self.site)

    def find(self, text: str) -> Iterator[Span]:
        """Yield what is secret in a text."""
        for shape, begin in self.shapes:
            yield from _shaped(text, shape, begin)
        if self.hints:
            yield from assignments(text, self.hints)
        for rule in self.site:
            yield from rule.find(text)


class Rules:
    """The built-in rules and those of a site."""

    def __init__(self, site: tuple[SiteRule, ...] = ()) -> None:
        self._shapes = [(shape, begin) for shape in SHAPES for begin in shape.begins]
        patterns = [SitePattern(one.name, re.compile(one.pattern), tuple(map(str.lower, one.keywords))) for one in site]
        self._always = tuple(one for one in patterns if not one.keywords)
        self._keyed = [(one, _in_json(keyword)) for one in patterns for keyword in one.keywords]
        # Looked for without regard to case, of ASCII at least.
        words = [*(begin for _, begin in self._shapes), *HINTS, *(keyword for _, keyword in self._keyed)]
        encoded = [*(word.encode().lower() for word in words), _ESCAPE]
        self._escape = len(words)
        self._automaton = BytesAhoCorasick(encoded, implementation=Implementation.DFA)  # small enough for the fastest
        self._overlap = max(map(len, encoded))
        # What the shapes' words look like, and what a text must hold for them; of others, any case will do.
        others = [""] * (len(encoded) - len(self._shapes))
        self._begins = [*(begin for _, begin in self._shapes), *others]
        self._needs = [*(shape.needs for shape, _ in self._shapes), *others]

    def needed(self, data: bytes) -> Needed:
        """Tell what may be found in a value, by its JSON as ``jsontext`` writes it."""
        numbers = self._numbers(data)
        if self._escape in numbers:
            text = data.decode().replace(r"\u001b", "\x1b").replace(r"\u0007", "\x07")
            numbers = (numbers | self._numbers(strip(text).encode())) - {self._escape}
        if not numbers:
            return Needed(site=self._always)
        shapes, hints = len(self._shapes), len(HINTS)
        ordered = sorted(numbers)
        keyed = (self._keyed[number - shapes - hints][0] for number in ordered if number >= shapes + hints)
        return Needed(
            tuple(self._shapes[number] for number in ordered if number < shapes),
            tuple(HINTS[number - shapes] for number in ordered if shapes <= number < shapes + hints),
            (*self._always, *dict.fromkeys(keyed)),
        )

    def _numbers(self, data: bytes) -> set[int]:
        """Return the numbers of the words behind which there may be a secret; many are in everyday use.

        Whatever is found in a string is found in its JSON as well, also where each byte is taken for a character.
        """
        text = data.decode("latin-1")
        numbers: set[int] = set()
        lacking: dict[int, bool] = {}
        for base, matches in self._words_in(data):
            for number, start, end in self._as_written(matches, text, base):
                if number in numbers:
                    continue
                if number not in lacking:
                    lacking[number] = self._needs[number] not in text
                if not lacking[number] and self._may_matter(number, text, base + start, base + end):
                    numbers.add(number)
        return numbers

    def _as_written(
        self, matches: Iterable[tuple[int, int, int]], text: str, base: int
    ) -> Iterable[tuple[int, int, int]]:
        """Leave out what only looks like a word in small letters: many a "task" holds a beginning in capitals."""
        begins, starts_with = self._begins, text.startswith
        return [match for match in matches if starts_with(begins[match[0]], base + match[1])]

    def _words_in(self, data: bytes) -> Iterator[tuple[int, list[tuple[int, int, int]]]]:
        # Every match is an object in memory, and there may be very many: they are looked for in pieces that overlap.
        for base in range(0, len(data), _PIECE):
            piece = data if len(data) <= _PIECE else data[base : base + _PIECE + self._overlap]
            yield base, self._automaton.find_matches_as_indexes(piece.lower(), overlapping=True)

    def _may_matter(self, number: int, text: str, start: int, end: int) -> bool:
        if number < len(self._shapes):
            return _match_at(text, self._shapes[number][0], start) is not None
        return number >= len(self._shapes) + len(HINTS) or may_assign(text, end)


def _in_json(word: str) -> str:
    return jsontext.encode(word).decode()[1:-1]


def _shaped(text: str, shape: Shape, begin: str) -> Iterator[Span]:
    at = -1 if shape.needs not in text else text.find(begin)
    while at >= 0:
        after = at + len(begin)
        match = _match_at(text, shape, at)
        if match:
            start, end = _secret_of(match)
            if not is_placeholder(text[start:end]):
                yield Span(start, end, shape.name)
            after = max(after, end)
        at = text.find(begin, after)


def _match_at(text: str, shape: Shape, at: int) -> re.Match[str] | None:
    for lead in shape.leads:
        match = shape.pattern.match(text, at - lead) if at >= lead else None
        if match:
            return match
    return None


def _secret_of(match: re.Match[str]) -> tuple[int, int]:
    return match.span(_SECRET) if _SECRET in match.re.groupindex and match[_SECRET] is not None else match.span()


def rules_digest(site: tuple[SiteRule, ...] = ()) -> str:
    """Name the rules in 16 hexadecimal digits: other rules, another digest."""
    shapes = [[shape.name, shape.begins, shape.pattern.pattern, shape.leads] for shape in SHAPES]
    return jsontext.digest([BUILT_IN_VERSION, shapes, HINTS, site])[:16]
