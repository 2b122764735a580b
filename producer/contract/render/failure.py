"""An error of the record as blocks: its message and its stack readable, and nothing of it left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from producer.contract import jsontext
from producer.contract.errors import MalformedBody
from producer.contract.render.content import (
    TOO_LONG,
    Block,
    Kind,
    content_block,
    is_long,
    json_block,
    json_inside,
    text_block,
)
from producer.contract.render.text import one_line


def error_blocks(value: Any) -> Iterator[Block]:
    """Yield the blocks of an error, which may be text or any JSON value, also JSON inside of a string."""
    if isinstance(value, str):
        yield from _text_error(value)
    elif isinstance(value, dict) and value:
        yield from _object_error(value)
    else:
        yield content_block(value)


def _text_error(text: str) -> Iterator[Block]:
    inside = json_inside(text)
    if inside is not None:
        yield from _json_error(inside)
    elif is_long(text):
        yield Block(Kind.TERMINAL, text, notes=(TOO_LONG,))
    else:
        yield text_block(text)


def _json_error(text: str) -> Iterator[Block]:
    try:
        value = jsontext.decode(text)
    except MalformedBody:
        # It is JSON, but a number in it has no value here (1e400): it is shown from its text, whole.
        yield content_block(text)
    else:
        yield from error_blocks(value)


def _object_error(value: dict[str, Any]) -> Iterator[Block]:
    # In JSON a stack trace is one long line full of "\n"; texts of several lines are therefore taken out of it.
    texts = {name: text for name, text in value.items() if _is_prose(name, text)}
    for name in sorted(texts, key=lambda name: name.lower() != "message"):
        yield text_block(texts[name], label=one_line(name))
    rest = {name: item for name, item in value.items() if name not in texts}
    if rest:
        yield json_block(rest, label="Details" if texts else "")


def _is_prose(name: str, value: Any) -> bool:
    return isinstance(value, str) and ("\n" in value or name.lower() == "message")
