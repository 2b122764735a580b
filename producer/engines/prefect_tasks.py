"""Prefect's task runs as steps: one for each attempt that their histories tell of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from producer.contract.record import Status
from producer.contract.render.text import shortened
from producer.engines import prefect_logs, prefect_outputs
from producer.engines.cursor import Cursor, present
from producer.engines.ordering import in_order, numbered
from producer.engines.prefect_parts import Parts
from producer.engines.prefect_states import Attempt, attempts, history, state_of, task_end
from producer.engines.prose import plain

_ENDS_BADLY: Final = frozenset({Status.FAILED, Status.TIMED_OUT, Status.CANCELLED, Status.INTERRUPTED})
_KEY: Final = re.compile(r"(?P<name>.+)-[0-9a-f]{8}", re.DOTALL)
_LONG_KEY: Final = 30
"""The length from which a dynamic key is a UUID, of which three characters stand in the name."""


def steps(parts: Parts) -> list[dict[str, Any]]:
    """Write all attempts of all task runs in the order of their start; runs of one task are its iterations."""
    names = {run.get("id").label(): run.get("name").label() for run in parts.task_runs}
    return numbered(in_order(step for run in parts.task_runs for step in _attempts(run, parts, names)))


def task_name(run: Cursor) -> str:
    """Name the task of a task run: its runs in a loop differ in the end of their names, which Prefect makes up.

    Where the flow's author named the runs, the name of the task's function is all that is known of the task.
    """
    name, key, dynamic = (_short(run.get(field)) for field in ("name", "task_key", "dynamic_key"))
    if name and dynamic:
        if key and dynamic.startswith(key):
            return name
        suffix = f"-{dynamic[:3]}" if len(dynamic) >= _LONG_KEY else f"-{dynamic}"
        if name.endswith(suffix) and name != suffix:
            return name.removesuffix(suffix)
    match = _KEY.fullmatch(key or "")
    known = match["name"] if match else name or key
    if known is None:
        raise run.get("name").problem("is missing", remedy="Send the task run as Prefect's API answers it.")
    return known


def _short(field: Cursor) -> str | None:
    """Read a name, which stands in each of a task run's attempts and must therefore be no large text."""
    text = field.text()
    if text and len(text) > _LONGEST_NAME:
        raise field.problem(f"has more than {_LONGEST_NAME:,} characters", remedy="Send the name as Prefect wrote it.")
    return text


_LONGEST_NAME: Final = 1000


def _attempts(run: Cursor, parts: Parts, names: dict[str | None, str | None]) -> Iterator[dict[str, Any]]:
    states = parts.states_of(run)
    known = attempts(states)
    logs = parts.logs_of(run)
    if len(known) < 2:
        yield _last(run, parts, names, Attempt(run.get("start_time").time(), None, retried=False), logs, "")
        return
    pieces = prefect_logs.by_attempt(logs, known)
    for number, (attempt, piece) in enumerate(zip(known, pieces, strict=True), 1):
        counted = f"Attempt {number} of {len(known)}."
        if number < len(known):
            yield _earlier(run, attempt, piece, counted)
        else:
            yield _last(run, parts, names, attempt, piece, counted)


def _earlier(run: Cursor, attempt: Attempt, logs: list[Cursor], counted: str) -> dict[str, Any]:
    error = prefect_logs.error(logs, None)
    notes = ["Prefect keeps inputs and details of the last attempt."]
    if error is None:
        notes.append("Prefect keeps the errors of earlier attempts in logs only, and none was found there.")
    return present(
        name=task_name(run),
        status=Status.FAILED.value,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        description=_description(run, counted),
        error=error,
        log=prefect_logs.text(logs),
        notes=notes,
        details=present(id=run.get("id").value) or None,
    )


def _last(
    run: Cursor,
    parts: Parts,
    names: dict[str | None, str | None],
    attempt: Attempt,
    logs: list[Cursor],
    counted: str,
) -> dict[str, Any]:
    state = state_of(run)
    end = task_end(state)
    result = prefect_outputs.result(state.data)
    output, beside = prefect_outputs.shown(parts.artifacts_of(run), result.value)
    bad, ran = end.status in _ENDS_BADLY, end.status is not Status.SKIPPED
    notes = [
        end.note,
        None if bad else state.message,
        result.note if end.status is Status.SUCCEEDED and output is None else None,
        "The event held no log of this run." if ran and not logs else None,
        *_remarks(run, counted),
    ]
    return present(
        name=task_name(run),
        status=end.status.value,
        started_at=attempt.started_at,
        finished_at=_finish(run, attempt, ran),
        description=_description(run, counted),
        input=_inputs(run, names),
        output=output,
        result=beside,
        error=prefect_logs.error(logs, state.message) if bad else None,
        log=prefect_logs.text(logs),
        notes=[note for note in notes if note] or None,
        states=history(parts.states_of(run)),
        details=run.rest(*_SHOWN),
    )


_SHOWN: Final = (
    "name",
    "flow_run_id",
    "state",
    "state_id",
    "state_type",
    "state_name",
    "start_time",
    "end_time",
    "task_inputs",
    "estimated_run_time",
    "estimated_start_time_delta",
)


def _finish(run: Cursor, attempt: Attempt, ran: bool) -> str | None:
    ended = run.get("end_time").time() or attempt.finished_at
    return ended or (run.get("state", "timestamp").time() if ran else None)


def _description(run: Cursor, counted: str) -> str | None:
    name = run.get("name").text()
    known = f"Task run {plain(name)}." if name and name != task_name(run) else ""
    return " ".join(part for part in (known, counted) if part) or None


def _inputs(run: Cursor, names: dict[str | None, str | None]) -> dict[str, Any] | None:
    """Show where inputs came from, with the names of the task runs that gave them."""
    inputs = {
        name: [_source(source.value, names) for source in sources.each()]
        for name, sources in run.get("task_inputs").items()
    }
    return {name: sources for name, sources in inputs.items() if sources} or None


def _source(source: Any, names: dict[str | None, str | None]) -> Any:
    name = names.get(str(source.get("id"))) if isinstance(source, dict) else None
    return {**source, "name": shortened(name)} if name else source


def _remarks(run: Cursor, counted: str) -> Iterator[str]:
    """Say what else a reader should know."""
    if run.get("task_inputs").fields():
        yield "Prefect keeps where inputs came from, not what they were."
    child = run.get("state", "state_details", "child_flow_run_id").label()
    if child:
        yield f"Ran as flow run {child}, which is an execution of its own."
    count = run.get("run_count").integer() or 0
    if count > 1 and not counted:
        yield f"Prefect counts {count} attempts; the event did not hold their states, so they are shown as one."
