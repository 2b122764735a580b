"""Broken inputs out of good ones: nodes replaced, dropped, doubled; bytes flipped, cut, spliced.

Hypothesis chooses a number, and all else follows from it. That is some twenty times faster than to let it choose every
node, and a number is enough to have a case again.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")

NASTY: Final = [
    *("", ".", "..", "/", "\x00", "\ud83d", "\u202e", "\U0001f98a" * 300, "a" * 5_000, "<script>", "```\n# x", "{}"),
    *("[1", "CON", "NaN", "succeeded", "FAILED", "%2e%2e%2f", "\x1b[31m", "| a | b |\n| - | - |"),
    *("2026-01-31T22:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1769896800"),
    *("AKIAIOSFODNN7EXAMPLE", "Authorization: Bearer abcdefghijklmnop", "https://u:p@example/", "e\u0301", "\r\n"),
]
_OTHERS: Final[list[Any]] = [None, True, False, 0, -1, 1, 2**63, -(10**40), 0.1, -1e308, 5e-324, [], {}]
_FIELDS: Final = ["id", "status", "name", "steps", "output", "children", "export", "started_at", "error", "log"]
_PIECES: Final = [b"\n", b"[" * 250, b'"', b"\xff\xfe", b"\\ud83d", b"\x00", b"1e999", b"{}{}"]


def from_number(make: Callable[[Random], T]) -> st.SearchStrategy[T]:
    """Let a number choose everything."""
    return st.integers(0, 2**64 - 1).map(lambda number: make(Random(number)))  # noqa: S311 # a case must repeat


def any_value(draw: Random, depth: int = 3) -> Any:
    """Any JSON value."""
    what = draw.random()
    if depth and what < 0.15:
        return [any_value(draw, depth - 1) for _ in range(draw.randrange(4))]
    if depth and what < 0.3:
        return {draw.choice([*NASTY, *_FIELDS]): any_value(draw, depth - 1) for _ in range(draw.randrange(4))}
    if what < 0.6:
        return draw.choice(_OTHERS)
    if what < 0.9:
        return draw.choice(NASTY)
    return "".join(chr(draw.randrange(32, 0x3000)) for _ in range(draw.randrange(40)))


def mutation(draw: Random, examples: Sequence[Any]) -> Any:
    """One of several good values, with up to six of its nodes changed."""
    value = copy.deepcopy(draw.choice(examples))
    for _ in range(draw.randrange(7)):
        value = _changed(draw, value)
    return value


def _changed(draw: Random, value: Any) -> Any:
    holders = _holders(value)
    if not holders:
        return any_value(draw)
    holder = draw.choice(holders)
    key = draw.choice([*holder] if isinstance(holder, dict) else range(len(holder)))
    what = draw.choice(["replace", "replace", "drop", "double", "wrap", "add"])
    if what == "replace":
        holder[key] = any_value(draw)
    elif what == "drop":
        del holder[key]
    elif what == "double" and isinstance(holder, list):
        holder.extend(copy.deepcopy(holder[key]) for _ in range(draw.randrange(1, 4)))
    elif what == "wrap":
        holder[key] = [holder[key]]
    elif isinstance(holder, dict):
        holder[draw.choice([*map(str, holder), *_FIELDS])] = any_value(draw)
    return value


def _holders(value: Any) -> list[Any]:
    """List every object and list that holds something."""
    found = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict | list) and one:
            found.append(one)
            waiting.extend(one.values() if isinstance(one, dict) else one)
    return found


def text_of(draw: Random, value: Any) -> bytes:
    """A value as JSON, as engines of several kinds write it."""
    return json.dumps(value, ensure_ascii=draw.random() < 0.5).encode("utf-8", "surrogatepass")


def torn(draw: Random, text: bytes) -> bytes:
    """Bytes as they are, or in some places not."""
    data = bytearray(text)
    for _ in range(draw.choice([0, 0, 1, 2, 4])):
        at = draw.randrange(len(data) + 1)
        what = draw.choice(["flip", "cut", "insert", "splice"])
        if what == "flip" and at < len(data):
            data[at] ^= draw.randrange(1, 256)
        elif what == "cut":
            del data[at : at + draw.randrange(1, 20)]
        elif what == "insert":
            data[at:at] = draw.choice(_PIECES)
        else:
            start = draw.randrange(len(data) + 1)
            data[at:at] = data[start : start + 50]
    return bytes(data)
