"""The HTML of one step. It is written a hundred thousand times for one archive, hence by strings, not by a template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final, NamedTuple

from producer.contract.render.templating import style, template
from producer.contract.render.view import Fact

_SPECIAL: Final = (("&", "&amp;"), (">", "&gt;"), ("<", "&lt;"), ("'", "&#39;"), ('"', "&#34;"))
_TITLE: Final = "\0title\0"


class EntryHtml(NamedTuple):
    """A nested entry: ``pieces`` is read once, while the page is written.

    ``depth`` is that of the layout, ``layer`` names one that is deeper.
    """

    name: str
    kind: str | None
    status: str | None
    chip: str
    depth: int
    layer: int | None
    level: int
    pieces: Iterator[str]


class StepHtml(NamedTuple):
    """A step: ``sections``, ``entries`` and ``other`` are read once, in this order.

    ``run`` and ``anchor`` are words of ours that need no escaping, as are the names of the facts.
    """

    title: str
    run: str
    anchor: str
    level: int
    notes: list[str]
    facts: list[Fact]
    sections: Iterator[str]
    entries: Iterator[EntryHtml]
    other: Iterator[str]


def escape(text: str) -> str:
    """Write a text as HTML, as the templates do; a Markup of each of a step's values would take longer than they."""
    for character, reference in _SPECIAL:
        text = text.replace(character, reference)
    return text


def step_article(step: StepHtml) -> Iterator[str]:
    """Yield a step as an ``article``."""
    run = f' <span class="run">{step.run}</span>' if step.run else ""
    notes = "".join(f'<p class="note">{escape(note)}</p>\n' for note in step.notes)
    yield (
        f'<article class="step" id="{step.anchor}">\n'
        f'<h{step.level} class="title" dir="auto">{escape(step.title)}{run}</h{step.level}>\n{notes}'
        f'<table class="facts">\n<tbody>\n{"".join(map(_fact, step.facts))}\n</tbody>\n</table>\n'
    )
    yield from step.sections
    yield from _entries(step.entries, step.level + 1)
    yield from step.other
    yield "</article>\n"


def origin(workflow: str, execution: str) -> str:
    """Return the line that tells where a step comes from, equal on all pages of an archive."""
    return f'<p class="origin"><bdi>{escape(workflow)}</bdi> · execution <bdi>{escape(execution)}</bdi></p>\n'


def step_page(title: str, origin: str, step: Iterable[str]) -> Iterator[str]:
    """Yield a whole page around a step; ``origin`` is HTML."""
    before, after = _page_head()
    yield f"{before}{escape(title)}"
    # A piece of its own: with a letter that is not ASCII beside them, the styles in it would be slow to encode.
    yield after
    yield f"<main>\n{origin}"
    yield from step
    yield f"</main>\n{_page_tail()}"


@cache
def _page_head() -> tuple[str, str]:
    before, _, after = template("page_head.html").render(style=style(), page_title=_TITLE).partition(_TITLE)
    return before, after


@cache
def _page_tail() -> str:
    return template("page_tail.html").render()


def _fact(fact: Fact) -> str:
    value = escape(fact.value)
    if fact.status:
        shown = f'<span class="chip is-{fact.status}">{value}</span>'
    elif fact.url:
        shown = f'<a href="{escape(fact.url)}" rel="noopener noreferrer nofollow">{value}</a>'
    else:
        shown = f"<bdi>{value}</bdi>"
    return f'<tr><th scope="row">{fact.name}</th><td>{shown}</td></tr>\n'


def _entries(entries: Iterable[EntryHtml], level: int) -> Iterator[str]:
    end = ""
    for entry in entries:
        if not end:
            yield f'<section class="section entries">\n<h{level}>Nested entries</h{level}>\n'
            end = "</section>\n"
        yield _summary(entry)
        yield from entry.pieces
        yield "</details>\n"
    yield end


def _summary(entry: EntryHtml) -> str:
    kind = f' <span class="kind">{escape(entry.kind)}</span>' if entry.kind is not None else ""
    status = f' <span class="chip {entry.chip}">{escape(entry.status)}</span>' if entry.status is not None else ""
    layer = f' <span class="quiet">level {entry.layer}</span>' if entry.layer else ""
    return (
        f'<details open class="entry depth-{entry.depth}">\n'
        f"<summary><h{entry.level}>{escape(entry.name)}</h{entry.level}>{kind}{status}{layer}</summary>\n"
    )
