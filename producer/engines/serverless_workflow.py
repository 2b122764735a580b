"""Serverless Workflow: the lifecycle events of one run of a workflow, as a list, ``{"events": […]}``, or alone.

The event that completed, faulted or cancelled the workflow ends the execution; it suffices, and tells no steps. The
events of tasks make the steps: a task that starts again is another iteration, which is how loops show, and a retry is
a run of its own. The specification names an execution ``<workflow>-<suffix>.<namespace>``; runtimes that name it
otherwise tell its id by a field or an extension attribute.
"""

from __future__ import annotations

import re
from typing import Any, Final

from producer.contract.errors import InvalidRecord
from producer.contract.record import Status
from producer.engines import serverless_tasks
from producer.engines.adapter import Adapter
from producer.engines.cursor import Cursor, present
from producer.engines.serverless_events import ENDS, ENVELOPE, Event, looks_like_events, read_events
from producer.engines.serverless_tasks import STATUSES, told

_SPECIFIED: Final = re.compile(r"(?P<name>.+)-[^-.]+\.(?P<namespace>[^.]+)")
_QUALIFIED: Final = re.compile(r"(?P<namespace>[^/:]+)/(?P<name>[^/:]+)(?::(?P<version>.+))?")


def recognises(payload: Any) -> bool:
    """Whether the payload is lifecycle events."""
    return looks_like_events(payload)


def to_record(payload: Any) -> dict[str, Any]:
    """Convert the events of an execution that has ended. Raises InvalidRecord and NotCompleted."""
    root = Cursor(payload)
    if not isinstance(payload, dict | list):
        raise root.problem("must be an event or a list of events", remedy=_FORMS)
    events = read_events(root)
    ending = _ending(root, events)
    own = [event for event in events if event.instance in {None, ending.instance}]
    steps = serverless_tasks.steps([event for event in own if event.scope == "task"])
    execution = _execution(ending, own, strangers=len(events) - len(own), alone=not steps)
    return {"workflow": _workflow(ending, own), "execution": execution, "steps": steps}


_FORMS: Final = "Send the io.serverlessworkflow events of one execution, with the one that ended the workflow."


def _ending(root: Cursor, events: list[Event]) -> Event:
    """Find the event that ended the workflow; where none did, the last one that tells how it stands."""
    whole = [event for event in events if event.scope == "workflow"]
    told = [event for event in whole if _word(event).value in STATUSES.words]
    ended = [event for event in told if _is_end(event)]
    if len({event.instance for event in ended}) > 1:
        raise InvalidRecord(
            f"The payload holds events of {len({event.instance for event in ended})} executions that ended.",
            field=ended[1].envelope.path or None,
            remedy="Send the events of one execution at a time.",
        )
    own = [event for event in ended if event.kind in ENDS] or ended or told
    if own:
        return own[-1]
    tasks = [event for event in events if event.scope == "task" and event.kind in STATUSES.words]
    if tasks:
        # Only tasks have told of themselves, so the workflow itself still runs; this raises NotCompleted.
        STATUSES.execution(Cursor("running", "workflow"))
    if whole:
        STATUSES.execution(_word(whole[-1]))
    raise root.problem("holds no lifecycle event of a workflow", remedy=_FORMS)


def _is_end(event: Event) -> bool:
    return isinstance(STATUSES.words.get(_word(event).value), Status)


def _word(event: Event) -> Cursor:
    """Tell how the workflow stands: by what happened, or by the status that changed."""
    if event.kind == "status-changed":
        status = event.data.get("status")
        return Cursor((status.text() or "").lower(), status.path)
    return Cursor(event.kind, event.envelope.get("type").path)


def _workflow(ending: Event, own: list[Event]) -> dict[str, Any]:
    name, namespace, version = _definition(ending, own)
    known = f"{namespace}/{name}" if namespace else name
    return present(id=known, name=name, details=present(namespace=namespace, version=version) or None)


def _definition(ending: Event, own: list[Event]) -> tuple[str, str | None, str | None]:
    """Find name, namespace and version of the definition: told by an event, else read from the execution's name."""
    for event in (ending, *own):
        definition, data = event.data.get("definition"), event.data
        for place, names in ((definition, _PLAIN), (data, _FLAT)):
            name, namespace, version = (place.get(one).label() for one in names)
            if name:
                return name, namespace, version
    named = ending.data.get("name")
    text = named.text() or ending.instance or named.identifier()
    match = _QUALIFIED.fullmatch(text) or _SPECIFIED.fullmatch(text)
    if match is None:
        return Cursor(text, named.path).identifier(), None, None
    return match["name"], match["namespace"], match.groupdict().get("version")


_PLAIN: Final = ("name", "namespace", "version")
_FLAT: Final = ("workflowName", "workflowNamespace", "workflowVersion")


def _execution(ending: Event, own: list[Event], *, strangers: int, alone: bool) -> dict[str, Any]:
    end = STATUSES.execution(_word(ending))
    whole = [event for event in own if event.scope == "workflow"]
    begun = next((event for event in whole if event.kind == "started"), None)
    shown = [ending] if begun is None else [ending, begun]
    between = [
        event.envelope.value for event in own if not _is_of_task(event) and not any(event is one for one in shown)
    ]
    notes = [
        end.note,
        "The event held no events of tasks, so no steps can be shown." if alone else None,
        f"{strangers} events of other executions are not shown." if strangers else None,
    ]
    extensions = ending.envelope.rest(*ENVELOPE) if ending.envelope.value is not ending.data.value else None
    return present(
        id=Cursor(ending.instance, ending.data.get("name").path).identifier(),
        status=end.status.value,
        started_at=begun.time if begun else None,
        finished_at=ending.time,
        input=told(whole, "input"),
        output=told(whole, "output"),
        error=told(whole, "error"),
        notes=[note for note in notes if note] or None,
        details=present(
            source=ending.envelope.get("source").value, **(extensions or {}), **(ending.data.rest(*_SHOWN) or {})
        )
        or None,
        events=between or None,
    )


def _is_of_task(event: Event) -> bool:
    return event.scope == "task" and event.kind in STATUSES.words


_SHOWN: Final = (
    "name",
    "definition",
    "completedAt",
    "faultedAt",
    "cancelledAt",
    "updatedAt",
    "input",
    "output",
    "error",
    "status",
    "instanceId",
    "eventType",
    "timestamp",
    "startTime",
    "endTime",
    "workflowNamespace",
    "workflowName",
    "workflowVersion",
    "source",
)

ADAPTER: Final = Adapter("serverless-workflow", to_record, recognises)
