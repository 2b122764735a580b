"""Exports and executions for the board's tests, and a board to put them on."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from producer.contract.board import Board, ExecutionSummary, Lease, Page, Refusal
from producer.contract.board.leases import Leases
from producer.contract.export import (
    Archive,
    ExecutionRef,
    Export,
    Options,
    Progress,
    State,
    WorkflowRef,
)

STARTED = datetime(2025, 4, 9, 14, 59, 56, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BLINK = timedelta(milliseconds=20)


def export(**changes: Any) -> Export:
    """Return a queued export of 8 steps under a new id."""
    queued = Export(
        id=uuid.uuid4().hex,
        status=State.QUEUED,
        workflow=WorkflowRef("n8n:1", "virtual assistant"),
        execution=ExecutionRef("4540c83c", "succeeded"),
        options=Options(),
        progress=Progress(0, 8),
        archive=None,
        download_url="https://example.org/d/token",
        expires_at=None,
        error=None,
        created_at=STARTED,
        ready_at=None,
    )
    return msgspec.structs.replace(queued, **changes)


def settled(export: Export, status: State = State.READY) -> Export:
    """Return the export at its end, with an archive where it is ready."""
    archive = Archive("a.zip", 10, "ab" * 32, 8) if status is State.READY else None
    done = 8 if status is State.READY else 3
    return msgspec.structs.replace(
        export, status=status, archive=archive, progress=Progress(done, 8), ready_at=STARTED + MINUTE
    )


def acquired(leases: Leases, export: Export, generation: int = 0, ttl: timedelta = MINUTE) -> Lease:
    """Take the lease, which nobody else may hold."""
    lease = leases.acquire(export, generation, owner="worker", ttl=ttl)
    assert not isinstance(lease, Refusal)
    return lease


def moves_of(leases: Leases, lease: Lease, export: Export) -> list[Callable[[], object]]:
    """Return everything that the holder of a lease can do."""
    return [
        lambda: leases.renew(lease, MINUTE),
        lambda: leases.progress(lease, 1, 8),
        lambda: leases.settle(lease, settled(export)),
        lambda: leases.hand_back(lease, export, "away"),
    ]


def status_of(board: Board, export_id: str) -> State | None:
    """Return the state that the board knows."""
    entry = board.exports.known(export_id)
    return entry.export.status if entry else None


def listed(board: Board, **filters: Any) -> list[str]:
    """Return the ids of one page of exports."""
    return [each.id for each in board.exports.page(**filters).items]


def execution(number: int, **changes: Any) -> ExecutionSummary:
    """Return the completed execution ``number``, started so many seconds after the first."""
    started = STARTED + timedelta(seconds=number)
    summary = ExecutionSummary(
        workflow_id="n8n:1",
        workflow_name="virtual assistant",
        execution_id=f"{number:08}",
        status="succeeded",
        started_at=started,
        finished_at=started + MINUTE,
        triggered_by="schedule",
        input_preview="Summarise the day",
        accepted_at=1_000,
        listed_at=int(started.timestamp() * 1000),
        digest="0f" * 32,
        step_count=12,
    )
    return msgspec.structs.replace(summary, **changes)


def every(page_after: Callable[[str | None], Page[ExecutionSummary]]) -> list[ExecutionSummary]:
    """Read all pages, from the newest on."""
    found: list[ExecutionSummary] = []
    cursor: str | None = None
    while True:
        page = page_after(cursor)
        found += page.items
        cursor = page.next
        if cursor is None:
            return found
