"""The reader's page, from head to tail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from producer.contract.render.html import HtmlView, execution_fragment, step_fragment
from producer.contract.render.model import Summary
from producer.contract.render.text import gathered, one_line
from producer.contract.render.view import omission, steps_line, summary_facts
from worker.reader.assets import assets
from worker.reader.budget import LISTED, Budget, Content, Held
from worker.reader.inert import data_block, inert_json
from worker.reader.model import ReaderStep
from worker.reader.rows import row
from worker.reader.templating import template

_ROWS_IN_A_BLOCK: Final = 100
_STEP_LEVEL: Final = 2


def reader_page(view: HtmlView, summary: Summary, steps: Iterable[ReaderStep]) -> Iterator[str]:
    """Yield ``index.html`` in pieces. The steps are read once, lazily; one of them is held in memory at a time.

    What does not fit (see ``worker.reader.budget``) is named in the page.
    """
    return gathered(_page(view, summary, steps, Budget()))


def _page(view: HtmlView, summary: Summary, steps: Iterable[ReaderStep], budget: Budget) -> Iterator[str]:
    yield from template("head.html").generate(**_head(view, summary))
    yield from _content_block("execution", budget.take(execution_fragment(view, summary, _STEP_LEVEL)))
    rows: list[dict[str, Any]] = []
    for step in islice(steps, LISTED):
        content = budget.take(step_fragment(view, step.page, _STEP_LEVEL))
        yield from _content_block(step.page.anchor, content)
        rows.append(row(step, content.held))
        if len(rows) == _ROWS_IN_A_BLOCK:
            yield from _rows_block(rows)
            rows.clear()
    yield from _rows_block(rows)
    yield from template("tail.html").generate(script=assets().script)


def _head(view: HtmlView, summary: Summary) -> dict[str, Any]:
    header = summary.header.header
    workflow = one_line(header.workflow_name)
    facts = summary_facts(summary, view.zone)
    return {
        "style": assets().style,
        "page_title": workflow,
        "workflow": workflow,
        "execution": one_line(header.execution.id),
        "notes": [note for note in (omission(summary), _not_listed(summary)) if note],
        "status": facts[0],
        "facts": facts,
        "steps": steps_line(summary),
    }


def _not_listed(summary: Summary) -> str | None:
    if summary.included <= LISTED:
        return None
    return f"The reader lists the first {LISTED} of {summary.included} steps; the archive has the files of all of them."


def _content_block(anchor: str, content: Content) -> Iterator[str]:
    if content.held is not Held.NAME:
        yield from data_block(f'id="content-of-{anchor}" data-held="{content.held}"', content.json)


def _rows_block(rows: list[dict[str, Any]]) -> Iterator[str]:
    if rows:
        yield from data_block('class="rows"', [inert_json(rows)])
