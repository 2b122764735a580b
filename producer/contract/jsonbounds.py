"""How much a JSON text may hold, told from its brackets, commas and quotes before anything is made of it.

Two bytes of text can become hundreds in memory, and making millions of values keeps every other thread of the process
waiting for seconds. A text is looked at window by window, so that looking costs no memory of its own.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from producer.contract.errors import MalformedBody

MAX_DEPTH: Final = 200
"""Levels that JSON may be nested, whatever the interpreter could bear: everything that walks a value relies on it."""

MAX_CONTAINERS: Final = 500_000
"""Arrays and objects of one text that is parsed: each takes some hundreds of bytes of memory."""

MAX_VALUES: Final = 4_000_000
"""Values of one text, be it parsed or only split: each takes up to some seventy bytes of memory."""

_WINDOW: Final = 256 * 1024
_BLANK: Final = bytes(byte for byte in range(256) if byte not in b'"[]{},')
_STRINGS: Final = re.compile(rb'"[^"]*"')
_BRACKETS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_FLATTEN: Final = "Flatten the value, or send it as a string."
_FEWER: Final = "Split the value over several steps, or send it as a string."


def refuse_excess(text: bytes, where: str) -> None:
    """Raise MalformedBody where a text that is to be parsed is nested too deeply, or holds too much."""
    if _count(text, b"[{") <= MAX_DEPTH:
        refuse_many_values(text, where)
        return
    containers = values = level = 0
    for signs in _structure(text):
        steps = array("b", signs.translate(_BRACKETS, b","))
        deepest = max(accumulate(steps, initial=level))
        level += sum(steps)
        containers += _count(signs, b"[{")
        values += signs.count(b",")
        if deepest > MAX_DEPTH:
            raise _excess(where, f"is nested too deeply: more than {MAX_DEPTH} levels", _FLATTEN)
        if containers > MAX_CONTAINERS:
            raise _excess(where, f"holds more than {MAX_CONTAINERS} arrays and objects", _FEWER)
        if values >= MAX_VALUES:
            raise _excess(where, f"holds more than {MAX_VALUES} values", _FEWER)


def refuse_many_values(text: bytes, where: str) -> None:
    """Raise MalformedBody where a text that is only to be split holds too many values."""
    # A text that is too short for so many commas, as nearly every one is, need not be searched for them.
    if len(text) < MAX_VALUES or text.count(b",") < MAX_VALUES:
        return
    if sum(signs.count(b",") for signs in _structure(text)) >= MAX_VALUES:
        raise _excess(where, f"holds more than {MAX_VALUES} values", _FEWER)


def _structure(text: bytes) -> Iterator[bytes]:
    """Yield a text's brackets and commas, those inside of strings left out."""
    inside = False
    start = 0
    while start < len(text):
        end = start + _WINDOW
        while text[end - 1 : end] == b"\\":  # What a backslash escapes must not be cut off from it.
            end += 1
        signs = b'"' * inside + text[start:end].replace(rb"\\", b"").replace(rb"\"", b"").translate(None, _BLANK)
        inside = signs.count(b'"') % 2 == 1
        # Two quotes side by side end one string and begin another, or hold nothing: without them nothing else changes
        # its side, and few strings are left, those with brackets or commas in them.
        yield _STRINGS.sub(b"", (signs + b'"' * inside).replace(b'""', b""))
        start = end


def _count(text: bytes, signs: bytes) -> int:
    return sum(text.count(sign) for sign in signs)


def _excess(where: str, what: str, remedy: str) -> MalformedBody:
    return MalformedBody(f"{where}: The JSON {what}.", field=where, remedy=remedy)
