"""Airflow's task instances as steps: one for each try of each mapped run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from producer.contract.record import Status
from producer.engines.airflow_logs import TaskLog, read_log
from producer.engines.airflow_parts import Parts, Place, place_of, try_of
from producer.engines.cursor import Cursor, present
from producer.engines.ordering import in_order
from producer.engines.prose import plain
from producer.engines.vocabulary import Phase, StepEnd, Vocabulary

STATES: Final = Vocabulary(
    {
        "none": Phase.QUEUED,
        "scheduled": Phase.QUEUED,
        "queued": Phase.QUEUED,
        "running": Phase.RUNNING,
        "restarting": Phase.RUNNING,
        "shutdown": Phase.RUNNING,
        "deferred": Phase.WAITING,
        "sensing": Phase.WAITING,
        "up_for_reschedule": Phase.WAITING,
        "awaiting_input": Phase.WAITING,
        "success": Status.SUCCEEDED,
        "failed": Status.FAILED,
        "up_for_retry": Status.FAILED,
        "skipped": Status.SKIPPED,
        "upstream_failed": Status.SKIPPED,
        "removed": Status.SKIPPED,
    },
    notes={
        "up_for_retry": "This try failed, and another one was due (the engine's status: 'up_for_retry').",
        "upstream_failed": "This task did not run, because one before it failed (the engine's status: "
        "'upstream_failed').",
        "removed": "This task had been removed from the DAG (the engine's status: 'removed').",
    },
)
"""States of a task instance; Airflow writes null for ``none``."""


class _Run(NamedTuple):
    """One try of a task instance; ``last``: no later one is known, ``gap``: not all of the earlier ones are."""

    place: Place
    number: int
    row: Cursor
    last: bool
    gap: bool


def steps(parts: Parts, dag_run: Cursor) -> list[dict[str, Any]]:
    """Write all tries of all task instances in the order of their start; those without a time come last."""
    described = {task.get("task_id").label(): task.get("doc_md").label() for task in parts.tasks.each()}
    versions = {version.get("id").label() for version in dag_run.get("dag_versions").each()}
    runs = [timed["run"] for timed in in_order(map(_timed, _runs(parts)))]
    writer = _Writer(parts, described, versions - {None})
    return [writer.step(run, number) for run, number in zip(runs, _iterations(runs), strict=True)]


def _runs(parts: Parts) -> Iterator[_Run]:
    rows: dict[Place, dict[int, Cursor]] = {}
    for row in parts.task_instances.each():
        rows.setdefault(place_of(row), {})[try_of(row)] = row
    for row in parts.tries():
        known = rows.setdefault(place_of(row), {})
        shown = known.get(try_of(row))
        # The task instance says more than the try does of the same, but either may leave something out.
        known[try_of(row)] = row if shown is None else Cursor({**row.fields(), **(shown.rest() or {})}, shown.path)
    for place, tries in rows.items():
        numbers = sorted(tries)
        for position, number in enumerate(numbers):
            gap = number > 1 and (position == 0 or numbers[position - 1] < number - 1)
            yield _Run(place, number, tries[number], last=number == numbers[-1], gap=gap)


def _timed(run: _Run) -> dict[str, Any]:
    return {
        "run": run,
        "started_at": run.row.get("start_date").time(),
        "finished_at": run.row.get("end_date").time(),
    }


def _iterations(runs: list[_Run]) -> Iterator[int | None]:
    """Count the runs of each task: by the mapped index, from 1, or by the try; by their order where both repeat."""
    of_task = Counter(run.place.task_id for run in runs)
    mapped = {run.place.task_id for run in runs if run.place.map_index >= 0}
    retried = {place.task_id for place, tries in Counter(run.place for run in runs).items() if tries > 1}
    seen = Counter[str]()
    for run in runs:
        task = run.place.task_id
        seen[task] += 1
        if task in mapped and task in retried:
            yield seen[task]
        elif task in mapped:
            yield run.place.map_index + 1 if of_task[task] > 1 else None
        else:
            yield run.number if of_task[task] > 1 or run.number > 1 else None


class _Writer:
    """Writes the steps of one DAG run."""

    def __init__(self, parts: Parts, described: dict[str | None, str | None], versions: set[str | None]) -> None:
        self._parts = parts
        self._described = described
        self._versions = versions

    def step(self, run: _Run, iteration: int | None) -> dict[str, Any]:
        """Write one try."""
        row, end = run.row, _end(run.row)
        log = read_log(self._parts.log(run.place, run.number))
        values = self._parts.values(run.place) if run.last else None
        failed = end.status is Status.FAILED
        notes = [end.note, *_unknown(run, end, log)]
        # Only of a task that succeeded a reader expects a value; of the others its absence is no news.
        notes.append(values.note if values and end.status is Status.SUCCEEDED else None)
        return present(
            name=run.place.task_id,
            status=end.status.value,
            iteration=iteration,
            started_at=row.get("start_date").time(),
            finished_at=row.get("end_date").time(),
            description=self._description(run),
            input=_filled(row.get("rendered_fields")),
            output=values.returned if values else None,
            error=log.error if failed else None,
            log=log.text,
            notes=[note for note in notes if note] or None,
            xcom=(values.others if values else None) or None,
            details=self._details(row),
        )

    def _description(self, run: _Run) -> str | None:
        # A task's documentation stands with its first run; a mapped task may have thousands.
        lines = [self._described.pop(run.place.task_id, None), _numbers(run)]
        return "\n\n".join(line for line in lines if line) or None

    def _details(self, row: Cursor) -> dict[str, Any] | None:
        version = row.get("dag_version")
        known = isinstance(version.value, dict) and version.get("id").label() in self._versions
        repeated = ("dag_version",) if known else ()
        same_name = ("task_display_name",) if row.get("task_display_name").value == row.get("task_id").value else ()
        return row.rest(*_SHOWN, *repeated, *same_name)


_SHOWN: Final = (
    "task_id",
    "dag_id",
    "dag_run_id",
    "dag_display_name",
    "state",
    "start_date",
    "end_date",
    "run_after",
    "rendered_fields",
)


def _end(row: Cursor) -> StepEnd:
    state = row.get("state")
    return STATES.step(state if state.exists else Cursor("none", state.path))


def _filled(fields: Cursor) -> Any:
    """Return the rendered fields that hold something."""
    return fields.rest() if isinstance(fields.value, dict) else fields.value


def _numbers(run: _Run) -> str | None:
    """Say which of the mapped runs and which of the tries this is."""
    place, label, allowed = run.place, run.row.get("rendered_map_index").label(), run.row.get("max_tries").value
    named = f" ({plain(label)})" if label and label != str(place.map_index) else ""
    mapped = f"Mapped index {place.map_index}{named}." if place.map_index >= 0 else None
    most = f" of at most {allowed + 1}" if isinstance(allowed, int) and allowed >= run.number else ""
    if isinstance(allowed, int) and allowed + 1 == run.number:
        most = f" of {run.number}"
    tried = f"Try {run.number}{most}." if run.number > 1 or (run.number and most and allowed) else None
    return " ".join(part for part in (mapped, tried) if part) or None


def _unknown(run: _Run, end: StepEnd, log: TaskLog) -> Iterator[str]:
    """Say what the event did not tell of a try that ran."""
    if run.gap:
        yield "Earlier tries of this task are not in the event."
    if run.number == 0:
        return
    if log.note:
        yield log.note
    elif log.text is None:
        yield "The event held no log of this try."
    if end.status is Status.FAILED and log.error is None:
        yield "Airflow keeps errors in logs only, and no error was found there."
    if not run.row.has("rendered_fields"):
        yield (
            "The event did not hold the input of this try." if run.last else "Airflow keeps the input of the last try."
        )
