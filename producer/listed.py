"""Workflows, executions and exports as lists show them, beside what the board or everybody else sees of them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from producer.contract.board import ExecutionSummary, Page, WorkflowSummary
from producer.contract.export import Export
from producer.contract.redaction.redactor import Redactor


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


class ListedExport(Export, frozen=True):
    """An export with what only its readers are told: who asked for it first, and how often it was downloaded.

    ``requested_by`` is a token's name. ``downloads`` counts how often the link led to the archive, within some seconds;
    it is null while the broker, which knows it, is away.
    """

    requested_by: str | None
    downloads: int | None


def listed_export(export: Export, requested_by: str | None, downloads: int | None) -> ListedExport:
    """Show an export to its readers."""
    return ListedExport(**msgspec.structs.asdict(export), requested_by=requested_by, downloads=downloads)


def listed_workflows(page: Page[WorkflowSummary], redactor: Redactor) -> Page[ListedWorkflow]:
    """Show a page of workflows. What the board keeps was masked by the rules of that time, hence it is masked anew."""
    items = [
        ListedWorkflow(
            one.id, redactor.name(one.name, one.id), one.executions, one.last_status, _time(one.last_listed_at)
        )
        for one in page.items
    ]
    return Page(items, page.next)


def listed_executions(page: Page[ExecutionSummary], redactor: Redactor) -> Page[ListedExecution]:
    """Show a page of executions, masked anew for the same reason."""
    return Page([_execution(one, redactor) for one in page.items], page.next)


def _execution(one: ExecutionSummary, redactor: Redactor) -> ListedExecution:
    return ListedExecution(
        execution_id=one.execution_id,
        workflow_id=one.workflow_id,
        workflow_name=redactor.name(one.workflow_name, one.workflow_id),
        status=one.status,
        started_at=one.started_at,
        finished_at=one.finished_at,
        triggered_by=one.triggered_by and redactor.text(one.triggered_by),
        input_preview=one.input_preview and redactor.text(one.input_preview),
        accepted_at=_time(one.accepted_at),
        digest=one.digest,
        step_count=one.step_count,
    )


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
