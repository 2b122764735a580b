"""Prefect 3: a flow run with what its API answers about it.

- ``{"flow", "flow_run", "task_runs": […], "task_run_states": {…}, "logs": […], "artifacts": […]}``, each as the API
  answers it, and optionally ``flow_run_states``.
- What an automation's webhook sends: ``{"event", "flow", "flow_run"}``, the event alone, or a flat template with
  ``flow_run_id`` and ``state_type``. What a hook sends: ``{"flow", "flow_run", "state"}``. A flow run alone.

A flow run's own name is a nickname made up by Prefect; the workflow's name is that of its flow. Prefect keeps no
inputs of task runs, and results only in its storage, mostly pickled, which is never read: artifacts and logs are what
there is to show. A sub-flow is a task run here and a flow run of its own.
"""

from __future__ import annotations

from typing import Any, Final

from producer.contract.record import Status
from producer.engines import prefect_logs, prefect_outputs, prefect_tasks
from producer.engines.adapter import Adapter
from producer.engines.cursor import Cursor, present
from producer.engines.prefect_forms import FORMS, Form, form_of, recognises
from producer.engines.prefect_parts import Parts
from producer.engines.prefect_pointer import points
from producer.engines.prefect_states import flow_end, history, state_of


def to_record(payload: Any) -> dict[str, Any]:
    """Convert a completed flow run. Raises InvalidRecord and NotCompleted."""
    root = Cursor(payload)
    if not isinstance(payload, dict):
        raise root.problem("must be an object", remedy=FORMS)
    form = form_of(root)
    # The state comes first: of a run that has not ended nothing else is looked at.
    flow_end(state_of(form.run))
    parts = Parts(root)
    steps = prefect_tasks.steps(parts)
    return {"workflow": _workflow(form), "execution": _execution(form, root, parts, steps), "steps": steps}


def _workflow(form: Form) -> dict[str, Any]:
    """Name the flow by its id, or by its name, which is unique too."""
    named = form.run.get("flow_id")
    name = form.flow.get("name")
    flow_id = named if named.exists else form.flow.get("id") if form.flow.get("id").exists else name
    return present(id=flow_id.identifier(), name=name.text() or None, details=form.flow.rest("id", "name"))


def _execution(form: Form, root: Cursor, parts: Parts, steps: list[dict[str, Any]]) -> dict[str, Any]:
    run, state = form.run, state_of(form.run)
    end = flow_end(state)
    result = prefect_outputs.result(state.data)
    output, beside = prefect_outputs.shown(parts.artifacts_of(None), result.value)
    logs = parts.logs_of(None)
    good = end.status is Status.SUCCEEDED
    notes = [
        end.note,
        state.message if good else None,
        None if steps else "The event held no task runs, so no steps can be shown.",
        result.note if good and output is None else None,
    ]
    return present(
        id=run.get("id").identifier(),
        status=end.status.value,
        started_at=run.get("start_time").time(),
        finished_at=run.get("end_time").time() or state.timestamp.time(),
        triggered_by=_trigger(run),
        input=run.get("parameters").value or None,
        output=output,
        result=beside,
        error=None if good else prefect_logs.error(logs, state.message),
        notes=[note for note in notes if note] or None,
        log=[prefect_logs.line(log) for log in logs] or None,
        states=history(root.get("flow_run_states").each()),
        details=run.rest(*_SHOWN) or None,
        event=_beside(form, parts),
    )


_SHOWN: Final = (
    "id",
    "flow_id",
    "state",
    "state_id",
    "state_type",
    "state_name",
    "start_time",
    "end_time",
    "parameters",
    "estimated_run_time",
    "estimated_start_time_delta",
)


def _trigger(run: Cursor) -> str | None:
    creator = run.get("created_by")
    if isinstance(creator.value, dict):
        return creator.get("display_value").label() or creator.get("type").label()
    return "schedule" if run.get("auto_scheduled").value is True else None


def _beside(form: Form, parts: Parts) -> dict[str, Any] | None:
    """Keep what else the event holds."""
    states = parts.unused_states()
    return {**form.beside, **({"task_run_states": states} if states else {})} or None


ADAPTER: Final = Adapter("prefect", to_record, recognises, points)
