"""The Markdown renderer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from producer.contract.record import Header
from producer.contract.render.markdownblocks import block_pieces, inline, note_line
from producer.contract.render.model import ContentsLine, StepPage, Summary
from producer.contract.render.templating import template
from producer.contract.render.text import gathered, one_line
from producer.contract.render.view import (
    Fact,
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

_LOWEST: Final = 6


class SectionMarkdown(NamedTuple):
    """A section as the templates take it: ``pieces`` is read once, while the file is written."""

    heading: str
    pieces: Iterator[str]


class MarkdownRenderer:
    """Renders Markdown files, GitHub Flavored."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._origin: tuple[Header | None, str] = None, ""

    def step_file(self, header: Header, page: StepPage) -> Iterator[str]:
        """Yield a whole file for one step."""
        if self._origin[0] is not header:
            self._origin = header, _origin_rows(header)
        return self._step(page, 1, self._origin[1])

    def combined_head(
        self, summary: Summary, failures: Iterable[ContentsLine], contents: Iterable[ContentsLine]
    ) -> Iterator[str]:
        """Yield the start of a combined file."""
        left_out = omission(summary)
        head = template("combined_head.md").generate(
            title=inline(one_line(summary.header.header.workflow_name)),
            notes=[note_line(left_out)] if left_out else [],
            facts=[*map(_row, summary_facts(summary, self._zone)), f"| Steps | {inline(steps_line(summary))} |"],
            failures=gathered(f"- {_contents_row(line)}" for line in failures),
            contents=gathered(f"{number}. {_contents_row(line)}" for number, line in enumerate(contents, 1)),
            sections=_sections(execution_sections(summary), 2),
        )
        return gathered(head)

    def combined_step(self, page: StepPage) -> Iterator[str]:
        """Yield one step of a combined file."""
        return self._step(page, 2, "")

    def combined_tail(self) -> Iterator[str]:
        """Yield the end of a combined file: Markdown needs none."""
        return iter(())

    def _step(self, page: StepPage, level: int, origin: str) -> Iterator[str]:
        title, run = title_of(page.document.step.name, page.iteration)
        rows = "".join(f"{_row(fact)}\n" for fact in step_facts(page, self._zone))
        notes = "".join(note_line(one_line(note)) for note in page.notes)
        yield (
            f"{_break(page.anchor) if level > 1 else ''}{'#' * level} {inline(title)}{f' ({run})' if run else ''}\n\n"
            f"{notes}| Fact | Value |\n| --- | --- |\n{rows}{origin}\n"
        )
        yield from _section_texts(step_sections(page), level + 1)
        yield from _entries(page, level + 1)
        yield from _section_texts(other_step_sections(page), level + 1)


def _origin_rows(header: Header) -> str:
    workflow, execution = one_line(header.workflow_name), one_line(header.execution.id)
    return f"{_row(Fact('Workflow', workflow))}\n{_row(Fact('Execution', execution))}\n"


def _break(anchor: str) -> str:
    return f'---\n\n<a id="{anchor}"></a>\n\n'


def _section_texts(sections: Iterable[Section], level: int) -> Iterator[str]:
    for section in sections:
        yield f"{_heading(section, level)}\n\n"
        for block in section.blocks:
            yield from block_pieces(block, level)


def _heading(section: Section, level: int) -> str:
    return f"{'#' * level} {section.title}"


def _row(fact: Fact) -> str:
    value = inline(fact.value)
    return f"| {fact.name} | {f'<{fact.url}>' if fact.url and '|' not in fact.url else value} |"


def _sections(sections: Iterable[Section], level: int) -> Iterator[SectionMarkdown]:
    for section in sections:
        yield SectionMarkdown(_heading(section, level), _pieces(section, level))


def _pieces(section: Section, level: int) -> Iterator[str]:
    for block in section.blocks:
        yield from block_pieces(block, level)


def _entries(page: StepPage, level: int) -> Iterator[str]:
    for entry in step_entries(page):
        if entry.number == 1:
            yield f"{'#' * level} Nested entries\n\n"
        yield from _entry(entry, level + 1)


def _entry(entry: NestedEntry, level: int) -> Iterator[str]:
    own_level = min(_LOWEST, level + entry.depth)
    # Headings have six levels; an entry that is nested deeper says how deep it is.
    layer = f"level {entry.depth + 1}" if level + entry.depth > _LOWEST else None
    kind = entry.kind and inline(one_line(entry.kind))
    status = entry.status and inline(one_line(entry.status))
    quiet = ", ".join(part for part in (kind, status, layer) if part)
    yield f"{'#' * own_level} {inline(entry.name)}{f' ({quiet})' if quiet else ''}\n\n"
    for section in entry.sections:
        yield f"**{section.title}**\n\n"
        yield from _pieces(section, own_level)


def _contents_row(line: ContentsLine) -> str:
    title, run = contents_title(line)
    facts = ", ".join(part for part in (status_text(line.status), contents_duration(line)) if part)
    return f"[{inline(title)}{f' ({run})' if run else ''}](#{line.anchor}): {facts}\n"
