"""Page: one execution with its history, timeline and steps; and the parts of it that load as one scrolls."""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Response
from markupsafe import Markup

from producer.access.entries import Scope
from producer.addresses import execution_path, workflow_path
from producer.api.bridge import in_thread
from producer.api.dependencies import Offset
from producer.api.executions import ExecutionId, WorkflowId
from producer.api.paths import SEGMENT
from producer.contract.errors import BrokerUnavailable
from producer.contract.render import html_view
from producer.contract.render.html import HtmlRenderer, HtmlView, step_fragment
from producer.contract.render.templating import style
from producer.executions import Executions
from producer.pages.completed import CHUNK, Completed, StepRow, about_html, completed, joined, step_row
from producer.pages.shell import LoggedIn, Shell, Visitor
from producer.pages.templating import POLICY, html_page
from producer.pages.timeline import Timeline, timeline_of
from producer.pages.words import (
    Moment,
    moment,
    shown_name,
)
from producer.pages.workflows import WORKFLOW, ExecutionRow, row_of

router = APIRouter(include_in_schema=False)

EXECUTION: Final = f"{WORKFLOW}/executions/{{execution_id:{SEGMENT}}}"
_HISTORY: Final = 25
_LEVEL: Final = 3
"""Of the headings inside a step, which stands under "Steps"."""


class StepRows(NamedTuple):
    """A part of the list of steps."""

    steps: list[StepRow]


class ExecutionPage(NamedTuple):
    """The page of one execution. ``row`` is how lists show it."""

    shell: Shell
    workflow_name: str
    workflow_href: str
    row: ExecutionRow
    current: bool
    history: list[ExecutionRow]
    started: Moment | None
    completed: Completed | None


@router.get(EXECUTION)
async def execution(visitor: LoggedIn, workflow_id: WorkflowId, execution_id: ExecutionId) -> Response:
    """Show an execution: its own facts and contents, a timeline, the first of its steps."""
    visitor.principal.require(Scope.READ, workflow_id)
    page = await in_thread(visitor.gateway.calls, _execution_page, visitor, workflow_id, execution_id)
    return html_page("execution.html", page)


@router.get(f"{EXECUTION}/steps")
async def steps(
    visitor: LoggedIn,
    workflow_id: WorkflowId,
    execution_id: ExecutionId,
    offset: Offset = 0,
) -> Response:
    """Return the next lines of the list of steps."""
    visitor.principal.require(Scope.READ, workflow_id)

    def rows() -> StepRows:
        outline = visitor.gateway.outlines.of(workflow_id, execution_id)
        path = execution_path(workflow_id, execution_id)
        return StepRows([step_row(step, path, visitor.zone) for step in outline.steps(offset, CHUNK)])

    return html_page("step_rows.html", await in_thread(visitor.gateway.calls, rows))


@router.get(f"{EXECUTION}/steps/{{position}}")
async def step(
    visitor: LoggedIn,
    workflow_id: WorkflowId,
    execution_id: ExecutionId,
    position: Annotated[int, Path(ge=0, lt=2**31)],
    *,
    whole: bool = False,
) -> Response:
    """Return the content of one step as the HTML export shows it; with ``whole`` that export's file itself."""
    visitor.principal.require(Scope.READ, workflow_id)

    def content() -> Markup:
        outline = visitor.gateway.outlines.of(workflow_id, execution_id)
        view, page = _view(visitor), outline.page(position)
        if whole:
            return joined(HtmlRenderer(view).step_file(outline.record.document.header, page))
        return joined(step_fragment(view, page, _LEVEL))

    policy = f"{style().policy}; frame-ancestors 'none'" if whole else POLICY
    return html_page("content.html", await in_thread(visitor.gateway.calls, content), policy=policy)


@router.get(f"{EXECUTION}/timeline")
async def timeline(visitor: LoggedIn, workflow_id: WorkflowId, execution_id: ExecutionId) -> Response:
    """Return the timeline of the steps."""
    visitor.principal.require(Scope.READ, workflow_id)

    def drawn() -> Timeline:
        outline = visitor.gateway.outlines.of(workflow_id, execution_id)
        return timeline_of(outline.steps(), visitor.zone)

    return html_page("timeline_part.html", await in_thread(visitor.gateway.calls, drawn))


@router.get(f"{EXECUTION}/about")
async def about(visitor: LoggedIn, workflow_id: WorkflowId, execution_id: ExecutionId) -> Response:
    """Return what an execution holds beside its steps."""
    visitor.principal.require(Scope.READ, workflow_id)

    def content() -> Markup:
        return about_html(_view(visitor), visitor.gateway.outlines.of(workflow_id, execution_id))

    return html_page("content.html", await in_thread(visitor.gateway.calls, content))


def _execution_page(visitor: Visitor, workflow_id: str, execution_id: str) -> ExecutionPage:
    executions = visitor.gateway.executions
    listed = executions.listed(workflow_id, execution_id)
    zone = visitor.zone
    row = row_of(listed, zone)
    history = _history(executions, workflow_id, zone)
    outline = None if row.running else visitor.gateway.outlines.of(workflow_id, execution_id)
    return ExecutionPage(
        shell=visitor.shell("workflows"),
        workflow_name=shown_name(listed.workflow_name),
        workflow_href=workflow_path(workflow_id),
        row=row,
        current=any(one.href == row.href for one in history),
        history=history,
        started=moment(listed.started_at, zone),
        completed=None if outline is None else completed(_view(visitor), outline, row.href),
    )


def _history(executions: Executions, workflow_id: str, zone: ZoneInfo) -> list[ExecutionRow]:
    """List the newest executions; none while the broker is away, without which the execution itself can be shown."""
    try:
        found = executions.executions(workflow_id, None, None, _HISTORY)
    except BrokerUnavailable:
        return []
    return [row_of(one, zone) for one in found.items]


def _view(visitor: Visitor) -> HtmlView:
    """Return how values are shown: as in the HTML export."""
    return html_view(visitor.gateway.exports.profile)
