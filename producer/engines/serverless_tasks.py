"""The tasks of a Serverless Workflow as steps: every run of each, put together from the events that tell of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from producer.contract.record import Status
from producer.engines import ordering
from producer.engines.cursor import Cursor, present
from producer.engines.serverless_events import ENDS, Event
from producer.engines.vocabulary import Phase, Vocabulary

STATUSES: Final = Vocabulary(
    {
        "created": Phase.QUEUED,
        "pending": Phase.QUEUED,
        "started": Phase.RUNNING,
        "running": Phase.RUNNING,
        "resumed": Phase.RUNNING,
        "retried": Phase.RUNNING,
        "waiting": Phase.WAITING,
        "suspended": Phase.WAITING,
        "completed": Status.SUCCEEDED,
        "faulted": Status.FAILED,
        "failed": Status.FAILED,
        "cancelled": Status.CANCELLED,
    }
)
"""What can happen to a workflow or task, and the words of its status."""


@dataclass
class _Run:
    """One run of a task. ``attempt`` counts its tries from 1."""

    key: str
    name: str
    attempt: int = 1
    events: list[Event] = field(default_factory=list)

    def last(self, *kinds: str) -> Event | None:
        found = [event for event in self.events if event.kind in kinds]
        return found[-1] if found else None

    @property
    def has_begun(self) -> bool:
        return self.last("started", "retried") is not None

    @property
    def has_ended(self) -> bool:
        return self.last(*ENDS) is not None


def steps(events: list[Event]) -> list[dict[str, Any]]:
    """Turn the events of tasks, in the order of their times, into steps."""
    runs: list[_Run] = []
    latest: dict[str, _Run] = {}
    for event in events:
        if event.kind not in STATUSES.words:
            continue
        key = event.pointer or event.data.get("taskName").text() or event.data.get("taskExecutionId").label() or ""
        run = _run_of(event, latest.get(key))
        if run is None:
            before = latest.get(key)
            again = event.kind == "retried" and before is not None
            run = latest[key] = _Run(key, _name(event, key), before.attempt + 1 if before and again else 1)
            runs.append(run)
        run.events.append(event)
    names = _distinct_names(runs)
    return ordering.numbered(ordering.in_order(_step(run, names[run.key]) for run in runs))


def _run_of(event: Event, known: _Run | None) -> _Run | None:
    """Find the run that an event belongs to; None where it begins another."""
    if known is None:
        return None
    if event.kind == "retried":
        return None
    if event.kind in {"created", "started"}:
        # A retry may be followed by a start of its own; an end of the same moment may have been delivered first.
        retried = known.last("retried") is not None and known.last("started") is None
        end = known.last(*ENDS)
        swapped = end is not None and not known.has_begun and end.time == event.time
        waits = not known.has_begun and not known.has_ended
        return known if swapped or waits or (retried and not known.has_ended) else None
    return None if known.has_ended else known


def _name(event: Event, key: str) -> str:
    """Name a task as its definition does: by the last part of its pointer, unless that is a number."""
    own = event.data.get("taskName").text()
    last = key.rpartition("/")[2]
    return own or (key if last.isdecimal() else last.replace("~1", "/").replace("~0", "~")) or key


def _distinct_names(runs: list[_Run]) -> dict[str, str]:
    """Name two tasks of one name by their pointers."""
    keys: dict[str, set[str]] = {}
    for run in runs:
        keys.setdefault(run.name, set()).add(run.key)
    return {run.key: run.name if len(keys[run.name]) == 1 else run.key for run in runs}


def _step(run: _Run, name: str) -> dict[str, Any]:
    end, begun = run.last(*ENDS), run.last("started") or run.last("retried")
    status = STATUSES.step(_word(run))
    retried = run.attempt > 1
    notes = [
        status.note,
        f"This is try {run.attempt} of the task." if retried else None,
        *(f"It was {event.kind} at {event.time}." for event in run.events if event.kind in {"suspended", "resumed"}),
        None if begun else "The event held no start of this task.",
    ]
    return present(
        name=name,
        status=status.status.value,
        started_at=begun.time if begun else None,
        finished_at=end.time if end else None,
        input=told(run.events, "input"),
        output=told(run.events, "output"),
        error=told(run.events, "error"),
        notes=[note for note in notes if note] or None,
        details=present(task=run.key or None, **_others(run)) or None,
    )


def _word(run: _Run) -> Cursor:
    """Take the end as the word; without one, whatever happened last."""
    event = run.last(*ENDS) or run.events[-1]
    return Cursor(event.kind, event.envelope.get("type").path)


def told(events: list[Event], name: str) -> Any:
    """Find a value that any of the events tells; the last one counts."""
    return next((event.data.get(name).value for event in reversed(events) if event.data.get(name).exists), None)


def _others(run: _Run) -> dict[str, Any]:
    others: dict[str, Any] = {}
    for event in run.events:
        others |= event.data.rest(*_SHOWN) or {}
    return others


_SHOWN: Final = (
    "workflow",
    "task",
    "taskName",
    "taskPosition",
    "definition",
    "instanceId",
    "eventType",
    "timestamp",
    "status",
    "input",
    "output",
    "error",
    "startTime",
    "endTime",
    "startedAt",
    "createdAt",
    "completedAt",
    "faultedAt",
    "cancelledAt",
    "suspendedAt",
    "resumedAt",
    "retriedAt",
    "workflowNamespace",
    "workflowName",
    "workflowVersion",
)
