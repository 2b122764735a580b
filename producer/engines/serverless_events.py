"""Lifecycle events of Serverless Workflow, from whatever they are wrapped in.

The specification's event is a CloudEvent whose data names the moment by a field of its own (``completedAt`` …). In
binary mode the type is not in the body, and one runtime announces a retry as a start, so that field decides. Runtimes
that log their events write them flat, with ``eventType``, ``instanceId`` and ``taskPosition``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from producer.engines import ordering
from producer.engines.cursor import Cursor

_TYPE: Final = re.compile(r"io\.serverlessworkflow\.(?P<scope>workflow|task)\.(?P<kind>[a-z-]+)(?:\.v\d+)?")
_MOMENTS: Final = {
    "completedAt": "completed",
    "faultedAt": "faulted",
    "cancelledAt": "cancelled",
    "suspendedAt": "suspended",
    "resumedAt": "resumed",
    "retriedAt": "retried",
    "startedAt": "started",
    "createdAt": "created",
    "updatedAt": "status-changed",
}
"""Fields that name the moment, and what they say happened then."""

_TASK_FIELDS: Final = frozenset({"task", "taskName", "taskPosition", "taskExecutionId"})
_FLAT_TIMES: Final = ("endTime", "startTime", "lastUpdateTime", "timestamp")
_INSTANCE: Final = re.compile(r"[a-z]*(?:workflow|instance)id")

ENDS: Final = frozenset({"completed", "faulted", "cancelled"})
ENVELOPE: Final = frozenset(
    {"specversion", "type", "source", "id", "time", "datacontenttype", "dataschema", "data", "subject"}
)
"""What a CloudEvent has by its specification; anything beside it is an extension."""


class Event(NamedTuple):
    """One event: ``scope`` is workflow or task, ``kind`` what happened to it."""

    data: Cursor
    envelope: Cursor
    scope: str
    kind: str
    time: str | None

    @property
    def instance(self) -> str | None:
        """The id of the run of the workflow, as far as the event tells it."""
        own = self.data.get("instanceId").label() or self.data.get("workflowInstanceId").label()
        named = self.data.get("workflow" if self.scope == "task" else "name").label()
        return own or self._extension() or named

    def _extension(self) -> str | None:
        """Find the id among the extension attributes, which are the runtime's own."""
        if self.envelope.value is self.data.value:
            return None
        for name in self.envelope.fields():
            if name not in ENVELOPE and _INSTANCE.fullmatch(name):
                return self.envelope.get(name).label()
        return None

    @property
    def pointer(self) -> str | None:
        """Where the workflow's definition holds the task, as a JSON pointer."""
        return self.data.get("task").text() or self.data.get("taskPosition").text()


def looks_like_events(payload: Any) -> bool:
    """Whether the payload is lifecycle events, judged by the first."""
    if isinstance(payload, list):
        return bool(payload) and looks_like_events(payload[0])
    if not isinstance(payload, dict):
        return False
    if isinstance(payload.get("events"), list) and "type" not in payload:
        return looks_like_events(payload["events"])
    if _TYPE.match(str(payload.get("type"))) or _TYPE.match(str(payload.get("eventType"))):
        return True
    subject = payload.keys() & {"name", "workflow"}
    moments = payload.keys() & (_MOMENTS.keys() - {"createdAt", "updatedAt", "startedAt"})
    return bool(subject) and len(moments) == 1 and payload.keys() <= _BARE


_BARE: Final = {*_MOMENTS, "name", "workflow", "task", "definition", "output", "error", "input", "status", "retryCount"}


def read_events(root: Cursor) -> list[Event]:
    """Read the events by their times, each once; those of one moment stay in the order given."""
    wrapped = root.has("events") and not root.has("type")
    listed = root.get("events") if wrapped else root
    found: dict[tuple[Any, ...], Event] = {}
    for one in listed.each() if isinstance(listed.value, list) else [listed]:
        event = _event(one)
        identifier = one.get("id").label()
        # A source that reuses ids is met by holding what the event tells against them too.
        place = (event.scope, event.kind, event.pointer, event.instance, event.time)
        key = (identifier, one.get("source").label(), *place) if identifier else (one.path,)
        found.setdefault(key, event)
    in_turn = ordering.in_order({"started_at": event.time, "event": event} for event in found.values())
    return [entry["event"] for entry in in_turn]


def _event(one: Cursor) -> Event:
    data = one.get("data") if one.has("data") else one
    word = one.get("type").text() or one.get("eventType").text() or ""
    match = _TYPE.fullmatch(word)
    told = [name for name in _MOMENTS if data.get(name).exists]
    by_field = _MOMENTS[told[0]] if told else ""
    scope = match["scope"] if match else "task" if data.fields().keys() & _TASK_FIELDS else "workflow"
    kind = match["kind"] if match else by_field
    if kind == "started" and "startedAt" not in told and by_field == "retried":
        kind = by_field
    return Event(data, one, scope, kind, _time(one, data, told))


def _time(one: Cursor, data: Cursor, told: list[str]) -> str | None:
    places: Iterator[Cursor] = (data.get(name) for name in (*told, *_FLAT_TIMES))
    return next((time for place in places if (time := place.time())), None) or one.get("time").time()
