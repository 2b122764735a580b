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
from producer.contract.errors import BrokerUnavailable, NotCompleted, NotFound, Unavailable
from producer.contract.export import Extra, Format, Options
from producer.contract.index import StepEntry
from producer.contract.listing import summary_of_record
from producer.contract.record import UNFINISHED, Status
from producer.contract.records import Record, Records
from producer.contract.redaction.identity import Mode
from producer.contract.redaction.redactor import Redactor
from producer.contract.shown import ShownRecord
from producer.exports import Exports
from producer.listed import ListedExecution, ListedWorkflow, listed_executions, listed_workflows

PAGE_BYTES: Final = 8 * 1024 * 1024
"""A page of steps ends early when it holds this much."""

_REVEALING: Final = Redactor(Mode.OFF)
_FIRST_NAMES: Final = 100
_COMPRESSED: Final = 0.3
_FILE_OVERHEAD: Final = {Format.MARKDOWN: 500, Format.HTML: 4_500}
_READER_OVERHEAD: Final = 18_000
"""Measured on exported executions: deflate leaves about a third of the record; in bytes, what a file brings of its own,
an HTML file its style, the reader its script too."""


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
        page = self.board.workflows.page(query=query, allowed=allowed, cursor=cursor, limit=limit)
        return listed_workflows(page, self.exports.redactor)

    def executions(self, workflow_id: str, status: str | None, cursor: str | None, limit: int) -> Page[ListedExecution]:
        """List the executions of a workflow, newest first."""
        page = self.board.executions.page(workflow_id, status=status, cursor=cursor, limit=limit)
        return listed_executions(page, self.exports.redactor)

    def workflow(self, workflow_id: str) -> ListedWorkflow:
        """Show one workflow. Raises NotFound where it has no execution, Unavailable where that is not known yet."""
        found = self.board.workflows.find(workflow_id)
        if found is not None:
            return listed_workflows(Page([found], None), self.exports.redactor).items[0]
        if self.listing_incomplete():
            raise Unavailable(
                "The list of executions is being rebuilt from storage, and this workflow is not in it yet.",
                remedy="Try again in a moment; links and single executions work meanwhile.",
            )
        raise NotFound(f"There is no workflow {workflow_id!r}.", remedy="Look for it in the list of all workflows.")

    def listing_incomplete(self) -> bool:
        """Tell whether lists may lack executions that storage has: the board was lost, and is being rebuilt."""
        return not self.board.rebuild.complete()

    def listed(self, workflow_id: str, execution_id: str) -> ListedExecution:
        """Show one execution as lists do. Raises NotFound.

        Where the board does not have it (it was lost, and is not rebuilt yet), storage tells of a completed one.
        """
        found = self._summary(workflow_id, execution_id)
        if found is None:
            newest = self.records.newest(workflow_id, execution_id)
            found = summary_of_record(ShownRecord(newest, self.exports.redactor))
        return listed_executions(Page([found], None), self.exports.redactor).items[0]

    def digest(self, workflow_id: str, execution_id: str) -> str | None:
        """Name the newest revision of an execution, None where the board cannot tell."""
        found = self._summary(workflow_id, execution_id)
        return None if found is None else found.digest

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

    def shown(self, workflow_id: str, execution_id: str, *, reveal: bool = False) -> ShownRecord:
        """Open the newest revision as it may be shown: secrets masked, unless they are to be revealed.

        Raises what ``record`` does.
        """
        record = self.record(workflow_id, execution_id)
        return ShownRecord(record, _REVEALING if reveal else self.exports.redactor)

    def page(
        self, workflow_id: str, execution_id: str, offset: int, limit: int, *, reveal: bool = False
    ) -> ExecutionPage:
        """Show an execution and some of its steps. Raises NotFound."""
        record = self.shown(workflow_id, execution_id, reveal=reveal)
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

    def _steps(self, record: ShownRecord, offset: int, limit: int) -> list[Mapping[str, Any]]:
        selection: list[tuple[int, StepEntry]] = []
        size = 0
        for position, entry in islice(enumerate(record.entries()), offset, offset + limit):
            size += entry.length
            if selection and size > PAGE_BYTES:
                break
            selection.append((position, entry))
        return [shown.document.raw for shown in record.steps(selection)]

    def foresee(self, workflow_id: str, execution_id: str, options: Options) -> Foreseen:
        """Tell what an export would hold, without making it. Raises NotFound, NotCompleted."""
        record = self.record(workflow_id, execution_id)
        draft = self.exports.draft(record, options, requested_by="")
        contents = Contents(ShownRecord(record, self.exports.redactor), options, draft.archive_name)
        copies = 2 if Extra.READER in options.include else 1
        size = copies * sum(entry.length for _, entry in contents.selected())
        overhead = _FILE_OVERHEAD[options.format] * contents.file_count
        if Extra.READER in options.include:
            overhead += _READER_OVERHEAD
        return Foreseen(
            filename=draft.archive_name,
            files=contents.file_count,
            names=list(islice(contents.file_names(), _FIRST_NAMES)),
            estimated_size=int(size * _COMPRESSED) + overhead,
        )


def _given(workflow: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out a name that is null: it is the same as none."""
    return {name: value for name, value in workflow.items() if name != "name" or value is not None}
