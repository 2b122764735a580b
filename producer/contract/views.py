"""An export as everybody sees it, made from what storage knows of it."""

from __future__ import annotations

from datetime import datetime

from producer.contract.export import Export, Facts, Pending, Progress, State


def pending_view(pending: Pending, *, status: State = State.QUEUED, progress: Progress | None = None) -> Export:
    """Show an export that is not settled."""
    return Export(
        id=pending.id,
        status=status,
        workflow=pending.workflow,
        execution=pending.execution,
        options=pending.options,
        progress=progress or Progress(0, pending.step_count),
        archive=None,
        download_url=pending.download_url,
        expires_at=None,
        error=None,
        created_at=pending.created_at,
        ready_at=None,
    )


def settled_view(facts: Facts, now: datetime) -> Export:
    """Show a settled export; a link whose time has passed is expired, whether the sweeper came by or not."""
    pending = facts.pending
    ready = facts.status in {State.READY, State.EXPIRED}
    expired = facts.status is State.READY and facts.expires_at is not None and now >= facts.expires_at
    total = pending.step_count
    return Export(
        id=pending.id,
        status=State.EXPIRED if expired else facts.status,
        workflow=pending.workflow,
        execution=pending.execution,
        options=pending.options,
        progress=Progress(total if ready else 0, total),
        archive=facts.archive,
        download_url=pending.download_url,
        expires_at=facts.expires_at,
        error=facts.error,
        created_at=pending.created_at,
        ready_at=facts.settled_at if ready else None,
    )
