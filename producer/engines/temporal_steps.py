"""The steps of a Temporal workflow: what it started and what reached it, each from its first event to its last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from producer.contract.record import Status
from producer.engines import temporal_failure
from producer.engines.cursor import Cursor, present
from producer.engines.fences import fenced
from producer.engines.iterations import Place, iterations
from producer.engines.temporal_events import Event, reference
from producer.engines.temporal_local import local_activity
from producer.engines.temporal_payloads import arguments, readable
from producer.engines.temporal_statuses import STEPS
from producer.engines.vocabulary import StepEnd


class Kind(NamedTuple):
    """A kind of step: what it is called, its first event, where that names it, and how later events refer to it."""

    name: str
    opened_by: str
    named_by: tuple[str, ...]
    referred_by: tuple[str, ...]
    input: tuple[str, ...] = ("input",)


KINDS: Final = (
    Kind("activity", "ActivityTaskScheduled", ("activityType", "name"), ("scheduledEventId",)),
    Kind(
        "child workflow",
        "StartChildWorkflowExecutionInitiated",
        ("workflowType", "name"),
        ("initiatedEventId",),
    ),
    Kind("timer", "TimerStarted", (), ("startedEventId",)),
    Kind("signal", "WorkflowExecutionSignaled", ("signalName",), ()),
    Kind("signal sent", "SignalExternalWorkflowExecutionInitiated", ("signalName",), ("initiatedEventId",)),
    Kind("cancellation sent", "RequestCancelExternalWorkflowExecutionInitiated", (), ("initiatedEventId",)),
    Kind(
        "update",
        "WorkflowExecutionUpdateAccepted",
        ("acceptedRequest", "input", "name"),
        ("acceptedEventId",),
        ("acceptedRequest", "input", "args"),
    ),
    Kind("Nexus operation", "NexusOperationScheduled", ("operation",), ("scheduledEventId",)),
)
_BY_OPENING: Final = {kind.opened_by: kind for kind in KINDS}
_STARTED: Final = frozenset({"ActivityTaskStarted", "ChildWorkflowExecutionStarted", "NexusOperationStarted"})
_CANCELLING: Final = frozenset({"ActivityTaskCancelRequested", "NexusOperationCancelRequested"})
_CANCELLED: Final = frozenset({"NexusOperationCancelRequestCompleted", "NexusOperationCancelRequestFailed"})
FOLLOWING: Final = frozenset({*STEPS.words, *_STARTED, *_CANCELLING, *_CANCELLED})
"""Events that belong to the step that another event began."""

_INSTANT: Final = "signal"
_LOCAL: Final = "local activity"


class Course(NamedTuple):
    """One step's events: the first, and those that refer to it."""

    kind: Kind
    opening: Event
    later: list[Event]

    def find(self, types: Iterable[str]) -> Event | None:
        """Find the last event of some types."""
        wanted = frozenset(types)
        return next((event for event in reversed(self.later) if event.type in wanted), None)


def steps(events: list[Event]) -> tuple[list[dict[str, Any]], list[Event]]:
    """Write the steps in the order in which they were asked for, and return the events that belong to none."""
    courses: dict[int, Course] = {}
    written: dict[int, dict[str, Any]] = {}
    rest: list[Event] = []
    for event in events:
        local = local_activity(event)
        if event.type in _BY_OPENING:
            courses[event.number] = Course(_BY_OPENING[event.type], event, [])
        elif local is not None:
            written[event.number] = local
        elif not _follow(courses, event):
            rest.append(event)
    written.update({number: _step(course) for number, course in courses.items()})
    return _numbered([written[number] for number in sorted(written)]), rest


def _follow(courses: dict[int, Course], event: Event) -> bool:
    """Put an event to the step that it belongs to."""
    if event.type not in FOLLOWING:
        return False
    course = courses.get(reference(event, "scheduledEventId", "initiatedEventId", "acceptedEventId") or 0)
    if course is None:
        course = courses.get(reference(event, "startedEventId") or 0)
    if course is None:
        return False
    course.later.append(event)
    return True


def _numbered(written: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give numbers to the runs of every step that ran more than once; one name of two kinds of steps is told apart."""
    kinds: dict[str, set[str]] = {}
    for step in written:
        kinds.setdefault(step["name"], set()).add(step["details"]["kind"])
    for step in written:
        kind = step["details"]["kind"]
        if len(kinds[step["name"]]) > 1 and kind not in {"activity", _LOCAL}:
            step["name"] = f"{step['name']} ({kind})"
    for step, number in zip(written, iterations([Place(step["name"]) for step in written]), strict=True):
        if number is not None:
            step["iteration"] = number
    return written


def _step(course: Course) -> dict[str, Any]:
    opening, started, closing = course.opening, course.find(_STARTED), course.find(STEPS.words)
    end = _end(course, closing)
    attempt = started.attributes.get("attempt").label() if started else None
    retried = attempt not in {None, "0", "1"}
    told = closing.attributes if closing else Cursor(None)
    failure = _failure(told)
    return present(
        name=_name(course),
        status=end.status.value,
        started_at=(opening if retried or started is None else started).time,
        finished_at=(closing or opening).time if closing or course.kind.name == _INSTANT else None,
        description=_description(opening),
        input=arguments(opening.attributes.get(*course.kind.input).value),
        output=_output(told),
        error=temporal_failure.text(failure) or _reason(told, end),
        children=_attempts(started),
        notes=[note for note in (end.note, *_remarks(course, attempt if retried else None)) if note] or None,
        details=_details(course, started, told, failure),
    )


def _name(course: Course) -> str:
    if course.kind.named_by:
        name = course.opening.attributes.get(*course.kind.named_by).text()
        if name:
            service = course.opening.attributes.get("service").label()
            return f"{service}.{name}" if service and course.kind.name == "Nexus operation" else name
    return course.kind.name.capitalize()


def _end(course: Course, closing: Event | None) -> StepEnd:
    """Read how a step ended. A history does not tell of an open activity whether a worker had begun it."""
    if closing is not None:
        end = STEPS.step(Cursor(closing.type, f"{closing.whole.path}.eventType"))
        refused = closing.attributes.get("outcome", "failure").exists
        return StepEnd(Status.FAILED, end.note) if refused else end
    if course.kind.name == _INSTANT:
        return StepEnd(Status.SUCCEEDED, None)
    if course.find(_CANCELLING):
        return StepEnd(Status.CANCELLED, "It was asked to cancel, and had not answered when the workflow ended.")
    return StepEnd(Status.INTERRUPTED, f"The {course.kind.name} was still open when the workflow ended.")


def _failure(told: Cursor) -> Cursor:
    failure = told.get("failure")
    return failure if failure.exists else told.get("outcome", "failure")


def _output(told: Cursor) -> Any:
    result = told.get("result")
    return arguments((result if result.exists else told.get("outcome", "success")).value)


def _reason(told: Cursor, end: StepEnd) -> Any:
    """Tell why a step failed where Temporal gives a word or details in the place of a failure."""
    cause = told.get("cause").label()
    if cause and end.status is Status.FAILED:
        return cause
    return arguments(told.get("details").value) if end.status is Status.CANCELLED else None


def _description(opening: Event) -> str | None:
    """Show the summary and details that the workflow's code gave for people."""
    parts = [readable(opening.whole.get("userMetadata", name).value) for name in ("summary", "details")]
    return "\n\n".join(part for part in parts if isinstance(part, str) and part) or None


def _attempts(started: Event | None) -> list[dict[str, Any]] | None:
    """Show the attempt before the last one, the only other that a history tells of."""
    failure = started.attributes.get("lastFailure") if started else Cursor(None)
    told = temporal_failure.text(failure)
    if not told:
        return None
    return [
        present(
            name="The attempt before",
            kind="attempt",
            status=Status.FAILED.value,
            output=fenced(told),
            details=temporal_failure.more(failure),
        )
    ]


def _remarks(course: Course, attempt: str | None) -> Iterator[str]:
    if attempt:
        yield f"Attempt {attempt}. The times cover all attempts; of earlier ones a history keeps the last failure only."
    policy = course.opening.attributes.get("parentClosePolicy").label()
    if course.kind.name == "child workflow" and policy:
        yield f"The child workflow has a history of its own (its parent's end means: {policy})."


def _details(course: Course, started: Event | None, told: Cursor, failure: Cursor) -> dict[str, Any]:
    opening = course.opening.attributes.rest("input", *course.kind.named_by[:1]) or {}
    begun = started.attributes.rest("scheduledEventId", "initiatedEventId", "lastFailure") if started else None
    return present(
        kind=course.kind.name,
        scheduled_at=course.opening.time if started else None,
        last_attempt_started_at=started.time if started else None,
        links=[*_links(course.opening), *(link for event in course.later for link in _links(event))] or None,
        **readable(opening),
        started=readable(begun),
        ended=readable(told.rest("result", "failure", "outcome", "scheduledEventId", "initiatedEventId")),
        failure=temporal_failure.more(failure),
    )


def _links(event: Event) -> list[Any]:
    links = event.whole.get("links").value
    return links if isinstance(links, list) else []
