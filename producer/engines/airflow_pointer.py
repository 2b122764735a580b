"""Payloads of Airflow that name a DAG run and hold no task instances, which its REST API has."""

from __future__ import annotations

from typing import Any

from producer.engines.adapter import Pointed
from producer.engines.bare import bare_record, named
from producer.engines.cursor import Cursor


def points(payload: Any) -> Pointed | None:
    """Tell which DAG run a payload without task instances names."""
    if not isinstance(payload, dict) or payload.get("task_instances") is not None:
        return None
    inner = payload.get("dag_run")
    run = inner if isinstance(inner, dict) else payload
    key = "dag_run_id" if run.get("dag_run_id") is not None else "run_id"
    dag_id, run_id = named(run.get("dag_id")), named(run.get(key))
    if dag_id is None or run_id is None or "task_id" in run:
        return None
    return Pointed(
        {"dag": dag_id, "run": run_id},
        None if run.get("state") is not None else lambda: _bare(Cursor(run, "dag_run" if inner is run else ""), key),
    )


def _bare(run: Cursor, key: str) -> dict[str, Any]:
    return bare_record(run.get("dag_id"), run.get("dag_display_name"), run.get(key))
