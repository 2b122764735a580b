"""Airflow 3: a DAG run with what its REST API (``/api/v2``) answers about it.

``{"dag_run": …, "task_instances": …, "tries": {"task[map_index]": …}, "xcom": {"task[map_index]": …},
"logs": {"task[map_index]#try": …}}``, and optionally ``dag`` and ``tasks`` for descriptions. Each part is the API's
own answer, or the list inside of it. A DAG run alone, and what callbacks and listeners are given, make a record
without steps.

- The list of task instances knows the last try of each only; the earlier ones come from ``tries``.
- An error stands nowhere but in the log of its try.
- Values that tasks returned are their XComs named ``return_value``; a task that returned None has none.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from producer.contract.record import Status
from producer.engines.adapter import Adapter
from producer.engines.airflow_parts import Parts, listed
from producer.engines.airflow_pointer import points
from producer.engines.airflow_tasks import steps
from producer.engines.cursor import Cursor, present
from producer.engines.vocabulary import Phase, Vocabulary

STATES: Final = Vocabulary(
    {
        "queued": Phase.QUEUED,
        "running": Phase.RUNNING,
        "success": Status.SUCCEEDED,
        "failed": Status.FAILED,
    }
)
"""States of a DAG run."""

_PARTS: Final = ("dag_run", "task_instances", "tries", "xcom", "logs", "dag", "tasks")


def recognises(payload: Any) -> bool:
    """Whether the payload is or holds a DAG run."""
    return isinstance(payload, dict) and (_is_dag_run(payload.get("dag_run")) or _is_dag_run(payload))


def _is_dag_run(value: Any) -> bool:
    if not isinstance(value, dict) or "task_id" in value:
        return False
    return "dag_id" in value and "state" in value and ("dag_run_id" in value or "run_id" in value)


def to_record(payload: Any) -> dict[str, Any]:
    """Convert a completed DAG run. Raises InvalidRecord and NotCompleted."""
    root = Cursor(payload)
    if not isinstance(payload, dict):
        raise root.problem("must be an object", remedy=_FORM)
    run = root if _is_dag_run(payload) and "dag_run" not in payload else root.get("dag_run")
    if not run.exists:
        raise run.problem("is missing", remedy=_FORM)
    # The states come first: of a run that has not ended nothing else is looked at.
    end = STATES.execution(run.get("state"))
    parts = Parts(root)
    written = steps(parts, run)
    return {
        "workflow": _workflow(run, root.get("dag")),
        "execution": _execution(root, run, end.status, parts, written),
        "steps": written,
    }


_FORM: Final = (
    "Send {dag_run, task_instances, tries, xcom, logs}, each as Airflow's REST API answers it; only dag_run is needed."
)


def _workflow(run: Cursor, dag: Cursor) -> dict[str, Any]:
    return present(
        id=run.get("dag_id").identifier(),
        name=run.get("dag_display_name").text() or dag.get("dag_display_name").text() or None,
        details=dag.rest("dag_id", "dag_display_name", "file_token"),
    )


def _execution(
    root: Cursor, run: Cursor, status: Status, parts: Parts, written: list[dict[str, Any]]
) -> dict[str, Any]:
    named = run.get("dag_run_id") if run.get("dag_run_id").exists else run.get("run_id")
    beside = None if run is root else root.rest(*_PARTS)
    event = {**(beside or {}), **parts.unused()}
    return present(
        id=named.identifier(),
        status=status.value,
        started_at=_time(run.get("start_date")),
        finished_at=_time(run.get("end_date")),
        triggered_by=_trigger(run),
        input=run.get("conf").value or None,
        error=_reason(root) if status is Status.FAILED else None,
        notes=_notes(root, written) or None,
        details=run.rest(*_SHOWN, *(_PARTS if run is root else ())),
        event=event or None,
    )


_SHOWN: Final = ("dag_id", "dag_display_name", "dag_run_id", "run_id", "state", "start_date", "end_date", "conf")
_REASONS: Final = ("reason", "msg")
"""Where a callback's context and a listener's hook say why the run failed."""


def _reason(root: Cursor) -> str | None:
    return next((reason for name in _REASONS if (reason := root.get(name).label())), None)


def _trigger(run: Cursor) -> str | None:
    """Name the user and the way, as far as they are known; a scheduled run has no user."""
    user, way = run.get("triggering_user_name").label(), run.get("triggered_by").label() or run.get("run_type").label()
    return f"{user} ({way})" if user and way else user or way


def _notes(root: Cursor, written: list[dict[str, Any]]) -> list[str]:
    notes = [] if written else ["The event held no task instances, so no steps can be shown."]
    part = root.get("task_instances")
    total = part.get("total_entries").value if isinstance(part.value, dict) else None
    held = len(listed(part, "task_instances").elements())
    if isinstance(total, int) and total > held:
        notes.append(f"The event held {held} of the run's {total} task instances; the others cannot be shown.")
    return notes


_REPR: Final = re.compile(
    r"datetime\.datetime\((\d{4}(?:, \d{1,6}){2,6}), tzinfo=(?:Timezone\('UTC'\)|datetime\.timezone\.utc)\)", re.ASCII
)


def _time(value: Cursor) -> str | None:
    """Read a time, also as a listener writes it that has no JSON of its own: by Python's repr."""
    match = _REPR.fullmatch(value.value) if isinstance(value.value, str) else None
    if match is None:
        return value.time()
    year, month, day, *clock = (int(number) for number in match[1].split(", "))
    try:
        moment = datetime(year, month, day, *clock, tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        raise value.problem("is no moment of the calendar") from None
    return Cursor(moment.isoformat(), value.path).time()


ADAPTER: Final = Adapter("airflow", to_record, recognises, points)
