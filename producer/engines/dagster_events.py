"""The events of a Dagster run, put to the attempts of the steps that they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from producer.engines.cursor import Cursor

_TYPES: Final[Mapping[str, str]] = {
    "ExecutionStepStartEvent": "STEP_START",
    "ExecutionStepRestartEvent": "STEP_RESTARTED",
    "ExecutionStepSuccessEvent": "STEP_SUCCESS",
    "ExecutionStepFailureEvent": "STEP_FAILURE",
    "ExecutionStepSkippedEvent": "STEP_SKIPPED",
    "ExecutionStepUpForRetryEvent": "STEP_UP_FOR_RETRY",
    "ExecutionStepInputEvent": "STEP_INPUT",
    "ExecutionStepOutputEvent": "STEP_OUTPUT",
    "LoadedInputEvent": "LOADED_INPUT",
    "HandledOutputEvent": "HANDLED_OUTPUT",
    "LogsCapturedEvent": "LOGS_CAPTURED",
    "MaterializationEvent": "ASSET_MATERIALIZATION",
    "ObservationEvent": "ASSET_OBSERVATION",
    "AssetCheckEvaluationEvent": "ASSET_CHECK_EVALUATION",
    "StepExpectationResultEvent": "STEP_EXPECTATION_RESULT",
    "RunStartEvent": "RUN_START",
    "RunSuccessEvent": "RUN_SUCCESS",
    "RunFailureEvent": "RUN_FAILURE",
    "RunCanceledEvent": "RUN_CANCELED",
}
"""Types by the name that GraphQL gives to an event, for queries that asked for no ``eventType``."""

_STARTS: Final = frozenset({"STEP_START", "STEP_RESTARTED"})
_BEGINNINGS: Final = _STARTS | {"STEP_WORKER_STARTING"}
"""With what an attempt begins: where each has a process, with that, before the step itself starts."""
_ENDS: Final = frozenset({"STEP_SUCCESS", "STEP_FAILURE", "STEP_UP_FOR_RETRY", "STEP_SKIPPED"})


class Event(NamedTuple):
    """One event: its type (empty for a message of the log), its step, its time, and the whole."""

    type: str
    step: str | None
    time: str | None
    whole: Cursor


@dataclass
class Attempt:
    """One attempt of a step: ``number`` counts from 0, ``position`` is where it begins in the log."""

    step: str
    number: int
    position: int
    events: list[Event] = field(default_factory=list)

    @property
    def start(self) -> Event | None:
        """The event with which it starts."""
        return next((event for event in self.events if event.type in _STARTS), None)

    @property
    def end(self) -> Event | None:
        """The event with which it ends."""
        return next((event for event in self.events if event.type in _ENDS), None)

    def of_type(self, *types: str) -> list[Event]:
        """Return its events of some types."""
        return [event for event in self.events if event.type in types]


def read_events(events: Cursor) -> list[Event]:
    """Read the events in the order given, which is that of the log."""
    return [_event(each) for each in events.each()]


def attempts_of(events: list[Event]) -> list[Attempt]:
    """Put the events of steps to attempts, in the order in which those start."""
    latest: dict[str, Attempt] = {}
    found: list[Attempt] = []
    for position, event in enumerate(events):
        if not event.step:
            continue
        attempt = latest.get(event.step)
        if attempt is None or (event.type in _BEGINNINGS and attempt.start is not None):
            number = 0 if attempt is None else attempt.number + 1
            attempt = latest[event.step] = Attempt(event.step, number, position)
            found.append(attempt)
        elif event.type in _STARTS:
            attempt.position = position
        attempt.events.append(event)
    return sorted(found, key=lambda attempt: attempt.position)


def _event(event: Cursor) -> Event:
    kind = event.get("eventType").text() or _TYPES.get(event.get("__typename").text() or "", "")
    # Runs were once called pipelines, and exports still call them so.
    kind = kind.replace("PIPELINE_", "RUN_", 1) if kind.startswith("PIPELINE_") else kind
    return Event(kind, event.get("stepKey").text(), event.get("timestamp").time(), event)
