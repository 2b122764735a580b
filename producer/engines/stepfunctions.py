"""AWS Step Functions: ``{"execution": …, "history": […]}``.

``execution`` is what DescribeExecution or StartSyncExecution answers, or the event that EventBridge delivers, whole or
its ``detail``; ``history`` holds the events of GetExecutionHistory, from one page or all. Either stands alone too: the
execution without a history gives no steps, the history without an execution has no id and is refused.

- Inputs and outputs are JSON in strings.
- Every visit to a state is a step, and so is every attempt of a task; the places in a map are their numbers.
- The children of a distributed map are executions of their own.
"""

from __future__ import annotations

import re
from typing import Any, Final

from producer.contract.errors import InvalidRecord
from producer.engines import stepfunctions_steps
from producer.engines import stepfunctions_values as values
from producer.engines.adapter import Adapter
from producer.engines.cursor import Cursor, present
from producer.engines.stepfunctions_history import Event, History, looks_like_event, read_event, time_or_none
from producer.engines.stepfunctions_statuses import ENDINGS, EXECUTIONS

_ARN: Final = re.compile(
    r"(?P<partition>arn:[^:]*):states:(?P<region>[^:]*):(?P<account>[^:]*):(?P<kind>[^:]*):(?P<name>[^:]+)(?::.*)?"
)
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


def recognises(payload: Any) -> bool:
    """Whether the payload names an execution by its ARN, or is a history."""
    root = Cursor(payload)
    execution = _execution_of(root).value
    if isinstance(execution, dict) and "executionArn" in execution:
        return True
    events = _event_list(root)
    return bool(events) and looks_like_event(events[0].value)


def to_record(payload: Any) -> dict[str, Any]:
    """Convert an execution that has ended. Raises InvalidRecord and NotCompleted."""
    root = Cursor(payload)
    if not isinstance(payload, dict | list):
        raise root.problem("must be an object with execution and history")
    execution = _execution_of(root)
    events = [read_event(each) for each in _event_list(root)]
    if not execution.get("executionArn").exists:
        raise InvalidRecord(
            "The payload names no execution (executionArn).",
            field="execution.executionArn",
            remedy='Send {"execution": what DescribeExecution answers, "history": the events}.',
        )
    history = History(events)
    ending = _ending(history)
    failure = _failure(execution, ending)
    return {
        "workflow": _workflow(execution),
        "execution": _execution(execution, history, failure, _notes(events, ending)),
        "steps": stepfunctions_steps.steps(history, failure),
    }


def _execution_of(root: Cursor) -> Cursor:
    """Find the execution: beside the history, in EventBridge's frame, or as the payload itself."""
    here = root
    if not isinstance(here.value, dict):
        return Cursor(None, "execution")
    for key in ("execution", "detail"):
        if isinstance(here.value.get(key), dict):
            here = here.get(key)
    if here.has("ExecutionArn"):
        return Cursor({name[:1].lower() + name[1:]: each for name, each in here.fields().items()}, here.path)
    return here


def _event_list(root: Cursor) -> list[Cursor]:
    """Collect the events of a list, of an answer, or of several answers."""
    if not isinstance(root.value, dict):
        place = root
    else:
        place = next((root.get(key) for key in ("history", "events", "Events") if root.has(key)), Cursor(None))
    pages = [place] if isinstance(place.value, dict) else _pages(place)
    if not pages:
        return list(place.each()) if isinstance(place.value, list) else []
    return [event for page in pages for key in ("events", "Events") for event in page.get(key).each()]


def _pages(place: Cursor) -> list[Cursor]:
    pages = list(place.each()) if isinstance(place.value, list) else []
    inside = [page for page in pages if page.has("events") or page.has("Events")]
    return inside if len(inside) == len(pages) else []


def _ending(history: History) -> Event | None:
    return next((event for event in reversed(history.rest) if event.type in ENDINGS), None)


def _failure(execution: Cursor, ending: Event | None) -> Cursor:
    told = execution.get("error").exists or execution.get("cause").exists
    return execution if told or ending is None else ending.details


def _workflow(execution: Cursor) -> dict[str, Any]:
    """Name the state machine by its ARN, without the version or alias; an execution's ARN tells it too."""
    arn = execution.get("stateMachineArn")
    machine, run = _ARN.fullmatch(arn.text() or ""), _ARN.fullmatch(execution.get("executionArn").text() or "")
    if machine:
        whole = (arn.text() or "")[: machine.end("name")]
        return present(id=Cursor(whole, arn.path).identifier(), name=machine["name"])
    if arn.exists or run is None:
        return present(id=arn.identifier())
    whole = f"{run['partition']}:states:{run['region']}:{run['account']}:stateMachine:{run['name']}"
    return present(id=Cursor(whole, execution.path).identifier(), name=run["name"])


def _execution(execution: Cursor, history: History, failure: Cursor, notes: list[str]) -> dict[str, Any]:
    first = next((event for event in history.rest if event.type == "ExecutionStarted"), None)
    ending = _ending(history)
    status = execution.get("status")
    if not status.exists and ending is not None:
        status = Cursor(ENDINGS[ending.type], status.path)
    end = EXECUTIONS.execution(status)
    text, more = values.error(failure)
    given = execution.get("input")
    output = execution.get("output")
    return present(
        id=execution.get("executionArn").identifier(),
        status=end.status.value,
        started_at=time_or_none(execution.get("startDate")) or (first.time if first else None),
        finished_at=time_or_none(execution.get("stopDate")) or (ending.time if ending else None),
        input=values.value((given if given.exists or not first else first.details.get("input")).value),
        output=values.value((output if output.exists or not ending else ending.details.get("output")).value),
        error=text,
        url=_url(execution.get("executionArn")),
        notes=[*([end.note] if end.note else []), *notes, *_not_included(execution)] or None,
        details=present(
            name=execution.get("name").value,
            **{name: each for name, each in (execution.rest(*_SHOWN) or {}).items() if name not in _OWN},
            role=first.details.get("roleArn").value if first else None,
            error=more,
            other_events=[_other(event) for event in history.rest if not _is_told(event)] or None,
        ),
    )


_SHOWN: Final = (
    "executionArn",
    "status",
    "startDate",
    "stopDate",
    "input",
    "output",
    "error",
    "cause",
    "history",
    "events",
)
_OWN: Final = frozenset({"name", "role", "error", "other_events"})


def _is_told(event: Event) -> bool:
    return event.type in ENDINGS or event.type == "ExecutionStarted"


def _other(event: Event) -> dict[str, Any]:
    return present(event=event.type, time=event.time, details=event.details.value)


def _notes(events: list[Event], ending: Event | None) -> list[str]:
    if not events:
        return ["The event held no history, so no steps can be shown."]
    notes = []
    if ending is None:
        notes.append("The history does not reach to the end of the execution; send its further pages too.")
    if any(event.time is None for event in events):
        notes.append("Some of the history's times could not be read.")
    return notes


def _not_included(execution: Cursor) -> list[str]:
    sides = (side for side in ("input", "output") if execution.get(f"{side}Details", "included").value is False)
    return [f"The {side} was too long for the event." for side in sides]


def _url(arn: Cursor) -> str | None:
    """Name the page of the AWS console; only for the public regions, of which its address is known."""
    match = _ARN.fullmatch(arn.text() or "")
    if (
        match is None
        or match["partition"] != "arn:aws"
        or match["kind"] != "execution"
        or not _REGION.fullmatch(match["region"])
    ):
        return None
    region = match["region"]
    return f"https://{region}.console.aws.amazon.com/states/home?region={region}#/v2/executions/details/{arn.value}"


ADAPTER: Final = Adapter("stepfunctions", to_record, recognises)
