"""One block as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import chain
from typing import NamedTuple

from producer.contract.render.ansi import html_spans
from producer.contract.render.content import Block, Kind
from producer.contract.render.definitions import dropped_definitions
from producer.contract.render.engines import MarkdownEngine
from producer.contract.render.polish import polish
from producer.contract.render.text import slices


class Place(NamedTuple):
    """Where a block stands: under a heading of ``level``; ``scope`` is a word that is unique on the page."""

    engine: MarkdownEngine
    level: int
    scope: str


def block_pieces(block: Block, place: Place) -> Iterable[str]:
    """Return a block's HTML in pieces, its label and notes before it."""
    body = _BODIES[block.kind](block, place)
    return chain(_head(block), body) if block.label or block.notes else body


def _head(block: Block) -> Iterator[str]:
    if block.label:
        yield f'<p class="label">{escape(block.label)}</p>\n'
    for note in block.notes:
        yield f'<p class="note">{escape(note)}</p>\n'


def _markdown(block: Block, place: Place) -> Iterable[str]:
    html = polish(place.engine(block.text), place.level, place.scope)
    shown = f'<div class="markdown" dir="auto">\n{html}</div>\n'
    dropped = "\n".join(dropped_definitions(block.text, html))
    if not dropped:
        return (shown,)
    note = '<p class="note">Definitions that nothing in the text refers to:</p>\n'
    return shown, note, f"<pre><code>{escape(dropped, quote=False)}</code></pre>\n"


def _code(block: Block, _place: Place) -> Iterator[str]:
    language = f' class="language-{escape(block.language)}"' if block.language else ""
    yield f"<pre><code{language}>"
    for piece in slices(block.text):
        yield escape(piece, quote=False)
    yield "</code></pre>\n"


def _terminal(block: Block, _place: Place) -> Iterator[str]:
    yield '<pre class="terminal"><samp>'
    yield from html_spans(block.text)
    yield "</samp></pre>\n"


def _inline(block: Block, _place: Place) -> Iterable[str]:
    return (f"<p><code>{escape(block.text, quote=False)}</code></p>\n",)


def _remark(block: Block, _place: Place) -> Iterable[str]:
    return (f'<p class="quiet">{escape(block.text)}</p>\n',)


def _item(block: Block, _place: Place) -> Iterable[str]:
    return (f'<ul dir="auto"><li>{escape(block.text, quote=False)}</li></ul>\n',)


_BODIES = {
    Kind.MARKDOWN: _markdown,
    Kind.CODE: _code,
    Kind.TERMINAL: _terminal,
    Kind.INLINE: _inline,
    Kind.REMARK: _remark,
    Kind.ITEM: _item,
}
