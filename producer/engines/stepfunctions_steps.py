"""The steps of a Step Functions execution: every visit to a state, and every attempt of a task."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

from producer.contract.record import Status
from producer.engines import stepfunctions_values as values
from producer.engines.copies import Copies
from producer.engines.cursor import Cursor, present
from producer.engines.iterations import Place, iterations
from producer.engines.stepfunctions_history import Event, History, State
from producer.engines.stepfunctions_statuses import STATES

_SCHEDULED: Final = frozenset({"TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled"})
_RESTARTED: Final = frozenset({"MapStateStarted", "ParallelStateStarted"})
_DEEPEST: Final = 20
_LONGEST_NAME: Final = 100
_WELL: Final = frozenset({Status.SUCCEEDED, Status.SKIPPED})


class Attempt(NamedTuple):
    """One attempt of a state; states other than tasks have one. ``last`` is the one that leaves the state."""

    state: State
    number: int
    total: int
    events: list[Event]

    @property
    def last(self) -> bool:
        """Whether the state is left with this attempt."""
        return self.number == self.total - 1

    @property
    def begun(self) -> Event:
        """The event with which it begins."""
        return self.state.entered if self.number == 0 else self.events[0]

    @property
    def ending(self) -> Event | None:
        """The last event that says how it ended."""
        return next((event for event in reversed(self.events) if event.type in STATES.words), None)


def steps(history: History, failure: Cursor) -> list[dict[str, Any]]:
    """Write the steps in the order of their start; ``failure`` holds the error with which the execution ended."""
    attempts = [attempt for state in history.states for attempt in _attempts(state)]
    attempts.sort(key=lambda attempt: attempt.begun.number)
    origin = _origin(history)
    failed = list(origin.around()) if origin else []
    numbers = iterations([_place(attempt) for attempt in attempts])
    copies = Copies()
    return [
        _step(attempt, number, failure if attempt.state in failed and attempt.last else Cursor(None), copies)
        for attempt, number in zip(attempts, numbers, strict=True)
    ]


def _attempts(state: State) -> Iterator[Attempt]:
    groups: list[list[Event]] = [[]]
    for event in state.events:
        if event.type in _SCHEDULED and any(one.type in _SCHEDULED for one in groups[-1]):
            groups.append([])
        groups[-1].append(event)
    return (Attempt(state, number, len(groups), group) for number, group in enumerate(groups))


def _place(attempt: Attempt) -> Place:
    inside = attempt.state.inside
    return Place(attempt.state.name, inside.index if inside else None, attempt.number)


def _origin(history: History) -> State | None:
    """Find the state at which the execution failed: the last that has an error of its own, or is there to fail."""
    open_states = [state for state in history.states if state.exited is None]
    return next((state for state in reversed(open_states) if state.kind == "Fail"), None) or next(
        (state for state in reversed(open_states) if _told(state.events)), None
    )


def _told(events: list[Event]) -> bool:
    return any(STATES.words.get(event.type) in {Status.FAILED, Status.TIMED_OUT} for event in events)


def _step(attempt: Attempt, iteration: int | None, failure: Cursor, copies: Copies) -> dict[str, Any]:
    state, exited = attempt.state, attempt.state.exited if attempt.last else None
    status, notes = _status(attempt)
    text, more = _error(attempt, failure) if status not in _WELL else (None, None)
    ending = exited or attempt.ending
    given = state.entered.details.get("input")
    shown = attempt.number == 0 or copies.allow(f"{state.entered.number}", given.value)
    if not shown:
        notes.append("The input is shown with the first attempt.")
    if state.kind == "Fail" and text is None:
        notes.append("A history tells the error of a Fail state only where it ended the execution.")
    return present(
        name=state.name,
        status=status.value,
        iteration=iteration,
        started_at=attempt.begun.time,
        finished_at=ending.time if ending else None,
        input=values.value(given.value) if shown else None,
        output=values.value(exited.details.get("output").value) if exited else None,
        error=text,
        notes=[note for note in (*notes, *_remarks(attempt)) if note] or None,
        details=_details(attempt, more),
    )


def _status(attempt: Attempt) -> tuple[Status, list[str]]:
    state, ending = attempt.state, attempt.ending
    end = STATES.step(Cursor(ending.type, f"{ending.path}.type")).status if ending else None
    if attempt.last and state.exited is not None:
        if end is None or end in _WELL:
            return Status.SUCCEEDED, []
        return end, ["The state machine caught this error and went on; the output is what it went on with."]
    if end is not None and end not in _WELL:
        return end, []
    return _not_left(attempt)


def _not_left(attempt: Attempt) -> tuple[Status, list[str]]:
    """Tell how an attempt ended of which the history holds neither an end nor that its state was left."""
    state = attempt.state
    if state.kind == "Fail":
        return Status.FAILED, []
    if not attempt.last:
        return Status.FAILED, ["The history tells no end of this attempt, after which another began."]
    if state.inside and any(event.type == "MapIterationAborted" for event in state.inside.events):
        return Status.CANCELLED, ["The iteration that this state belongs to was aborted."]
    return Status.INTERRUPTED, ["The state had not been left when the execution ended."]


def _error(attempt: Attempt, failure: Cursor) -> tuple[str | None, dict[str, Any] | None]:
    """Tell an attempt's own error, else the execution's where it came from here."""
    failed = [event for event in attempt.events if STATES.words.get(event.type) not in {None, Status.SUCCEEDED}]
    for told in (*(event.details for event in reversed(failed)), failure):
        text, more = values.error(told)
        if text or more:
            return text, more
    return None, None


def _remarks(attempt: Attempt) -> Iterator[str]:
    state = attempt.state
    if attempt.total > 1:
        yield f"Attempt {attempt.number + 1} of {attempt.total}."
    tries = sum(event.type in _RESTARTED for event in attempt.events)
    if tries > 1:
        yield f"The state was tried {tries} times; its steps stand for themselves."
    for event in attempt.events:
        arn = event.details.get("mapRunArn").label()
        if arn:
            yield f"Its items run as executions of their own, which the event does not hold: {arn}."
    sides = (("input", state.entered), ("output", state.exited if attempt.last else None))
    for side, told in sides:
        if told and told.details.get(f"{side}Details", "truncated").value is True:
            yield f"The {side} was too long for the history; only its beginning, if any, is shown."


def _details(attempt: Attempt, more: dict[str, Any] | None) -> dict[str, Any]:
    state, inside = attempt.state, attempt.state.inside
    exited = state.exited.details if attempt.last and state.exited else Cursor(None)
    return present(
        type=state.kind,
        part_of=" / ".join(reversed([each.name[:_LONGEST_NAME] for each in islice(state.around(), 1, _DEEPEST)]))
        or None,
        map_index=inside.index if inside else None,
        assigned=values.value(exited.get("assignedVariables").value) or None,
        error=more,
        events=[_event(event) for event in attempt.events] or None,
    )


def _event(event: Event) -> dict[str, Any]:
    told = event.details.rest("inputDetails", "outputDetails") or {}
    shown = {name: values.value(each) if name in _JSON else each for name, each in told.items()}
    return present(type=event.type, time=event.time, **{k: v for k, v in shown.items() if k not in {"type", "time"}})


_JSON: Final = frozenset({"input", "output", "parameters", "cause"})
