"""The HTML renderer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup

from producer.contract.record import Header, Status
from producer.contract.render.engines import MarkdownEngine
from producer.contract.render.htmlblocks import Place, block_pieces
from producer.contract.render.htmlsteps import EntryHtml, StepHtml, origin, step_article, step_page
from producer.contract.render.model import ContentsLine, StepPage, Summary
from producer.contract.render.templating import style, template
from producer.contract.render.text import gathered, one_line
from producer.contract.render.view import (
    NestedEntry,
    Section,
    contents_duration,
    contents_title,
    execution_sections,
    omission,
    other_step_sections,
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


def step_fragment(view: HtmlView, page: StepPage, level: int) -> Iterator[str]:
    """Yield one step as an ``article``, without a page around it; its heading is of the level given."""
    title, run = title_of(page.document.step.name, page.iteration)
    yield from step_article(
        StepHtml(
            title,
            run,
            page.anchor,
            level,
            notes=[one_line(note) for note in page.notes],
            facts=step_facts(page, view.zone),
            sections=_sections(view, step_sections(page), page.anchor, level + 1),
            entries=_entries(view, page, level + 2),
            other=_sections(view, other_step_sections(page), page.anchor, level + 1),
        )
    )


def execution_fragment(view: HtmlView, summary: Summary, level: int) -> Iterator[str]:
    """Yield what an execution holds beside its steps (input, output, error …); headings are of the level given."""
    return _sections(view, execution_sections(summary), "execution", level)


class HtmlRenderer:
    """Renders self-contained HTML files."""

    def __init__(self, view: HtmlView) -> None:
        self._view = view
        self._origin: tuple[Header | None, str] = None, ""

    def step_file(self, header: Header, page: StepPage) -> Iterator[str]:
        """Yield a whole file for one step."""
        if self._origin[0] is not header:
            self._origin = header, origin(one_line(header.workflow_name), one_line(header.execution.id))
        title, run = title_of(page.document.step.name, page.iteration)
        return step_page(f"{title} ({run})" if run else title, self._origin[1], step_fragment(self._view, page, 1))

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
            sections=_trusted(execution_fragment(self._view, summary, 2)),
        )
        return gathered(head)

    def combined_step(self, page: StepPage) -> Iterator[str]:
        """Yield one step of a combined file."""
        return step_fragment(self._view, page, 2)

    def combined_tail(self) -> Iterator[str]:
        """Yield the end of a combined file."""
        return template("combined_tail.html").generate()


def _trusted(pieces: Iterable[str]) -> Iterator[Markup]:
    for chunk in gathered(pieces):
        yield Markup(chunk)  # noqa: S704 # its callers hand in HTML that they or an engine wrote, with values escaped


def _sections(view: HtmlView, sections: Iterable[Section], anchor: str, level: int) -> Iterator[str]:
    for section in sections:
        yield f'<section class="section {section.key}">\n<h{level}>{section.title}</h{level}>\n'
        for block in _blocks(section, view, level, f"{anchor}-{section.key}"):
            yield from block
        yield "</section>\n"


def _blocks(section: Section, view: HtmlView, level: int, scope: str) -> Iterator[Iterable[str]]:
    for number, block in enumerate(section.blocks):
        yield block_pieces(block, Place(view.engine, level, f"{scope}-{number}"))


def _entry_sections(sections: Iterable[Section], view: HtmlView, level: int, scope: str) -> Iterator[str]:
    for section in sections:
        yield f'<p class="label">{section.title}</p>\n'
        for block in _blocks(section, view, level, f"{scope}-{section.key}"):
            yield from block


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
        pieces=_entry_sections(entry.sections, view, heading, anchor),
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
