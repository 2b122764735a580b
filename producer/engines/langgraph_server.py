"""A run of a graph server (LangGraph Platform, LangSmith Deployment), as its API and its webhook tell it.

``{"run_id", "thread_id", "assistant_id", "status", "created_at", "updated_at", "metadata", "kwargs"}``; the webhook
adds ``values``, ``error`` and the times of the run. Neither holds what the nodes did.
"""

from __future__ import annotations

from typing import Any, Final

from producer.engines.cursor import Cursor, present
from producer.engines.langgraph_statuses import STATUSES
from producer.engines.langgraph_values import error_text, plain


def is_run(payload: Any) -> bool:
    """Whether the payload is a graph server's run."""
    return isinstance(payload, dict) and "run_id" in payload and ("assistant_id" in payload or "thread_id" in payload)


def record(run: Cursor) -> dict[str, Any]:
    """Convert a completed run, without steps. Raises InvalidRecord and NotCompleted."""
    metadata = run.get("metadata")
    graph = next((c for c in (metadata.get("graph_id"), run.get("graph_id")) if c.exists), run.get("assistant_id"))
    end = STATUSES.execution(_word(run))
    execution = present(
        id=run.get("run_id").identifier(),
        status=end.status.value,
        started_at=_first_time(run, "run_started_at", "created_at"),
        finished_at=_first_time(run, "run_ended_at", "updated_at"),
        triggered_by=metadata.get("langgraph_auth_user_id").label() or metadata.get("created_by").label(),
        input=plain(run.get("kwargs", "input").value),
        output=plain(run.get("values").value),
        error=error_text(run.get("error").value) or None,
        notes=[note for note in (end.note, _NO_STEPS) if note],
        details=run.rest(*_SHOWN),
    )
    return {"workflow": {"id": graph.identifier()}, "execution": execution, "steps": []}


def _word(run: Cursor) -> Cursor:
    values = run.get("values")
    waits = isinstance(values.value, dict) and bool(values.value.get("__interrupt__"))
    return Cursor("paused", f"{values.path}.__interrupt__") if waits else run.get("status")


def _first_time(run: Cursor, *names: str) -> str | None:
    return next((time for name in names if (time := run.get(name).time())), None)


_SHOWN: Final = ("run_id", "status", "run_started_at", "run_ended_at", "created_at", "updated_at", "values", "error")
_NO_STEPS: Final = (
    "A graph server's event holds the result and no nodes, so no steps can be shown. Send the run's trace to see them."
)
