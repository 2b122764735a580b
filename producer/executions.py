"""The use cases around executions: list them, show one, foresee an export."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from msgspec import Struct

from producer.contract.board import Board, ExecutionSummary, Page
from producer.contract.contents import Contents
from producer.contract.errors import BrokerUnavailable, NotCompleted
from producer.contract.export import Extra, Options
from producer.contract.index import StepEntry
from producer.contract.record import UNFINISHED, Status
from producer.contract.records import Record, Records
from producer.exports import Exports
from producer.listed import ListedExecution, ListedWorkflow, listed_executions, listed_workflows

PAGE_BYTES: Final = 8 * 1024 * 1024
"""A page of steps ends early when it holds this much."""

_FIRST_NAMES: Final = 100
_COMPRESSED: Final = 0.3
_OVERHEAD: Final = 500
"""Measured on exported executions: deflate leaves about a third, and a file brings about 500 bytes of its own."""


class ExecutionPage(Struct, frozen=True):
    """One execution, and a page of its steps. ``next`` is the offset to go on from, if there is more."""

    workflow: Mapping[str, Any]
    execution: Mapping[str, Any]
    fields: Mapping[str, Any]
    digest: str
    accepted_at: datetime
    step_count: int
    steps_by_status: dict[Status, int]
    steps: list[Mapping[str, Any]]
    next: int | None


class Foreseen(Struct, frozen=True):
    """What an export would be: the archive's name, its files, the first of their names, its size in bytes."""

    filename: str
    files: int
    names: list[str]
    estimated_size: int


@dataclass(frozen=True)
class Executions:
    """The executions of this installation."""

    records: Records
    board: Board
    exports: Exports

    def workflows(
        self, query: str | None, allowed: Callable[[str], bool], cursor: str | None, limit: int
    ) -> Page[ListedWorkflow]:
        """List workflows, those with the latest execution first."""
        return listed_workflows(self.board.workflows.page(query=query, allowed=allowed, cursor=cursor, limit=limit))

    def executions(self, workflow_id: str, status: str | None, cursor: str | None, limit: int) -> Page[ListedExecution]:
        """List the executions of a workflow, newest first."""
        return listed_executions(self.board.executions.page(workflow_id, status=status, cursor=cursor, limit=limit))

    def record(self, workflow_id: str, execution_id: str) -> Record:
        """Open the newest revision of an execution. Raises NotFound; NotCompleted where it is still running."""
        summary = self._summary(workflow_id, execution_id)
        if summary is not None and summary.digest is not None:
            return self.records.read(workflow_id, execution_id, summary.digest)
        if summary is not None and summary.status in UNFINISHED:
            raise NotCompleted(
                f"The execution is {summary.status}: only completed executions can be shown and exported.",
                remedy="Wait for the engine to report its end.",
            )
        return self.records.newest(workflow_id, execution_id)

    def _summary(self, workflow_id: str, execution_id: str) -> ExecutionSummary | None:
        try:
            return self.board.executions.find(workflow_id, execution_id)
        except BrokerUnavailable:
            return None

    def page(self, workflow_id: str, execution_id: str, offset: int, limit: int) -> ExecutionPage:
        """Show an execution and some of its steps. Raises NotFound."""
        record = self.record(workflow_id, execution_id)
        steps = self._steps(record, offset, limit)
        following = offset + len(steps)
        raw, stored = record.document.raw, record.stored
        return ExecutionPage(
            workflow={"name": record.document.header.workflow_name, **_given(raw["workflow"])},
            execution=raw["execution"],
            fields={name: value for name, value in raw.items() if name not in {"workflow", "execution"}},
            digest=stored.digest,
            accepted_at=stored.accepted_at,
            step_count=stored.step_count,
            steps_by_status=stored.by_status,
            steps=steps,
            next=following if following < stored.step_count else None,
        )

    def _steps(self, record: Record, offset: int, limit: int) -> list[Mapping[str, Any]]:
        selection: list[tuple[int, StepEntry]] = []
        size = 0
        for position, entry in islice(enumerate(record.entries()), offset, offset + limit):
            size += entry.length
            if selection and size > PAGE_BYTES:
                break
            selection.append((position, entry))
        return [document.raw for _, document in record.steps(selection)]

    def foresee(self, workflow_id: str, execution_id: str, options: Options) -> Foreseen:
        """Tell what an export would hold, without making it. Raises NotFound, NotCompleted."""
        record = self.record(workflow_id, execution_id)
        draft = self.exports.draft(record, options, requested_by="")
        contents = Contents(record, options, draft.archive_name)
        copies = 2 if Extra.READER in options.include else 1
        size = copies * sum(entry.length for _, entry in contents.selected())
        return Foreseen(
            filename=draft.archive_name,
            files=contents.file_count,
            names=list(islice(contents.file_names(), _FIRST_NAMES)),
            estimated_size=int(size * _COMPRESSED) + _OVERHEAD * contents.file_count,
        )


def _given(workflow: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out a name that is null: it is the same as none."""
    return {name: value for name, value in workflow.items() if name != "name" or value is not None}
