"""The webhook of dbt's platform: ``{"eventType": "job.run.completed", "data": {"jobId", "runId", "runStatus", …}}``.

It tells that a run of a job ended and how; its nodes are in the run's artifacts.
"""

from __future__ import annotations

from typing import Any, Final

from producer.engines.cursor import Cursor, present
from producer.engines.dbt_statuses import CLOUD_STATUSES


def is_webhook(payload: Any) -> bool:
    """Whether the payload is a webhook about a run of a job."""
    kind = payload.get("eventType") if isinstance(payload, dict) else None
    return isinstance(kind, str) and kind.startswith("job.run.") and isinstance(payload.get("data"), dict)


def record(root: Cursor) -> dict[str, Any]:
    """Convert a completed run, without steps. Raises InvalidRecord and NotCompleted."""
    data = root.get("data")
    end = CLOUD_STATUSES.execution(data.get("runStatus"))
    ended = (data.get(name).time() for name in ("runFinishedAt", "runErroredAt"))
    return {
        "workflow": present(id=data.get("jobId").identifier(), name=data.get("jobName").text()),
        "execution": present(
            id=data.get("runId").identifier(),
            status=end.status.value,
            started_at=data.get("runStartedAt").time(),
            finished_at=next((time for time in ended if time), None) or root.get("timestamp").time(),
            triggered_by=data.get("runReason").label(),
            error=data.get("runStatusMessage").value or None,
            notes=[_NO_STEPS],
            details=data.rest(*_SHOWN),
            event=root.rest("data"),
        ),
        "steps": [],
    }


_SHOWN: Final = (
    "jobId",
    "jobName",
    "runId",
    "runStatus",
    "runStatusMessage",
    "runReason",
    "runStartedAt",
    "runFinishedAt",
    "runErroredAt",
)
_NO_STEPS: Final = "The webhook names none of the nodes. Send the run's run_results.json to see them."
