"""A value of the record as blocks that can be shown: which kind, with which notes. No markup yet."""

from __future__ import annotations

from enum import Enum
from typing import Any, Final, NamedTuple

from producer.contract import escapes
from producer.contract.render.layout import indented_json, is_json, value_json
from producer.contract.render.mediatypes import Treatment, media_view
from producer.contract.render.text import block_text, one_line

FIELD_LIMIT: Final = 1024 * 1024
"""Bytes of UTF-8 above which a string is not interpreted: a Markdown tree takes some fifty times its text."""

TOO_LONG: Final = "This field is above 1 MiB and is shown preformatted."
TOO_DENSE: Final = (
    "This field holds too many quotation marks, footnotes or addresses in a row and is shown preformatted."
)
NOT_JSON: Final = "This field is not valid JSON and is shown as it is."
TOO_DEEP: Final = "This value is nested too deeply to be indented."
_LONGEST_ITEM: Final = 2000
_MOST_QUOTES: Final = 200
_MOST_FOOTNOTES: Final = 1000
_MOST_HOSTS: Final = 100


class Kind(Enum):
    """How a block is shown."""

    MARKDOWN = "markdown"
    CODE = "code"
    TERMINAL = "terminal"
    INLINE = "inline"
    REMARK = "remark"
    ITEM = "item"


class Block(NamedTuple):
    """Something to show.

    TERMINAL text may hold ANSI sequences and is otherwise raw; the text of other kinds is safe by ``block_text``.
    ``label`` is one line that stands before the block, ``notes`` are sentences for the reader.
    """

    kind: Kind
    text: str
    language: str = ""
    label: str = ""
    notes: tuple[str, ...] = ()


def content_block(value: Any, media_type: str | None = None) -> Block:
    """Decide how an input, an output or any other value is shown; ``media_type`` speaks of strings only."""
    block = _text_block(value, media_type) if isinstance(value, str) else json_block(value)
    if media_type is None:
        return block
    return block._replace(notes=(f"Media type: {one_line(media_type)}", *block.notes))


def json_block(value: Any, label: str = "") -> Block:
    """Show a value as JSON: indented where it has an inside, else inline."""
    if value is None:
        return Block(Kind.REMARK, "(no data)", label=label)
    text = value_json(value)
    if text is None:
        return Block(Kind.REMARK, "(nested too deeply to be shown)", label=label)
    if not value or not isinstance(value, list | dict):
        return Block(Kind.INLINE, text, label=label)
    return _laid_out(text, label)


def text_block(text: str, label: str = "") -> Block:
    """Show text as it is, with its ANSI colours."""
    return _remark_on_nothing(text, label) or Block(Kind.TERMINAL, text, label=label)


def markdown_block(text: str) -> Block:
    """Show Markdown, unless it is too large or too dense to be interpreted."""
    remark = _remark_on_nothing(text, "")
    if remark is not None:
        return remark
    if is_long(text):
        return Block(Kind.TERMINAL, text, notes=(TOO_LONG,))
    safe = block_text(escapes.strip(text))
    if _is_dense(safe):
        return Block(Kind.CODE, safe, notes=(TOO_DENSE,))
    return Block(Kind.MARKDOWN, safe)


def item_blocks(value: Any) -> tuple[Block, ...] | None:
    """Show a list of sentences as the items of a list; None where a value is anything else."""
    if not isinstance(value, list) or not value:
        return None
    return tuple(Block(Kind.ITEM, one_line(item)) for item in value) if all(map(_is_sentence, value)) else None


def is_long(text: str) -> bool:
    """Tell whether a string is above the limit of fields that are interpreted."""
    return len(text) > FIELD_LIMIT or (len(text) * 4 > FIELD_LIMIT and len(text.encode()) > FIELD_LIMIT)


def json_inside(text: str) -> str | None:
    """Return the JSON object or array that a string is, white space around it cut off, or None."""
    if text.lstrip()[:1] not in {"{", "["} or is_long(text):
        return None
    stripped = text.strip()
    return stripped if is_json(stripped) else None


def _text_block(text: str, media_type: str | None) -> Block:
    remark = _remark_on_nothing(text, "")
    if remark is not None:
        return remark
    if is_long(text):
        return Block(Kind.TERMINAL, text, notes=(TOO_LONG,))
    if media_type is not None:
        return _typed_block(text, media_type)
    inside = json_inside(text)
    return markdown_block(text) if inside is None else _laid_out(inside)


def _typed_block(text: str, media_type: str) -> Block:
    treatment, language = media_view(media_type)
    if treatment is Treatment.MARKDOWN:
        return markdown_block(text)
    if treatment is Treatment.TERMINAL:
        return text_block(text)
    if treatment is Treatment.JSON:
        return _laid_out(text.strip()) if is_json(text) else Block(Kind.CODE, block_text(text), notes=(NOT_JSON,))
    note = () if treatment is Treatment.CODE else ("There is no view for this media type; it is shown as text.",)
    return Block(Kind.CODE, block_text(text), language, notes=note)


def _laid_out(text: str, label: str = "") -> Block:
    indented = indented_json(text)
    if indented is None:
        return Block(Kind.CODE, block_text(text), "json", label, (TOO_DEEP,))
    return Block(Kind.CODE, block_text(indented), "json", label)


def _is_sentence(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_ITEM and bool(value.strip()) and "\n" not in value


def _remark_on_nothing(text: str, label: str) -> Block | None:
    if not text:
        return Block(Kind.REMARK, "(empty)", label=label)
    return Block(Kind.REMARK, "(white space only)", label=label) if text.isspace() else None


def _is_dense(text: str) -> bool:
    # Some shapes cost the parser more than their length: each further mark in a run of quotation marks a scan of the
    # run, each "www." the rest of the word that it stands in; and a reference to a footnote becomes a long link.
    if ">" in text and (">" * _MOST_QUOTES in text or "> " * _MOST_QUOTES in text):
        return True
    if "^" in text and text.count("[^") > _MOST_FOOTNOTES:
        return True
    return text.count("www.") > _MOST_HOSTS and any(word.count("www.") > _MOST_HOSTS for word in text.split())
