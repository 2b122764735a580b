"""Payloads of Prefect that name a flow run and hold no task runs, which its API has."""

from __future__ import annotations

from typing import Any

from producer.contract.errors import InvalidRecord
from producer.engines.adapter import Pointed
from producer.engines.bare import bare_record, named
from producer.engines.cursor import Cursor
from producer.engines.prefect_forms import form_of, recognises


def points(payload: Any) -> Pointed | None:
    """Tell which flow run a payload without task runs names."""
    if not isinstance(payload, dict) or payload.get("task_runs") is not None:
        return None
    if recognises(payload):
        return _of_form(payload)
    flow_run = named(payload.get("flow_run_id"))
    if flow_run is None or "task_key" in payload or not _names_flow(payload):
        return None
    by_name = payload.get("flow_name") or payload.get("flow")
    return Pointed(_ids(flow_run, payload.get("flow_id"), by_name), lambda: _bare(Cursor(payload)))


def _of_form(payload: dict[str, Any]) -> Pointed | None:
    try:
        form = form_of(Cursor(payload))
        flow_run, flow_id = named(form.run.get("id").value), form.run.get("flow_id").value or form.flow.get("id").value
        name = form.flow.get("name").value
    except InvalidRecord:
        return None  # The adapter says of the same payload what is wrong with it.
    return None if flow_run is None else Pointed(_ids(flow_run, flow_id, name))


def _ids(flow_run: str, flow_id: Any, name: Any) -> dict[str, str]:
    """Name a flow by its name only where that is all that is known of it."""
    return {"flow_run": flow_run, **({"flow_name": name} if flow_id is None and isinstance(name, str) else {})}


def _names_flow(payload: dict[str, Any]) -> bool:
    return any(named(payload.get(name)) is not None for name in ("flow_id", "flow_name", "flow"))


def _bare(root: Cursor) -> dict[str, Any]:
    flow_id = root.get("flow_id")
    name = root.get("flow_name") if root.get("flow_name").exists else root.get("flow")
    return bare_record(flow_id if flow_id.exists else name, name, root.get("flow_run_id"))
