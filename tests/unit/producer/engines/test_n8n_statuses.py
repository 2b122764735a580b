from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from producer.contract.errors import InvalidRecord, NotCompleted
from producer.engines import convert
from tests.unit.producer.engines.n8n_payloads import CLI, FAILED, ORDER, step_of
from tests.unit.producer.engines.payloads import converted


def test_times_status_and_error_of_an_execution() -> None:
    execution = converted("n8n", FAILED)["execution"]
    assert execution["started_at"] == "2026-11-23T16:56:19.948Z"
    assert execution["finished_at"] == "2026-11-23T16:56:20.394Z"
    message, _, stack = execution["error"].partition("\n\n")
    assert message == "Stopped on purpose: ünïcode ✗ [line 1]"
    assert stack.startswith("Error: Error: Stopped on purpose")
    assert execution["details"]["lastNodeExecuted"] == "Stop if asked"
    assert "notes" not in execution


@pytest.mark.parametrize("word", ["new", "running", "waiting"])
def test_an_execution_that_has_not_ended(word: str) -> None:
    with pytest.raises(NotCompleted) as error:
        convert("n8n", {**ORDER, "status": word})
    assert error.value.field == "status"


@pytest.mark.parametrize(
    ("word", "status"),
    [("canceled", "cancelled"), ("crashed", "interrupted"), ("failed", "failed"), ("error", "failed")],
)
def test_statuses_of_executions(word: str, status: str) -> None:
    assert converted("n8n", {**ORDER, "status": word})["execution"]["status"] == status


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"finished": True}, "succeeded"),
        ({"finished": False}, "failed"),
        ({"finished": False, "stoppedAt": None}, None),
        ({"finished": False, "waitTill": "2026-12-01T00:00:00Z"}, None),
    ],
)
@pytest.mark.parametrize("word", [None, "unknown"])
def test_executions_of_old_versions_have_no_status(
    fields: dict[str, Any], status: str | None, word: str | None
) -> None:
    payload = {**ORDER, "status": word, **fields}
    if status is None:
        with pytest.raises(NotCompleted):
            convert("n8n", payload)
        return
    execution = converted("n8n", payload)["execution"]
    assert execution["status"] == status
    assert "derived" in execution["notes"][0]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"executionStatus": "running"}, "interrupted"),
        ({"executionStatus": "waiting"}, "interrupted"),
        ({"executionStatus": "new"}, "skipped"),
        ({"executionStatus": "canceled"}, "cancelled"),
        ({"executionStatus": None}, "succeeded"),
        ({"executionStatus": None, "error": {"message": "no"}}, "failed"),
    ],
)
def test_statuses_of_runs(change: dict[str, Any], status: str) -> None:
    payload = deepcopy(CLI)
    payload["data"]["resultData"]["runData"]["Manual"][0].update(change)
    assert step_of(payload, "Manual")["status"] == status


def test_an_unknown_status_names_its_place() -> None:
    payload = deepcopy(CLI)
    payload["data"]["resultData"]["runData"]["Push row"][1]["executionStatus"] = "fine"
    with pytest.raises(InvalidRecord, match="'fine'") as error:
        convert("n8n", payload)
    assert error.value.field == 'data.resultData.runData["Push row"][1].executionStatus'
