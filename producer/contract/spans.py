"""Places in a text that are to be hidden, and the text with masks in their stead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from io import StringIO
from typing import NamedTuple

from producer.contract.escapes import Plain


class Span(NamedTuple):
    """The place of something secret, ``start`` to ``end``, and the ``rule`` by which it was found."""

    start: int
    end: int
    rule: str


Find = Callable[[str], Iterable[Span]]
"""Finds what is secret in a text; spans may overlap and come in any order."""


def found(text: str, find: Find, *, touching: bool = False) -> list[Span]:
    """Find what is secret in a text, also where escape sequences of terminals stand inside of it.

    Spans that overlap become one, of the rule that began first (of the longer one, where they begin together); with
    ``touching`` also those that only touch.
    """
    spans = list(find(text))
    if "\x1b" in text:
        plain = Plain(text)
        spans += [Span(*plain.original(one.start, one.end), one.rule) for one in find(plain.text)]
    return list(_merged(spans, touching)) if spans else spans


def _merged(spans: list[Span], touching: bool) -> Iterator[Span]:
    spans.sort(key=lambda one: (one.start, -one.end))
    current = spans[0]
    for one in spans:
        if one.start < current.end or (touching and one.start == current.end):
            current = current._replace(end=max(current.end, one.end))
        else:
            yield current
            current = one
    yield current


def replaced(text: str, spans: Iterable[Span], mask: Callable[[Span], str]) -> str:
    """Put masks in the place of spans, which are in order. The colours that change inside of one change behind it."""
    plain = Plain(text) if "\x1b" in text else None
    result = StringIO()
    position = 0
    for span in spans:
        result.write(text[position : span.start])
        result.write(mask(span))
        if plain:
            result.writelines(plain.sequences(span.start, span.end))
        position = span.end
    result.write(text[position:])
    return result.getvalue()
