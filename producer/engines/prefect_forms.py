"""The forms in which Prefect, or a template of its user, tells of a flow run."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from producer.engines.cursor import Cursor, present

FORMS: Final = (
    "Send {flow, flow_run, task_runs, task_run_states, logs, artifacts}, each as Prefect's API answers it, or the "
    'webhook\'s {"event": {{ event|tojson }}, "flow": {{ flow|tojson }}, "flow_run": {{ flow_run|tojson }}}.'
)
_PARTS: Final = ("flow", "flow_run", "task_runs", "task_run_states", "flow_run_states", "logs", "artifacts", "state")
_EVENT: Final = "prefect.flow-run."
_FLOW: Final = "prefect.flow."


class Form(NamedTuple):
    """A flow run, its flow, and what else stood beside them."""

    run: Cursor
    flow: Cursor
    beside: dict[str, Any]


def recognises(payload: Any) -> bool:
    """Whether the payload has one of the forms."""
    if not isinstance(payload, dict):
        return False
    run = payload.get("flow_run")
    return (isinstance(run, dict) and "id" in run) or _is_flat(payload) or _is_run(payload) or _names_event(payload)


def _is_flat(body: dict[str, Any]) -> bool:
    return "flow_run_id" in body and "state_type" in body and "task_key" not in body


def _is_run(body: dict[str, Any]) -> bool:
    return "flow_id" in body and "id" in body and ("state_type" in body or "state" in body)


def _names_event(body: dict[str, Any]) -> bool:
    inner = body.get("event")
    event = inner if isinstance(inner, dict) else body
    name = event.get("event")
    return isinstance(name, str) and name.startswith(_EVENT) and isinstance(event.get("resource"), dict)


def form_of(root: Cursor) -> Form:
    """Find the flow run. Raises InvalidRecord where the payload has none of the forms."""
    body = root.fields()
    if body.get("flow_run") is not None:
        return _whole(root)
    if _is_flat(body):
        return _flat(root)
    if _is_run(body):
        return Form(Cursor({k: v for k, v in body.items() if k not in _PARTS or k == "state"}), root.get("flow"), {})
    if _names_event(body):
        return _of_event(root.get("event") if isinstance(body["event"], dict) else root)
    raise root.get("flow_run").problem("is missing", remedy=FORMS)


def _whole(root: Cursor) -> Form:
    run, state, flow = root.get("flow_run"), root.get("state"), root.get("flow")
    if state.get("type").exists:
        # A hook is told the state apart from the run, which may not have taken it on.
        merged = {**run.get("state").fields(), **(state.rest() or {})}
        run = Cursor({**run.fields(), "state": merged}, run.path)
    if isinstance(flow.value, str):
        flow = Cursor({"name": flow.value})
    return Form(run, flow, root.rest(*_PARTS) or {})


def _flat(root: Cursor) -> Form:
    """Read a template of single fields, of which the names of these few are as Prefect's documentation has them."""

    def first(*names: str) -> Any:
        return next((root.get(name).value for name in names if root.get(name).exists), None)

    run = present(
        id=first("flow_run_id"),
        flow_id=first("flow_id"),
        name=first("flow_run_name"),
        state_type=first("state_type"),
        state_name=first("state_name"),
        start_time=first("start_time", "start"),
        end_time=first("end_time", "end", "occurred"),
        parameters=first("parameters", "flow_run_parameters"),
        state=present(message=first("state_message", "message")) or None,
    )
    name = root.get("flow") if isinstance(root.get("flow").value, str) else root.get("flow_name")
    return Form(Cursor(run), Cursor({"name": name.value}), root.rest(*_FLAT, *_PARTS) or {})


_FLAT: Final = (
    "flow_run_id",
    "flow_id",
    "flow_name",
    "flow_run_name",
    "state_type",
    "state_name",
    "state_message",
    "message",
    "start_time",
    "start",
    "end_time",
    "end",
    "parameters",
    "flow_run_parameters",
)


def _of_event(event: Cursor) -> Form:
    """Read an event of Prefect, which knows the ids, the state and little else."""
    resource = event.get("resource")
    flow = next(
        (one for one in event.get("related").each() if one.get("prefect.resource.role").value == "flow"), Cursor({})
    )
    identifier = resource.get("prefect.resource.id")
    run = present(
        id=(identifier.text() or "").removeprefix(_EVENT) or None,
        name=resource.get("prefect.resource.name").value,
        run_count=resource.get("prefect.run-count").value,
        end_time=event.get("occurred").value,
        state=present(
            type=resource.get("prefect.state-type").value,
            name=resource.get("prefect.state-name").value,
            message=resource.get("prefect.state-message").value,
        ),
    )
    named = present(
        id=(flow.get("prefect.resource.id").text() or "").removeprefix(_FLOW) or None,
        name=flow.get("prefect.resource.name").value,
    )
    return Form(Cursor(run, "event"), Cursor(named, "flow"), {"event": event.value})
