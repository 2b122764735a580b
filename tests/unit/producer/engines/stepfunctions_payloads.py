"""Executions of Step Functions for tests: recorded histories, put beside the execution that they lack."""

from __future__ import annotations

from typing import Any

from tests.unit.producer.engines.payloads import load

ARN = "arn:aws:states:eu-central-1:111111111111:execution:orders:run-1"
MACHINE = "arn:aws:states:eu-central-1:111111111111:stateMachine:orders"
_STATUSES = {"ExecutionSucceeded": "SUCCEEDED", "ExecutionFailed": "FAILED", "ExecutionAborted": "ABORTED"}


def recorded(file: str) -> dict[str, Any]:
    """Read what was recorded in a file, by the names that the recording's author gave."""
    content: dict[str, Any] = load(f"stepfunctions/{file}.json")["recorded-content"]
    return content


def body(file: str, key: str = "get_execution_history") -> dict[str, Any]:
    """Make the body of an execution with its recorded history."""
    history = recorded(file)[key]
    last = max(history["events"], key=lambda event: int(event["id"]))
    execution = {
        "executionArn": ARN,
        "stateMachineArn": MACHINE,
        "name": "run-1",
        "status": _STATUSES[last["type"]],
        "startDate": "2024-05-03T13:41:47.123000+00:00",
        "stopDate": "2024-05-03T13:41:50.500000+00:00",
    }
    return {"execution": execution, "history": history["events"]}
