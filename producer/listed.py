"""Workflows and executions as lists show them: the board keeps compact numbers, people and programs read times."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from producer.contract.board import ExecutionSummary, Page, WorkflowSummary


class ListedWorkflow(Struct, frozen=True):
    """A workflow in a list: its number of executions, and how and when its latest one went."""

    id: str
    name: str
    executions: int
    last_status: str
    last_at: datetime


class ListedExecution(Struct, frozen=True):
    """An execution in a list. ``input_preview`` is cut; ``digest`` is missing while the execution is running."""

    execution_id: str
    workflow_id: str
    workflow_name: str
    status: str
    started_at: datetime | None
    finished_at: datetime | None
    triggered_by: str | None
    input_preview: str | None
    accepted_at: datetime
    digest: str | None
    step_count: int | None


def listed_workflows(page: Page[WorkflowSummary]) -> Page[ListedWorkflow]:
    """Show a page of workflows."""
    items = [
        ListedWorkflow(one.id, one.name, one.executions, one.last_status, _time(one.last_listed_at))
        for one in page.items
    ]
    return Page(items, page.next)


def listed_executions(page: Page[ExecutionSummary]) -> Page[ListedExecution]:
    """Show a page of executions."""
    return Page([_execution(one) for one in page.items], page.next)


def _execution(one: ExecutionSummary) -> ListedExecution:
    return ListedExecution(
        execution_id=one.execution_id,
        workflow_id=one.workflow_id,
        workflow_name=one.workflow_name,
        status=one.status,
        started_at=one.started_at,
        finished_at=one.finished_at,
        triggered_by=one.triggered_by,
        input_preview=one.input_preview,
        accepted_at=_time(one.accepted_at),
        digest=one.digest,
        step_count=one.step_count,
    )


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
