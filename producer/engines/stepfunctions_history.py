"""The events of a Step Functions history, put to the states that they belong to.

Branches of a history interleave. An event names the one before it in its own branch, so that the way back leads to
its state; what ends a map, a parallel state or an iteration comes after an event inside of it, and belongs to whichever
state around that one it fits. An abort names no state at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from producer.contract.errors import InvalidRecord
from producer.engines.cursor import Cursor

_ENTERED: Final = "StateEntered"
_EXITED: Final = "StateExited"
_ABORTED: Final = "StateAborted"
_DETAILS: Final = "EventDetails"
_HOLDERS: Final = ("Map", "Parallel")
_DEEPEST: Final = 100
_TASKS: Final = ("Task", "LambdaFunction", "Activity")


class Event(NamedTuple):
    """One event: its number and that of the one before in its branch, its type, its time, and what it tells."""

    number: int
    before: int
    type: str
    time: str | None
    details: Cursor
    path: str


@dataclass(eq=False)
class Iteration:
    """One iteration of a map, or one branch of a parallel state: ``index`` counts a map's from 0."""

    holder: State
    index: int | None = None
    name: str | None = None
    events: list[Event] = field(default_factory=list)


@dataclass(eq=False)
class State:
    """One visit to a state: entered once, left once if at all, with everything in between."""

    kind: str
    name: str
    entered: Event
    inside: Iteration | None
    exited: Event | None = None
    events: list[Event] = field(default_factory=list)

    def around(self) -> Iterator[State]:
        """Go through the states that hold this one, itself first, as far as real state machines go."""
        here: State | None = self
        for _ in range(_DEEPEST):
            if here is None:
                return
            yield here
            here = here.inside.holder if here.inside else None


class _Place(NamedTuple):
    """Where a history stands after an event: in a state, or at the start of an iteration."""

    state: State | None
    inside: Iteration | None


class History:
    """A whole history: the visits to states in the order of entering, and what belongs to none."""

    def __init__(self, events: list[Event]) -> None:
        self.states: list[State] = []
        self.rest: list[Event] = []
        self._places: dict[int, _Place] = {}
        # What was begun and may be meant by a later event, which a large history must not search for.
        self._iterations: dict[tuple[str, int | None], list[Iteration]] = {}
        self._open: dict[str, list[State]] = {}
        self._unended: dict[str, deque[State]] = {}
        for event in sorted(events, key=lambda event: event.number):
            self._places[event.number] = self._put(event)

    def _put(self, event: Event) -> _Place:
        before = self._places.get(event.before, _Place(None, None))
        if event.type.endswith(_ENTERED):
            return self._enter(event, before)
        if event.type == "MapIterationStarted":
            return self._begin_iteration(event, before)
        if event.type.startswith("MapIteration"):
            return self._end_iteration(event, before)
        if event.type.startswith("Execution"):
            self.rest.append(event)
            return before
        state = self._owner(event, before)
        if state is None:
            self.rest.append(event)
            return before
        if event.type.endswith(_EXITED):
            state.exited = event
        else:
            state.events.append(event)
        # Each branch of a parallel state begins with an event that follows the state's own start.
        starts = Iteration(state) if event.type == "ParallelStateStarted" else None
        return _Place(state, starts)

    def _enter(self, event: Event, before: _Place) -> _Place:
        inside = before.inside
        if inside is None and before.state is not None:
            inside = before.state.inside
        kind = event.type.removesuffix(_ENTERED)
        state = State(kind, event.details.get("name").text() or kind, event, inside)
        self.states.append(state)
        self._unended.setdefault(kind, deque()).append(state)
        for key in (kind, _by_name(state.name)):
            self._open.setdefault(key, []).append(state)
        return _Place(state, None)

    def _begin_iteration(self, event: Event, before: _Place) -> _Place:
        holder = self._find(before, "Map", event.details.get("name").text())
        if holder is None:
            self.rest.append(event)
            return before
        iteration = Iteration(holder, event.details.get("index").integer(), event.details.get("name").text(), [event])
        self._iterations.setdefault((holder.name, iteration.index), []).append(iteration)
        return _Place(None, iteration)

    def _end_iteration(self, event: Event, before: _Place) -> _Place:
        name = event.details.get("name").text()
        holder = self._find(before, "Map", name) if name is None else None
        begun = self._iterations.get((name or (holder.name if holder else ""), event.details.get("index").integer()))
        if not begun:
            self.rest.append(event)
            return before
        iteration = begun.pop()
        iteration.events.append(event)
        return _Place(iteration.holder, None)

    def _owner(self, event: Event, before: _Place) -> State | None:
        if event.type.endswith(_EXITED):
            return self._find(before, event.type.removesuffix(_EXITED), event.details.get("name").text())
        if event.type == "EvaluationFailed":
            return self._find(before, None, event.details.get("state").text())
        for kind in _HOLDERS:
            if event.type.startswith((f"{kind}State", f"{kind}Run")):
                return self._find(before, kind, None)
        if event.type.endswith(_ABORTED):
            return self._aborted(event.type.removesuffix(_ABORTED))
        if event.type.startswith(_TASKS):
            return self._find(before, "Task", None)
        return before.state

    def _find(self, before: _Place, kind: str | None, name: str | None) -> State | None:
        """Find the nearest state around a place that has not been left, else the last one that was entered."""
        start = before.state or (before.inside.holder if before.inside else None)
        for state in start.around() if start else ():
            if state.exited is None and kind in {None, state.kind} and name in {None, state.name}:
                return state
        last = self._open.get(_by_name(name) if name is not None else kind or "", [])
        while last and last[-1].exited is not None:
            last.pop()
        return last[-1] if last and kind in {None, last[-1].kind} else None

    def _aborted(self, kind: str) -> State | None:
        """Find a state that an abort can mean: of its kind, not left, and with no end of its own yet."""
        waiting = self._unended.get(kind, deque())
        while waiting:
            state = waiting.popleft()
            last = state.events[-1].type if state.events else ""
            if state.exited is None and not last.endswith(("Aborted", "Failed", "TimedOut")):
                return state
        return None


def _by_name(name: str) -> str:
    """Make a key for a state's name, which no kind of states can be."""
    return f"\0{name}"


def read_event(event: Cursor) -> Event:
    """Read an event as the API gives it, as CloudWatch Logs keep it, or with the names of Step Functions' own calls."""
    if event.has("Type"):
        event = Cursor(_lowered(event.value), event.path)
    name = next((key for key in event.fields() if key.endswith(_DETAILS)), "details")
    details = event.get(name)
    if isinstance(details.value, dict) and any(key[:1].isupper() for key in details.value):
        details = Cursor(_lowered(details.value), details.path)
    kind = event.get("type").text()
    if not kind:
        raise event.get("type").problem("is missing", remedy="Send the events as GetExecutionHistory returns them.")
    before = event.get("previousEventId")
    before = before if before.exists else event.get("previous_event_id")
    stamp = event.get("timestamp")
    stamp = stamp if stamp.exists else event.get("event_timestamp")
    return Event(_number(event.get("id")), _number(before), kind, time_or_none(stamp), details, event.path)


def time_or_none(stamp: Cursor) -> str | None:
    """Read a time; None where it is none, for recorded histories often have their times replaced by words."""
    try:
        return stamp.time()
    except InvalidRecord:
        return None


def looks_like_event(value: Any) -> bool:
    """Whether a value is an event of Step Functions'."""
    if not isinstance(value, dict) or {"type", "Type"}.isdisjoint(value):
        return False
    return not {"previousEventId", "PreviousEventId", "previous_event_id"}.isdisjoint(value)


def _lowered(value: dict[str, Any]) -> dict[str, Any]:
    return {name[:1].lower() + name[1:]: each for name, each in value.items()}


def _number(value: Cursor) -> int:
    if isinstance(value.value, str) and value.value.isdecimal() and value.value.isascii():
        return int(value.value[:18])
    return value.integer() or 0
