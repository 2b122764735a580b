"""Addresses of workflows and executions: of their pages and, under ``/v1``, of their resources."""

from __future__ import annotations

from urllib.parse import quote


def workflow_path(workflow_id: str) -> str:
    """Return the address of a workflow's page; under ``/v1`` it is that of its resource."""
    return f"/workflows/{quote(workflow_id, safe='')}"


def execution_path(workflow_id: str, execution_id: str) -> str:
    """Return the address of an execution's page; under ``/v1`` it is that of its resource."""
    return f"{workflow_path(workflow_id)}/executions/{quote(execution_id, safe='')}"
