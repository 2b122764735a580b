"""The HTML renderer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup

from producer.contract.record import Header, Status
from worker.render.engines import MarkdownEngine
from worker.render.htmlblocks import Place, block_pieces
from worker.render.model import ContentsLine, StepPage, Summary
from worker.render.templating import style, template
from worker.render.text import gathered, one_line
from worker.render.view import (
    NestedEntry,
    Section,
    contents_duration,
    contents_title,
    execution_sections,
    omission,
    other_step_fields,
    status_text,
    step_entries,
    step_facts,
    step_sections,
    steps_line,
    summary_facts,
    title_of,
)

_DEEPEST_LAYOUT: Final = 5
_STATUSES: Final = frozenset(map(str, Status))


class HtmlView(NamedTuple):
    """What decides how a record's values look in HTML."""

    engine: MarkdownEngine
    zone: ZoneInfo


class EntryHtml(NamedTuple):
    """A nested entry as the templates take it; ``pieces`` is read once, while the page is written.

    ``depth`` is that of the layout, ``layer`` names one that is deeper.
    """

    name: str
    kind: str | None
    status: str | None
    chip: str
    depth: int
    layer: int | None
    level: int
    pieces: Iterator[Markup]


def step_fragment(view: HtmlView, page: StepPage, level: int) -> Iterator[str]:
    """Yield one step as an ``article``, without a page around it; its heading is of the level given."""
    title, run = title_of(page.document.step.name, page.iteration)
    yield from template("step_fragment.html").generate(
        title=title,
        run=run,
        anchor=page.anchor,
        level=level,
        notes=[one_line(note) for note in page.notes],
        facts=step_facts(page, view.zone),
        sections=_trusted(_sections(view, step_sections(page), page.anchor, level + 1)),
        entries=_entries(view, page, level + 2),
        other=_trusted(_sections(view, filter(None, [other_step_fields(page)]), page.anchor, level + 1)),
    )


class HtmlRenderer:
    """Renders self-contained HTML files."""

    def __init__(self, engine: MarkdownEngine, zone: ZoneInfo) -> None:
        self._view = HtmlView(engine, zone)

    def step_file(self, header: Header, page: StepPage) -> Iterator[str]:
        """Yield a whole file for one step."""
        title, run = title_of(page.document.step.name, page.iteration)
        context = template("step.html").generate(
            style=style(),
            page_title=f"{title} ({run})" if run else title,
            workflow=one_line(header.workflow_name),
            execution=one_line(header.execution.id),
            step=_trusted(step_fragment(self._view, page, 1)),
        )
        return gathered(context)

    def combined_head(
        self, summary: Summary, failures: Iterable[ContentsLine], contents: Iterable[ContentsLine]
    ) -> Iterator[str]:
        """Yield the start of a combined file."""
        workflow = one_line(summary.header.header.workflow_name)
        head = template("combined_head.html").generate(
            style=style(),
            page_title=workflow,
            workflow=workflow,
            execution=one_line(summary.header.header.execution.id),
            omission=omission(summary),
            facts=summary_facts(summary, self._view.zone),
            steps=steps_line(summary),
            failures=_trusted(map(_contents_row, failures)),
            contents=_trusted(map(_contents_row, contents)),
            sections=_trusted(_sections(self._view, execution_sections(summary), "execution", 2)),
        )
        return gathered(head)

    def combined_step(self, page: StepPage) -> Iterator[str]:
        """Yield one step of a combined file."""
        return gathered(step_fragment(self._view, page, 2))

    def combined_tail(self) -> Iterator[str]:
        """Yield the end of a combined file."""
        return template("combined_tail.html").generate()


def _trusted(pieces: Iterable[str]) -> Iterator[Markup]:
    for chunk in gathered(pieces):
        yield Markup(chunk)  # noqa: S704 # its callers hand in HTML that they or an engine wrote, with values escaped


def _sections(view: HtmlView, sections: Iterable[Section], anchor: str, level: int) -> Iterator[str]:
    for section in sections:
        yield f'<section class="section {section.key}">\n<h{level}>{section.title}</h{level}>\n'
        yield from _blocks(section, Place(view.engine, level, f"{anchor}-{section.key}"))
        yield "</section>\n"


def _blocks(section: Section, place: Place) -> Iterator[str]:
    for number, block in enumerate(section.blocks):
        yield from block_pieces(block, place._replace(scope=f"{place.scope}-{number}"))


def _entry_sections(sections: Iterable[Section], place: Place) -> Iterator[str]:
    for section in sections:
        yield f'<p class="label">{section.title}</p>\n'
        yield from _blocks(section, place._replace(scope=f"{place.scope}-{section.key}"))


def _entries(view: HtmlView, page: StepPage, level: int) -> Iterator[EntryHtml]:
    for entry in step_entries(page):
        yield _entry(view, entry, f"{page.anchor}-entry-{entry.number}", level)


def _entry(view: HtmlView, entry: NestedEntry, anchor: str, level: int) -> EntryHtml:
    deep = entry.depth > _DEEPEST_LAYOUT
    heading = min(6, level + entry.depth)
    return EntryHtml(
        name=entry.name,
        kind=None if entry.kind is None else one_line(entry.kind),
        status=None if entry.status is None else one_line(entry.status),
        chip=_chip(entry.status),
        depth=min(entry.depth, _DEEPEST_LAYOUT),
        layer=entry.depth + 1 if deep else None,
        level=heading,
        pieces=_trusted(_entry_sections(entry.sections, Place(view.engine, heading, anchor))),
    )


def _contents_row(line: ContentsLine) -> str:
    title, run = contents_title(line)
    duration = contents_duration(line)
    which = f' <span class="quiet">{run}</span>' if run else ""
    lasted = f' <span class="quiet">{duration}</span>' if duration else ""
    return (
        f'<li><a href="#{line.anchor}">{escape(title)}</a>{which} <span class="chip {_chip(line.status)}">'
        f"{status_text(line.status)}</span>{lasted}</li>\n"
    )


def _chip(status: str | None) -> str:
    return f"is-{status}" if status in _STATUSES else "is-other"
