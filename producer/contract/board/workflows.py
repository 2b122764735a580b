"""The list of workflows, which follows from the executions that are listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from producer.contract.board import places
from producer.contract.board.broker import Broker
from producer.contract.board.pages import Page, read_page
from producer.contract.board.positions import Listing, name_of, time_of
from producer.contract.board.summaries import WorkflowRow, WorkflowSummary, read_workflow


class WorkflowBoard:
    """Workflows, those with the newest execution first. Every method raises BrokerUnavailable."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def find(self, workflow_id: str) -> WorkflowSummary | None:
        """Return what is listed of one workflow; None where it has no execution."""
        found = [row for row in self._rows([places.short(workflow_id)]) if row]
        return next(iter(self._summaries(found)), None)

    def page(
        self,
        *,
        query: str | None = None,
        allowed: Callable[[str], bool] = lambda _: True,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[WorkflowSummary]:
        """List workflows whose id ``allowed`` lets be seen and whose name or id holds ``query``, in any case.

        A page may be short, or empty, and still name a next one: a request looks at some thousands of workflows at
        most. A workflow that gets a new execution moves to the front. Raises InvalidOptions naming ``cursor``.
        """
        wanted = (query or "").casefold()

        def load(members: Sequence[bytes]) -> list[WorkflowRow | None]:
            return [
                row if row and _holds(row, wanted) and allowed(row.id) else None
                for row in self._rows([name_of(member) for member in members])
            ]

        order = [places.WORKFLOW_ORDER]
        page = read_page(self._broker, Listing.WORKFLOWS, order, load, cursor=cursor, limit=limit)
        return Page(self._summaries(page.items), page.next)

    def _rows(self, names: Sequence[bytes]) -> list[WorkflowRow | None]:
        if not names:
            return []
        rows = self._broker.command("HMGET", places.WORKFLOW_ROWS, *names)
        return [read_workflow(row) for row in rows]

    def _summaries(self, workflows: Sequence[WorkflowRow]) -> list[WorkflowSummary]:
        keys = [
            key
            for workflow in workflows
            for key in (places.execution_rows(workflow.id), *places.executions_by_rank(workflow.id))
        ]
        overviews = self._broker.run("overview", keys) if keys else []
        return [
            WorkflowSummary(workflow.id, workflow.name, count, str(places.RANKS[rank]), time_of(newest))
            for workflow, (count, rank, newest) in zip(workflows, overviews, strict=True)
            if newest
        ]


def _holds(workflow: WorkflowRow, wanted: str) -> bool:
    return wanted in workflow.name.casefold() or wanted in workflow.id.casefold()
