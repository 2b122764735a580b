"""Step Functions' words: how an execution stands, and the events with which parts of it end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from producer.contract.record import Status
from producer.engines.vocabulary import Phase, Vocabulary

EXECUTIONS: Final = Vocabulary(
    {
        "RUNNING": Phase.RUNNING,
        "PENDING_REDRIVE": Phase.WAITING,
        "SUCCEEDED": Status.SUCCEEDED,
        "FAILED": Status.FAILED,
        "TIMED_OUT": Status.TIMED_OUT,
        "ABORTED": Status.CANCELLED,
    }
)

ENDINGS: Final[Mapping[str, str]] = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionAborted": "ABORTED",
}
"""The status that the last event of a history says."""

STATES: Final = Vocabulary(
    {
        "TaskSucceeded": Status.SUCCEEDED,
        "TaskFailed": Status.FAILED,
        "TaskStartFailed": Status.FAILED,
        "TaskSubmitFailed": Status.FAILED,
        "TaskTimedOut": Status.TIMED_OUT,
        "TaskStateAborted": Status.CANCELLED,
        "LambdaFunctionSucceeded": Status.SUCCEEDED,
        "LambdaFunctionFailed": Status.FAILED,
        "LambdaFunctionScheduleFailed": Status.FAILED,
        "LambdaFunctionStartFailed": Status.FAILED,
        "LambdaFunctionTimedOut": Status.TIMED_OUT,
        "ActivitySucceeded": Status.SUCCEEDED,
        "ActivityFailed": Status.FAILED,
        "ActivityScheduleFailed": Status.FAILED,
        "ActivityTimedOut": Status.TIMED_OUT,
        "EvaluationFailed": Status.FAILED,
        "MapRunSucceeded": Status.SUCCEEDED,
        "MapRunFailed": Status.FAILED,
        "MapRunAborted": Status.CANCELLED,
        "MapStateSucceeded": Status.SUCCEEDED,
        "MapStateFailed": Status.FAILED,
        "MapStateAborted": Status.CANCELLED,
        "ParallelStateSucceeded": Status.SUCCEEDED,
        "ParallelStateFailed": Status.FAILED,
        "ParallelStateAborted": Status.CANCELLED,
        "WaitStateAborted": Status.CANCELLED,
    }
)
"""The events with which a try of a state ends; leaving the state is another event."""
