"""Pages: all workflows, and the executions of one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from producer.access.entries import Scope
from producer.addresses import execution_path, workflow_path
from producer.api.bridge import in_thread
from producer.api.executions import WorkflowId
from producer.api.paths import SEGMENT
from producer.contract.board.places import RANKS
from producer.contract.render.times import duration_between, duration_text
from producer.listed import ListedExecution, ListedWorkflow
from producer.pages.shell import LoggedIn, Shell, Visitor
from producer.pages.templating import html_page
from producer.pages.words import (
    Moment,
    StatusWord,
    count_text,
    moment,
    shown_name,
    status_word,
)

router = APIRouter(include_in_schema=False)

WORKFLOW = f"/workflows/{{workflow_id:{SEGMENT}}}"
_CARDS = 60
_ROWS = 50


class WorkflowCard(NamedTuple):
    """A workflow among all."""

    href: str
    name: str
    id: str
    executions: str
    status: StatusWord
    last: Moment | None


class WorkflowsPage(NamedTuple):
    """The page of all workflows."""

    shell: Shell
    cards: list[WorkflowCard]
    query: str
    incomplete: bool
    first: bool
    next: str | None


class ExecutionRow(NamedTuple):
    """An execution among those of its workflow. ``api`` is the address of its resource."""

    id: str
    href: str
    api: str
    status: StatusWord
    running: bool
    input: str
    cut: bool
    triggered_by: str
    updated: Moment | None
    duration: str


class FilterLink(NamedTuple):
    """A choice of what a list shows."""

    words: str
    href: str
    chosen: bool


class WorkflowPage(NamedTuple):
    """The page of one workflow."""

    shell: Shell
    id: str
    name: str
    href: str
    executions: str
    rows: list[ExecutionRow]
    filters: list[FilterLink]
    status: StatusWord | None
    first: bool
    next: str | None


@router.get("/")
async def workflows(visitor: LoggedIn, q: str = "", cursor: str | None = None) -> Response:
    """Show the workflows that the session may see."""
    principal, gateway = visitor.principal, visitor.gateway
    principal.require_scope(Scope.READ)
    found = await in_thread(
        gateway.calls, gateway.executions.workflows, q.strip() or None, principal.may_see, cursor, _CARDS
    )
    incomplete = await in_thread(gateway.calls, gateway.executions.listing_incomplete)
    page = WorkflowsPage(
        shell=visitor.shell("workflows"),
        cards=[_card(one, visitor.zone) for one in found.items],
        query=q.strip(),
        incomplete=incomplete,
        first=cursor is None,
        next=found.next and f"/?{urlencode({'q': q.strip(), 'cursor': found.next})}",
    )
    return html_page("workflows.html", page)


@router.get(WORKFLOW)
async def workflow(
    visitor: LoggedIn,
    workflow_id: WorkflowId,
    status: Annotated[str | None, Query()] = None,
    cursor: str | None = None,
) -> Response:
    """Show the executions of a workflow, newest first."""
    visitor.principal.require(Scope.READ, workflow_id)
    page = await in_thread(visitor.gateway.calls, _workflow_page, visitor, workflow_id, status or None, cursor)
    return html_page("workflow.html", page)


def _workflow_page(visitor: Visitor, workflow_id: str, status: str | None, cursor: str | None) -> WorkflowPage:
    executions = visitor.gateway.executions
    known = executions.workflow(workflow_id)
    found = executions.executions(workflow_id, status, cursor, _ROWS)
    href = workflow_path(workflow_id)
    following = {**({"status": status} if status else {}), "cursor": found.next or ""}
    return WorkflowPage(
        shell=visitor.shell("workflows"),
        id=workflow_id,
        name=shown_name(known.name),
        href=href,
        executions=count_text(known.executions, "execution"),
        rows=[row_of(one, visitor.zone) for one in found.items],
        filters=_filters(href, status),
        status=status_word(status) if status else None,
        first=cursor is None,
        next=found.next and f"{href}?{urlencode(following)}",
    )


def _filters(href: str, chosen: str | None) -> list[FilterLink]:
    everything = FilterLink("all", href, chosen is None)
    return [everything, *(FilterLink(status_word(one).words, f"{href}?status={one}", one == chosen) for one in RANKS)]


def _card(one: ListedWorkflow, zone: ZoneInfo) -> WorkflowCard:
    return WorkflowCard(
        href=workflow_path(one.id),
        name=shown_name(one.name),
        id=shown_name(one.id),
        executions=count_text(one.executions, "execution"),
        status=status_word(one.last_status),
        last=moment(one.last_at, zone),
    )


def row_of(one: ListedExecution, zone: ZoneInfo) -> ExecutionRow:
    """Show an execution in a list."""
    path = execution_path(one.workflow_id, one.execution_id)
    duration = duration_between(one.started_at, one.finished_at)
    return ExecutionRow(
        id=shown_name(one.execution_id),
        href=path,
        api=f"/v1{path}",
        status=status_word(one.status),
        running=one.digest is None,
        input=shown_name(one.input_preview) if one.input_preview else "",
        cut=bool(one.input_preview and one.input_preview.endswith("…")),
        triggered_by=shown_name(one.triggered_by) if one.triggered_by else "",
        updated=moment(_updated(one), zone),
        duration="" if duration is None else duration_text(duration),
    )


def _updated(one: ListedExecution) -> datetime:
    """Tell when an execution changed last: when it ended, or when we heard of it."""
    return one.finished_at or one.accepted_at
