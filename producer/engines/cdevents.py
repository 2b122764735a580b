"""CDEvents: ``pipelinerun.finished`` or ``taskrun.finished``, alone or in a list with the other events of the run.

Events are taken bare (``{"context", "subject"}``) and as the data of structured CloudEvents. A finished pipeline run is
the execution, and the task runs, test runs and test suites that came with it are its steps; a task run that came
without a pipeline run is an execution of its own. A step's start is told by another event than its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from producer.contract.errors import InvalidRecord, NotCompleted
from producer.contract.record import Status
from producer.engines import ordering
from producer.engines.adapter import Adapter
from producer.engines.cursor import Cursor, present
from producer.engines.vocabulary import Phase, Vocabulary

OUTCOMES: Final = Vocabulary(
    {
        "success": Status.SUCCEEDED,
        "pass": Status.SUCCEEDED,
        "failure": Status.FAILED,
        "fail": Status.FAILED,
        "error": Status.FAILED,
        "cancel": Status.CANCELLED,
        "skip": Status.SKIPPED,
        "queued": Phase.QUEUED,
        "running": Phase.RUNNING,
    },
    notes={"error": "It could not be carried out (the outcome of the event: 'error')."},
)
"""Outcomes; ``queued`` and ``running`` stand for runs whose end no event told."""

_TYPE: Final = re.compile(r"dev\.cdevents\.(?P<subject>[a-z]+)\.(?P<predicate>[a-z]+)\.\S+")
_NAMES: Final = {
    "pipelinerun": ("pipelineName",),
    "taskrun": ("taskName",),
    "testcaserun": ("testCase", "name"),
    "testsuiterun": ("testSuite", "name"),
}
"""The subjects that are runs, and where the content names what ran."""

_ENDS: Final = frozenset({"finished", "skipped"})


class _Event(NamedTuple):
    """One event. ``body`` is the object with context and subject."""

    body: Cursor
    subject: str
    predicate: str

    @property
    def run(self) -> str:
        return self.body.get("subject", "id").label() or ""

    @property
    def content(self) -> Cursor:
        return self.body.get("subject", "content")

    @property
    def time(self) -> str | None:
        return self.body.get("context", "timestamp").time()


class _Run(NamedTuple):
    """The events of one run: the last one, and the one that tells its start, where there is one."""

    last: _Event
    started: _Event | None

    @property
    def has_ended(self) -> bool:
        return self.last.predicate in _ENDS


def recognises(payload: Any) -> bool:
    """Whether the payload is an event, judged by the first of a list."""
    if isinstance(payload, list):
        return bool(payload) and recognises(payload[0])
    if not isinstance(payload, dict):
        return False
    if isinstance(payload.get("data"), dict):
        return recognises(payload["data"])
    context = payload.get("context")
    return isinstance(context, dict) and str(context.get("type")).startswith(("dev.cdevents.", "dev.cdeventsx."))


def to_record(payload: Any) -> dict[str, Any]:
    """Convert a finished run. Raises InvalidRecord and NotCompleted."""
    events = list(_events(Cursor(payload)))
    execution = _execution_event(events)
    own = [event for event in events if _belongs(event, execution)]
    runs = [run for run in _runs(own) if run.last.subject != "pipelinerun"]
    steps = ordering.numbered(ordering.in_order(_step(run) for run in runs))
    return {
        "workflow": _workflow(execution),
        "execution": _execution(execution, events, own, alone=not steps),
        "steps": steps,
    }


def _events(root: Cursor) -> Iterator[_Event]:
    """Go through the events by their times, each once: transport may deliver one again."""
    found: dict[tuple[Any, ...], _Event] = {}
    for one in root.each() if isinstance(root.value, list) else [root]:
        body = one.get("data") if one.has("data") else one
        context, word = body.get("context"), body.get("context", "type")
        match = _TYPE.fullmatch(word.text() or "")
        event = _Event(body, match["subject"] if match else "", match["predicate"] if match else "")
        identifier = context.get("id").label()
        source = context.get("source").label()
        key = (identifier, source, word.value, event.run, event.time) if identifier else (body.path,)
        found.setdefault(key, event)
    # Events of one moment are taken in the order in which a run passes through them.
    in_turn = sorted(found.values(), key=lambda event: _TURNS.get(event.predicate, 1))
    by_time = ordering.in_order({"started_at": event.time, "event": event} for event in in_turn)
    yield from (entry["event"] for entry in by_time)


_TURNS: Final = {"queued": 0, "started": 1, "finished": 2, "skipped": 2}


def _execution_event(events: list[_Event]) -> _Event:
    """Find the event that ends the execution."""
    for subject in ("pipelinerun", "taskrun"):
        told = [event for event in events if event.subject == subject]
        ended = [event for event in told if event.predicate == "finished"]
        if len({event.run for event in ended}) > 1:
            raise InvalidRecord(
                f"The payload holds {len(ended)} finished runs of the kind {subject}.",
                field=ended[1].body.path or None,
                remedy="Send the events of one pipeline run at a time, with its pipelinerun.finished.",
            )
        if ended:
            return ended[-1]
        if told:
            word = told[-1].body.get("context", "type")
            raise NotCompleted(
                f"{word.path} is '{word.value}': only finished runs are exported.",
                field=word.path,
                remedy=f"Send the event {subject}.finished, alone or together with the others.",
            )
    raise _no_run(events)


def _no_run(events: list[_Event]) -> InvalidRecord:
    word = events[0].body.get("context", "type") if events else Cursor(None, "context.type")
    said = f"is '{str(word.value)[:80]}', which ends no run" if word.exists else "is missing"
    return word.problem(said, remedy="Send dev.cdevents.pipelinerun.finished or dev.cdevents.taskrun.finished.")


def _belongs(event: _Event, execution: _Event) -> bool:
    """Whether an event is of this execution: a task run may name the pipeline run that it is part of."""
    if event.subject == execution.subject:
        return event.run == execution.run
    owner = event.content.get("pipelineRun", "id").label()
    return owner in {None, execution.run}


def _runs(events: list[_Event]) -> list[_Run]:
    """Put the events of every run together; one that began again is another run."""
    runs: list[_Run] = []
    latest: dict[tuple[str, str], int] = {}
    for event in events:
        if event.subject not in _NAMES or event.predicate not in {"queued", "started", *_ENDS}:
            continue
        key = (event.subject, event.run)
        started = event if event.predicate == "started" else None
        known = latest.get(key)
        if known is not None and not runs[known].has_ended:
            runs[known] = _Run(event, started or runs[known].started)
        else:
            latest[key] = len(runs)
            runs.append(_Run(event, started))
    return runs


def _step(run: _Run) -> dict[str, Any]:
    event = run.last
    end = OUTCOMES.step(_outcome(event))
    content = event.content
    return present(
        name=_name(event),
        status=end.status.value,
        started_at=run.started.time if run.started else None,
        finished_at=event.time if run.has_ended else None,
        error=_error(event, end.status),
        notes=[note for note in (end.note, _reason(content)) if note] or None,
        kind=event.subject,
        url=_address(content),
        details=_details(event),
    )


def _outcome(event: _Event) -> Cursor:
    """Read the outcome, or the word for an event that is no end."""
    if event.predicate == "finished":
        return event.content.get("outcome")
    word = {"skipped": "skip", "queued": "queued"}.get(event.predicate, "running")
    return Cursor(word, event.body.get("context", "type").path)


def _name(event: _Event) -> str:
    content = event.content
    return content.get(*_NAMES[event.subject]).text() or _nested_id(content) or event.run


def _nested_id(content: Cursor) -> str | None:
    for name in ("testCase", "testSuite"):
        if content.get(name, "id").exists:
            return content.get(name, "id").label()
    return None


def _error(event: _Event, status: Status) -> Any:
    """Show what the event says of errors; of a test, its reason."""
    told = event.content.get("errors").value
    if told:
        return told
    return event.content.get("reason").value if status is Status.FAILED else None


def _reason(content: Cursor) -> str | None:
    reason = content.get("reason").text()
    return f"Reason: {reason}" if reason else None


def _address(content: Cursor) -> str | None:
    return content.get("uri").text() or content.get("url").text()


def _details(event: _Event) -> dict[str, Any] | None:
    details = present(
        content=event.content.rest("pipelineName", "taskName", "uri", "url", "outcome", "errors"),
        subject=event.body.get("subject").rest("content"),
        context=event.body.get("context").rest("timestamp"),
    )
    return {**details, **(event.body.rest("context", "subject") or {})} or None


def _workflow(execution: _Event) -> dict[str, Any]:
    """Name what ran; a run whose event does not name it is told by where it ran."""
    name = execution.content.get(*_NAMES[execution.subject])
    places = (name, execution.body.get("subject", "source"), execution.body.get("context", "source"))
    return {"id": next((place for place in places if place.value), name).identifier()}


def _execution(event: _Event, events: list[_Event], own: list[_Event], *, alone: bool) -> dict[str, Any]:
    end = OUTCOMES.execution(_outcome(event))
    mine = [one for one in own if one.subject == event.subject and one.predicate == "started"]
    others = [one.body.value for one in own if one.subject not in _NAMES]
    strangers = len(events) - len(own)
    notes = [
        end.note,
        "The event held no task runs, so no steps can be shown." if alone else None,
        f"{strangers} events of other runs are not shown." if strangers else None,
        "CDEvents hold neither inputs, outputs nor logs.",
    ]
    return present(
        id=event.body.get("subject", "id").identifier(),
        status=end.status.value,
        started_at=mine[-1].time if mine else None,
        finished_at=event.time,
        error=_error(event, end.status),
        url=_address(event.content),
        notes=[note for note in notes if note],
        details=_details(event),
        events=others or None,
    )


ADAPTER: Final = Adapter("cdevents", to_record, recognises)
