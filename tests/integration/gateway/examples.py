"""Events as engines send them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

STRUCTURED: Final = {"content-type": "application/cloudevents+json"}
NDJSON: Final = {
    "content-type": "application/x-ndjson",
    "ce-specversion": "1.0",
    "ce-type": "runfolio.execution.completed.v1",
    "ce-source": "/tests",
    "ce-id": "1",
}


def unique(prefix: str = "id") -> str:
    """An id that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def step(name: str = "fetch", status: str = "succeeded", **fields: Any) -> dict[str, Any]:
    """A step."""
    return {"name": name, "status": status, **fields}


def completed(
    workflow_id: str | None = None,
    execution_id: str | None = None,
    *,
    steps: list[dict[str, Any]] | None = None,
    status: str = "succeeded",
    workflow_name: str = "virtual assistant",
    **data: Any,
) -> dict[str, Any]:
    """A completed-execution event."""
    return {
        "specversion": "1.0",
        "type": "runfolio.execution.completed.v1",
        "source": "/tests",
        "id": unique("event"),
        "data": {
            "workflow": {"id": workflow_id or unique("workflow"), "name": workflow_name},
            "execution": {
                "id": execution_id or unique("execution"),
                "status": status,
                "started_at": "2025-04-09T14:59:56Z",
            },
            "steps": [step(output="# Found\n")] if steps is None else steps,
            **data,
        },
    }


def started(workflow_id: str, execution_id: str) -> dict[str, Any]:
    """An event that an execution has begun."""
    event = completed(workflow_id, execution_id, status="running")
    del event["data"]["steps"]
    return {**event, "type": "runfolio.execution.started.v1"}


def path_of(event: Mapping[str, Any]) -> str:
    """The path of an event's execution."""
    data = event["data"]
    return f"/v1/workflows/{data['workflow']['id']}/executions/{data['execution']['id']}"
