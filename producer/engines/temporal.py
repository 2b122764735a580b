"""Temporal: the history of one run, as the command line, the web page, the SDKs and the API write it.

That is ``{"events": […]}``, the list alone, or the API's ``{"history": {"events": […]}}``; what ``describe`` tells
(``workflowExecutionInfo``) may stand beside it. The run has ended where an event of the history says so.

- Of a retried activity a history keeps the last attempt, and the failure before it.
- Steps are activities (local ones too), child workflows, timers, signals, updates and Nexus operations. The workflow's
  own turns (``WorkflowTask…``) are left out, but for those that failed.
"""

from __future__ import annotations

from typing import Any, Final

from producer.contract.errors import NotCompleted
from producer.engines import temporal_failure, temporal_steps
from producer.engines.adapter import Adapter
from producer.engines.cursor import Cursor, present
from producer.engines.temporal_events import Event, looks_like_event, read_events
from producer.engines.temporal_payloads import arguments, readable
from producer.engines.temporal_statuses import EXECUTIONS, ONGOING

_TURN: Final = "WorkflowTask"


def recognises(payload: Any) -> bool:
    """Whether the payload is a history."""
    events = _events(Cursor(payload)).value
    return isinstance(events, list) and bool(events) and looks_like_event(events[0])


def to_record(payload: Any) -> dict[str, Any]:
    """Convert the history of a run that has ended. Raises InvalidRecord and NotCompleted."""
    root = Cursor(payload)
    if not isinstance(payload, dict | list):
        raise root.problem("must be a history: an object with events")
    place = _events(root)
    events = read_events(place)
    closing = _closing(events, place, root)
    started = next((event for event in events if event.type == "WorkflowExecutionStarted"), None)
    attributes = (
        started.attributes if started else Cursor(None, f"{place.path}[0].workflowExecutionStartedEventAttributes")
    )
    steps, rest = temporal_steps.steps(events)
    info = _info(root)
    return {
        "workflow": _workflow(attributes, info),
        "execution": _execution(attributes, info, events, closing, rest),
        "steps": steps,
    }


def _events(root: Cursor) -> Cursor:
    if isinstance(root.value, list):
        return root
    if not isinstance(root.value, dict):
        return Cursor(None)
    history = root.value.get("history")
    if isinstance(history, dict):
        return root.get("history", "events")
    return root.get("history" if isinstance(history, list) else "events")


def _info(root: Cursor) -> Cursor:
    """Return what describe tells of the run, in whichever place it was put."""
    if not isinstance(root.value, dict):
        return Cursor(None)
    described = root.value.get("description")
    outer = root.get("description") if isinstance(described, dict) else root
    for name in ("workflowExecution", "execution"):
        # Some senders put the two ids beside the history, as describe and list name them.
        if isinstance(root.value.get(name), dict):
            return Cursor({"execution": root.value[name]}, "")
    names = ("workflowExecutionInfo", "workflow_execution_info")
    return next((outer.get(name) for name in names if isinstance(outer.get(name).value, dict)), Cursor(None, names[0]))


def _closing(events: list[Event], place: Cursor, root: Cursor) -> Event:
    """Find the event that ended the run. Raises NotCompleted, and InvalidRecord where the last event is unknown."""
    closing = next((event for event in reversed(events) if event.type in EXECUTIONS.words), None)
    if closing is not None:
        return closing
    last = events[-1] if events else None
    if last and last.type.startswith("WorkflowExecution") and last.type not in ONGOING:
        # An end that is not known here must not look like a run that goes on.
        EXECUTIONS.execution(Cursor(last.type, f"{last.whole.path}.eventType"))
    cut = isinstance(root.value, dict) and (root.value.get("nextPageToken") or root.value.get("next_page_token"))
    raise NotCompleted(
        "The history holds no event that ends the run: only completed executions are exported.",
        field=place.path or "events",
        remedy="Send the history's further pages too." if cut else "Send the history again when the run has ended.",
    )


def _workflow(started: Cursor, info: Cursor) -> dict[str, Any]:
    """Name the workflow by its type; Temporal's own workflow id names executions."""
    kind = started.get("workflowType", "name")
    name = kind if kind.exists else info.get("type", "name")
    return present(id=(name if name.exists else kind).identifier(), name=name.text())


def _execution(started: Cursor, info: Cursor, events: list[Event], closing: Event, rest: list[Event]) -> dict[str, Any]:
    end = EXECUTIONS.execution(Cursor(closing.type, f"{closing.whole.path}.eventType"))
    told = closing.attributes
    failure = told.get("failure")
    return present(
        id=_run_id(started, info).identifier(),
        status=end.status.value,
        started_at=events[0].time,
        finished_at=closing.time,
        triggered_by=_trigger(started),
        input=arguments(started.get("input").value),
        output=arguments(told.get("result").value),
        error=temporal_failure.text(failure) or told.get("reason").value or None,
        notes=[note for note in (end.note, *_remarks(started, told, rest)) if note] or None,
        details=present(
            workflow_id=started.get("workflowId").value or info.get("execution", "workflowId").value,
            **readable(started.rest("workflowType", "input", "workflowId") or {}),
            ended=readable(told.rest("result", "failure", "workflowTaskCompletedEventId", "input")),
            next_input=_next_input(closing),
            failure=temporal_failure.more(failure),
            description=readable(info.value),
            other_events=_others(rest) or None,
        ),
    )


def _next_input(closing: Event) -> Any:
    """Show what a run that goes on in a new one hands to it."""
    return arguments(closing.attributes.get("input").value)


def _run_id(started: Cursor, info: Cursor) -> Cursor:
    """Choose the run's id: what describe says, for a history tells only the first id that the run had before resets."""
    described = info.get("execution", "runId")
    return described if described.exists else started.get("originalExecutionRunId")


def _trigger(started: Cursor) -> str | None:
    """Name who started the run: the parent workflow, else the client."""
    parent = started.get("parentWorkflowExecution", "workflowId").label()
    return f"workflow {parent}" if parent else started.get("identity").label() or None


def _remarks(started: Cursor, told: Cursor, rest: list[Event]) -> list[str]:
    notes = []
    attempt = started.get("attempt").label()
    if attempt not in {None, "0", "1"}:
        notes.append(f"This run is attempt {attempt} of its workflow.")
    for name, sentence in (("continuedExecutionRunId", "It goes on from run"), ("newExecutionRunId", "")):
        other = (started if sentence else told).get(name).label()
        if other:
            notes.append(f"{sentence or 'It goes on in run'} {other}.")
    asked = [event for event in rest if event.type == "WorkflowExecutionCancelRequested"]
    notes.extend(f"Cancellation was asked for at {event.time}{_by(event)}." for event in asked)
    failed = sum(event.type in {"WorkflowTaskFailed", "WorkflowTaskTimedOut"} for event in rest)
    if failed:
        notes.append(f"{failed} of the workflow's own turns failed and were repeated; see the other events.")
    return notes


def _by(event: Event) -> str:
    who = event.attributes.get("identity").label()
    return f" by {who}" if who else ""


def _others(rest: list[Event]) -> list[dict[str, Any]]:
    """Show the events that are no step's, such as markers and failed turns; what merely drives the workflow is not."""
    return [
        present(event=event.type, time=event.time, attributes=readable(event.attributes.value))
        for event in rest
        if event.type not in {*EXECUTIONS.words, "WorkflowExecutionStarted"} and not _is_turn(event)
    ]


def _is_turn(event: Event) -> bool:
    return event.type.startswith(_TURN) and event.type not in {"WorkflowTaskFailed", "WorkflowTaskTimedOut"}


ADAPTER: Final = Adapter("temporal", to_record, recognises)
