"""Prefect's states: what they are called, how a run ended, and which attempts a task run's history tells of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from producer.contract.record import Status
from producer.engines import times
from producer.engines.cursor import Cursor
from producer.engines.vocabulary import Phase, StepEnd, Vocabulary

STATES: Final = Vocabulary(
    {
        "SCHEDULED": Phase.QUEUED,
        "PENDING": Phase.QUEUED,
        "RUNNING": Phase.RUNNING,
        "CANCELLING": Phase.RUNNING,
        "PAUSED": Phase.WAITING,
        "COMPLETED": Status.SUCCEEDED,
        "FAILED": Status.FAILED,
        "CANCELLED": Status.CANCELLED,
        "CRASHED": Status.INTERRUPTED,
    },
    notes={"CRASHED": "The run crashed: Prefect lost it before it could end (the engine's status: 'CRASHED')."},
)
"""Types of states; their names are free, but for the few that say more than the type."""

_TIMED_OUT: Final = "TimedOut"
_IN_TEMPLATES: Final = "StateType."
"""How Jinja templates write the type that Prefect's API calls ``COMPLETED``: ``StateType.COMPLETED``."""
_ENDS: Final = frozenset({"COMPLETED", "FAILED", "CANCELLED", "CRASHED"})
_RETRY: Final = frozenset({"AwaitingRetry", "Retrying"})


class State(NamedTuple):
    """A state: its type, its name, when it was entered, its message, and what it says of a result."""

    type: Cursor
    name: str | None
    timestamp: Cursor
    message: str | None
    data: Cursor


def state_of(run: Cursor) -> State:
    """Read the state of a flow run or a task run, from ``state`` or from the fields that repeat it."""
    state = run.get("state")
    kind, name = state.get("type"), state.get("name").text()
    return State(
        _plain(kind if kind.exists else run.get("state_type")),
        name or run.get("state_name").text(),
        state.get("timestamp"),
        state.get("message").text() or None,
        state.get("data"),
    )


def _plain(kind: Cursor) -> Cursor:
    if isinstance(kind.value, str) and kind.value.startswith(_IN_TEMPLATES):
        return Cursor(kind.value.removeprefix(_IN_TEMPLATES), kind.path)
    return kind


def flow_end(state: State) -> StepEnd:
    """Read how a flow run ended. Raises NotCompleted and InvalidRecord."""
    return _named(state, STATES.execution(state.type))


def task_end(state: State) -> StepEnd:
    """Read how a task run ended. Raises InvalidRecord."""
    return _named(state, STATES.step(state.type))


def _named(state: State, end: StepEnd) -> StepEnd:
    """Heed a name that says more than the type: a timeout is a failure to Prefect, other names are the user's."""
    if state.name == _TIMED_OUT and end.status is Status.FAILED:
        return StepEnd(Status.TIMED_OUT, end.note)
    usual = state.name is None or state.name.upper() == state.type.value
    return end if usual else StepEnd(end.status, end.note or f"Prefect calls this state '{state.name}'.")


class Attempt(NamedTuple):
    """One attempt of a task run; ``retried`` where another one followed because it failed."""

    started_at: str | None
    finished_at: str | None
    retried: bool


def attempts(states: Iterable[Cursor]) -> list[Attempt]:
    """Find the attempts in a task run's history, which may come in any order."""
    found: list[Attempt] = []
    open_since: str | None = None
    before = ""
    for kind, name, moment in sorted(_moments(states), key=lambda entry: times.instant(entry[2])):
        again = kind == "RUNNING" and before != "PAUSED"
        if open_since and (again or name in _RETRY or kind in _ENDS):
            found.append(Attempt(open_since, moment, retried=name in _RETRY))
            open_since = None
        if again:
            open_since = moment
        before = kind
    return [*found, Attempt(open_since, None, retried=False)] if open_since else found


def _moments(states: Iterable[Cursor]) -> Iterator[tuple[str, str, str]]:
    for state in states:
        moment = state.get("timestamp").time()
        if moment:
            yield _plain(state.get("type")).text() or "", state.get("name").text() or "", moment


def history(states: Iterable[Cursor]) -> list[str] | None:
    """Write a history of states, one line each."""
    lines = [_line(state) for state in states]
    return lines or None


def _line(state: Cursor) -> str:
    name, message = state.get("name").label() or state.get("type").label(), state.get("message").label()
    line = f"{state.get('timestamp').label() or '?'} {name or '?'}"
    return f"{line}: {message}" if message else line
