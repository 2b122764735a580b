"""Payloads of n8n without run data, which its public API has.

What a node of the workflow itself posts (``{"executionId", "workflowId", "workflowName"}``) names the execution while
it still runs. The Error Trigger's event and an execution that was read without its data are records of their own.
"""

from __future__ import annotations

from typing import Any

from producer.engines.adapter import Pointed
from producer.engines.bare import bare_record, named
from producer.engines.cursor import Cursor


def points(payload: Any) -> Pointed | None:
    """Tell which execution a payload without run data names."""
    if (
        not isinstance(payload, dict)
        or isinstance(payload.get("runData"), dict)
        or isinstance(payload.get("data"), dict)
    ):
        return None
    if isinstance(payload.get("data"), str):  # Run data in n8n's internal form.
        return None
    execution, workflow = payload.get("execution"), payload.get("workflow")
    if "executionId" in payload and ("workflowId" in payload or isinstance(workflow, dict)):
        return _pointed(payload.get("executionId"), payload)
    if isinstance(execution, dict) and isinstance(workflow, dict) and "error" in execution and "mode" in execution:
        return _pointed(execution.get("id"))
    if "workflowId" in payload and "id" in payload and ("status" in payload or "finished" in payload):
        return _pointed(payload.get("id"))
    return None


def _pointed(identifier: Any, bare: dict[str, Any] | None = None) -> Pointed | None:
    execution_id = named(identifier)
    if execution_id is None:
        return None
    return Pointed({"execution": execution_id}, None if bare is None else lambda: _bare(Cursor(bare)))


def _bare(root: Cursor) -> dict[str, Any]:
    workflow = root.get("workflow") if isinstance(root.get("workflow").value, dict) else Cursor({}, "workflow")
    named_here = root.get("workflowId")
    name = root.get("workflowName")
    return bare_record(
        named_here if named_here.exists else workflow.get("id"),
        name if name.exists else workflow.get("name"),
        root.get("executionId"),
    )
