"""Dagster: ``{"run": …, "events": …, "captured_logs": …}``, GraphQL's answers to runOrError, logsForRun, capturedLogs.

Each may be the whole answer (``{"data": …}``), or what is inside of it; several answers of one query may come together.
The file of ``dagster debug export`` is taken too, and the body that a run status sensor sends of what it has at hand:
``{"run_id", "job_name", "status", …}``.

- Values of inputs and outputs are in files that only Dagster's own code can read; the log tells where.
- The log of a process belongs to all of the steps that it ran.
"""

from __future__ import annotations

from typing import Any, Final

from producer.engines import dagster_export, dagster_logs, dagster_metadata, dagster_steps
from producer.engines.adapter import Adapter
from producer.engines.cursor import Cursor, present
from producer.engines.dagster_events import Event, read_events
from producer.engines.dagster_statuses import RUNS
from producer.engines.fences import fenced

_IDS: Final = ("runId", "run_id", "id")
_JOBS: Final = ("jobName", "pipelineName", "job_name", "pipeline_name")
_RUN_EVENTS: Final = frozenset({"RUN_SUCCESS", "RUN_FAILURE", "RUN_CANCELED"})


def recognises(payload: Any) -> bool:
    """Whether the payload holds a run with the names that Dagster gives to id and job."""
    if dagster_export.is_export(payload):
        return True
    run = _part(Cursor(payload), "run", "runOrError")
    if not isinstance(run.value, dict):
        return False
    named = any(name in run.value for name in _IDS) and any(name in run.value for name in _JOBS)
    return named and "status" in run.value


def to_record(payload: Any) -> dict[str, Any]:
    """Convert a run that has ended. Raises InvalidRecord and NotCompleted."""
    root = Cursor(payload)
    if not isinstance(payload, dict):
        raise root.problem("must be an object with run, events and captured_logs")
    if dagster_export.is_export(payload):
        root = Cursor(dagster_export.as_answers(root))
    run = _run(root)
    pages = _pages(_part(root, "events", "logsForRun"))
    events = [event for page in pages for event in read_events(page if _is_list(page) else page.get("events"))]
    logs = _part(root, "captured_logs", "capturedLogs")
    more = bool(pages) and not _is_list(pages[-1]) and pages[-1].get("hasMore").value is True
    return {
        "workflow": _workflow(run),
        "execution": _execution(root, run, events, _notes(run, events, logs, more)),
        "steps": dagster_steps.steps(run, events, logs, run.get("step_failures")),
    }


def _part(root: Cursor, name: str, answer: str) -> Cursor:
    """Find a part of the body: by its name or the query's, inside of an answer's data or not."""
    if not isinstance(root.value, dict):
        return Cursor(None, name)
    for place in (root, root.get("data")):
        for key in (name, answer):
            found = place.get(key) if isinstance(place.value, dict) else Cursor(None)
            if isinstance(found.value, dict | list):
                return _inside(found, name, answer)
    # A run stands alone; the other parts have names in any case.
    return root if name == "run" else Cursor(None, name)


def _inside(found: Cursor, name: str, answer: str) -> Cursor:
    for key in ("data", answer, name):
        if isinstance(found.value, dict) and isinstance(found.value.get(key), dict):
            found = found.get(key)
    return found


def _pages(answer: Cursor) -> list[Cursor]:
    """Return the answers that hold the event log: one, or several that were asked for one after the other."""
    if not _is_list(answer):
        return [answer]
    pages = [_inside(each, "events", "logsForRun") for each in answer.each() if isinstance(each.value, dict)]
    return pages if pages and all(_is_list(page.get("events")) for page in pages) else [answer]


def _is_list(answer: Cursor) -> bool:
    return isinstance(answer.value, list)


def _run(root: Cursor) -> Cursor:
    run = _part(root, "run", "runOrError")
    kind = run.get("__typename").label() or "" if isinstance(run.value, dict) else ""
    if kind.endswith("Error"):
        raise run.problem(
            f"is {kind}: {run.get('message').label() or 'no run'}", remedy="Send the answer with the run."
        )
    return run


def _first(run: Cursor, *names: str) -> Cursor:
    return next((run.get(name) for name in names if run.get(name).exists), run.get(names[0]))


def _workflow(run: Cursor) -> dict[str, Any]:
    job = _first(run, *_JOBS)
    return present(
        id=job.identifier(), name=job.text(), details=present(repository=run.get("repositoryOrigin").value) or None
    )


def _execution(root: Cursor, run: Cursor, events: list[Event], notes: list[str]) -> dict[str, Any]:
    end = RUNS.execution(run.get("status"))
    last = next((event for event in reversed(events) if event.type in _RUN_EVENTS), None)
    begun = next((event.time for event in events if event.type == "RUN_START"), None)
    tags = _tags(run)
    return present(
        id=_first(run, *_IDS).identifier(),
        status=end.status.value,
        started_at=run.get("startTime").time() or begun or run.get("creationTime").time(),
        finished_at=run.get("endTime").time() or (last.time if last else None),
        triggered_by=_trigger(run, tags),
        input=_config(run),
        error=_error(run, last) if end.status.value == "failed" else None,
        notes=[note for note in (end.note, *notes) if note] or None,
        details=present(
            tags=tags or None,
            **{name: value for name, value in (run.rest(*_SHOWN) or {}).items() if name not in {"tags", "log"}},
            log=dagster_logs.lines(event for event in events if not event.step),
        ),
        event=root.rest(*_PARTS) if root.value is not run.value else None,
    )


_PARTS: Final = ("run", "events", "captured_logs", "data", "runOrError", "logsForRun", "capturedLogs")
_SHOWN: Final = (
    "__typename",
    *_IDS,
    *_JOBS,
    "status",
    "startTime",
    "endTime",
    "tags",
    "runConfigYaml",
    "runConfig",
    "run_config",
    "stepStats",
    "executionPlan",
    "step_failures",
    "failure",
    "message",
    "repositoryOrigin",
)


def _tags(run: Cursor) -> dict[str, Any]:
    """Read the tags: GraphQL lists them, Dagster itself has an object. What begins with a dot is for Dagster only."""
    tags = run.get("tags")
    if isinstance(tags.value, list):
        pairs = {each.get("key").label() or "": each.get("value").value for each in tags.each()}
    else:
        pairs = dict(tags.fields())
    return {key: value for key, value in pairs.items() if not key.startswith(".")}


def _trigger(run: Cursor, tags: dict[str, Any]) -> str | None:
    for kind in ("schedule", "sensor"):
        name = tags.get(f"dagster/{kind}_name")
        if name:
            return f"{kind} {name}"
    if tags.get("dagster/backfill"):
        return f"backfill {tags['dagster/backfill']}"
    user = tags.get("user")
    parent = run.get("parentRunId").label()
    return str(user) if user else f"re-execution of run {parent}" if parent else None


def _config(run: Cursor) -> Any:
    """Show the run's configuration: as YAML where Dagster answered it so."""
    yaml = run.get("runConfigYaml").value
    if isinstance(yaml, str) and yaml.strip():
        return fenced(yaml)
    config = _first(run, "runConfig", "run_config").value
    return config or None


def _error(run: Cursor, last: Event | None) -> Any:
    told = [last.whole.get("message").label(), dagster_metadata.error_text(last.whole.get("error"))] if last else []
    return "\n\n".join(part for part in told if part) or run.get("failure").value or run.get("message").value


def _notes(run: Cursor, events: list[Event], logs: Cursor, more: bool) -> list[str]:
    notes = []
    if not events:
        held = run.get("stepStats").exists or run.get("step_failures").value
        notes.append(f"The event held no event log{'' if held else ', so no steps can be shown'}.")
    if more:
        notes.append("The event held only the beginning of the event log.")
    if not logs.exists:
        notes.append("The event held no captured logs.")
    return notes


ADAPTER: Final = Adapter("dagster", to_record, recognises)
