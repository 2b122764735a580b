"""One block as Markdown, and text of ours inside of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from producer.contract import escapes
from producer.contract.render.content import Block, Kind
from producer.contract.render.embed import embed, longest_run
from producer.contract.render.text import block_text, slices

_SPECIAL: Final = re.compile(
    r"[&|\\`*\[\]<>~#$]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # between letters or digits it is never emphasis
    r"|:(?=[a-z+-][a-z0-9_+-]{0,40}:)"  # GitHub's names of emoji
)
_ORDINARY: Final = re.compile(r"[A-Za-z][A-Za-z0-9 ,.;()/-]*")
_LIST_NUMBER: Final = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
_REFERENCES: Final = {"&": "&amp;", "|": "&#124;", "\\": "&#92;"}
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9+#._-]+")
NOT_CONTAINED: Final = "This field would not end where it should and is shown as its source."


def inline(text: str) -> str:
    """Write one line of text so that Markdown shows it as it is: in a heading, a table cell, a link or a paragraph.

    Pipes and backslashes become character references, for tables read backslashes before the rest is read.
    """
    if _ORDINARY.fullmatch(text):
        return text
    escaped = _SPECIAL.sub(lambda match: _REFERENCES.get(match[0], f"\\{match[0]}"), text)
    if escaped[:1] in {"-", "+", "="}:
        return "\\" + escaped
    return _LIST_NUMBER.sub(r"\1\\\2", escaped)


def block_pieces(block: Block, level: int) -> Iterable[str]:
    """Return a block, in pieces, as Markdown that ends with a blank line; ``level`` is that of the heading above it."""
    body = _body(block, level)
    return chain(_head(block), body) if block.label or block.notes else body


def _head(block: Block) -> Iterator[str]:
    if block.label:
        yield f"**{inline(block.label)}**\n\n"
    yield from map(note_line, block.notes)


def _body(block: Block, level: int) -> Iterable[str]:
    if block.kind is Kind.MARKDOWN:
        return _markdown(block, level)
    if block.kind is Kind.ITEM:
        return (f"- {inline(block.text)}\n\n",)
    if block.kind is Kind.REMARK:
        return (f"*{inline(block.text)}*\n\n",)
    if block.kind is Kind.INLINE:
        return (f"{code_span(block.text)}\n\n",)
    text = block_text(escapes.strip(block.text)) if block.kind is Kind.TERMINAL else block.text
    return _fenced(text, block.language)


def note_line(note: str) -> str:
    """Write a sentence for the reader."""
    return f"> {inline(note)}\n\n"


def code_span(text: str) -> str:
    """Write one line as a code span, whatever backticks it holds (CommonMark 6.1)."""
    marks = "`" * (longest_run(text, "`", least=1) + 1 if "`" in text else 1)
    space = " " if text[:1] in {"`", " "} or text[-1:] in {"`", " "} else ""
    return f"{marks}{space}{text}{space}{marks}"


def _markdown(block: Block, level: int) -> Iterable[str]:
    text = embed(block.text, level)
    if text is None:
        return chain((note_line(NOT_CONTAINED),), _fenced(block.text, "markdown"))
    return text, "\n\n"


def _fenced(text: str, language: str) -> Iterator[str]:
    fence = "`" * (longest_run(text, "`", least=3) + 1 if "```" in text else 3)
    yield f"{fence}{language if _LANGUAGE.fullmatch(language) else ''}\n"
    yield from slices(text)
    yield f"{'' if text.endswith(chr(10)) else chr(10)}{fence}\n\n"
