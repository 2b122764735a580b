"""The listing index of executions: any number of a workflow's, newest first, compact, rebuilt when it is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from producer.contract.board import places
from producer.contract.board.broker import Argument, Broker
from producer.contract.board.pages import Page, chosen, read_page
from producer.contract.board.positions import Listing, name_of
from producer.contract.board.summaries import ExecutionSummary, rank_of, read_row, write_row, write_workflow


class Revision(NamedTuple):
    """One revision of an execution, named by its record's digest."""

    workflow_id: str
    execution_id: str
    digest: str


class ExecutionBoard:
    """Executions by workflow. Every method raises BrokerUnavailable."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def put(self, summary: ExecutionSummary) -> bool:
        """List an execution, or its newer revision; tell whether that changed anything.

        The revision accepted last wins, an equal or older one changes nothing; a running execution becomes a
        completed one, never the other way round.
        """
        arguments: list[Argument] = [
            places.short(summary.workflow_id),
            places.short(summary.execution_id),
            rank_of(summary),
            summary.accepted_at,
            summary.listed_at,
            write_row(summary),
            write_workflow(summary),
        ]
        return bool(self._broker.run("list_execution", _keys(summary.workflow_id), arguments))

    def find(self, workflow_id: str, execution_id: str) -> ExecutionSummary | None:
        """Return what is listed of one execution."""
        return self._rows(workflow_id, [places.short(execution_id)])[0]

    def unlisted(self, revisions: Sequence[Revision]) -> list[Revision]:
        """Return those of some revisions that are not what is listed of their executions: not yet, or not any more."""
        asked = [("HGET", places.execution_rows(one.workflow_id), places.short(one.execution_id)) for one in revisions]
        rows = zip(revisions, self._broker.batch(asked), strict=True)
        listed = ((one, read_row(one.workflow_id, row)) for one, row in rows)
        return [one for one, row in listed if row is None or row.digest != one.digest]

    def page(
        self, workflow_id: str, *, status: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[ExecutionSummary]:
        """List a workflow's executions, newest first, of one status (``running`` is one) or any.

        Raises InvalidOptions naming ``cursor`` or ``status``.
        """

        def load(members: Sequence[bytes]) -> list[ExecutionSummary | None]:
            rows = self._rows(workflow_id, [name_of(member) for member in members])
            return [row if row and status in {None, row.status} else None for row in rows]

        listings = chosen(places.executions_by_rank(workflow_id), places.RANKS, status)
        return read_page(self._broker, Listing.EXECUTIONS, listings, load, cursor=cursor, limit=limit)

    def forget(self, workflow_id: str, execution_id: str) -> bool:
        """Remove an execution, and its workflow with the last one; tell whether it was listed."""
        arguments = [places.short(workflow_id), places.short(execution_id)]
        return bool(self._broker.run("forget_execution", _keys(workflow_id), arguments))

    def _rows(self, workflow_id: str, fields: Sequence[bytes]) -> list[ExecutionSummary | None]:
        if not fields:
            return []
        rows = self._broker.command("HMGET", places.execution_rows(workflow_id), *fields)
        return [read_row(workflow_id, row) for row in rows]


def _keys(workflow_id: str) -> list[bytes]:
    return [
        places.WORKFLOW_ORDER,
        places.WORKFLOW_ROWS,
        places.execution_rows(workflow_id),
        *places.executions_by_rank(workflow_id),
    ]
