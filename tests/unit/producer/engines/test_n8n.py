from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord, RunfolioError
from producer.engines import convert
from tests.unit.producer.engines.flatten import flatted
from tests.unit.producer.engines.n8n_payloads import CLI, ERROR_EVENT, FAILED, HOOK, ORDER, step_of
from tests.unit.producer.engines.payloads import assert_valid, converted, load, mutated


@pytest.mark.parametrize(
    ("file", "workflow", "execution", "status", "mode", "count", "last"),
    [
        ("run_api_execution_1_cli_success", "CLI run", "1", "succeeded", "cli", 16, [{"count": 5}]),
        ("run_api_execution_2_on_success", "On any failure", "2", "succeeded", "error", 2, [{"data": "ok"}]),
        (
            "run_api_execution_3_order_success",
            "Order sync ☕ (loop + error branch)",
            "3",
            "succeeded",
            "webhook",
            23,
            [{"data": "ok"}],
        ),
        ("run_api_execution_6_order_error", "Order sync ☕ (loop + error branch)", "6", "failed", "webhook", 23, None),
        ("webhook_n8n-hook-postExecute_1", "CLI run", "1", "succeeded", "cli", 16, [{"count": 5}]),
        ("webhook_n8n-hook-postExecute_2", "On any failure", "2", "succeeded", "error", 2, [{"data": "ok"}]),
        ("run_api_execution_1_nodata", "cliwf00000000001", "1", "succeeded", "cli", 0, None),
        ("run_api_execution_2_nodata", "errwf00000000001", "2", "succeeded", "error", 0, None),
        ("run_api_execution_3_nodata", "mainwf0000000001", "3", "succeeded", "webhook", 0, None),
        ("run_api_execution_6_nodata", "mainwf0000000001", "6", "failed", "webhook", 0, None),
        ("run_api_execution_7_nodata", "subwf00000000001", "7", "succeeded", "integrated", 0, None),
    ],
)
def test_every_form_of_a_whole_execution(
    file: str, workflow: str, execution: str, status: str, mode: str, count: int, last: Any
) -> None:
    record = converted("n8n", load(f"n8n/{file}.json"))
    assert record["workflow"]["name"] == workflow
    assert record["execution"]["id"] == execution
    assert record["execution"]["status"] == status
    assert record["execution"]["triggered_by"] == mode
    assert len(record["steps"]) == count
    assert (record["steps"][-1].get("output") if count else None) == last


def test_a_hook_may_send_more() -> None:
    payload = deepcopy(HOOK)
    payload["url"] = "https://n8n.example/workflow/x/executions/1"
    payload["workflow"]["nodes"] = CLI["workflowData"]["nodes"]
    assert converted("n8n", payload)["execution"]["url"] == payload["url"]
    assert list(step_of(payload, "Loop Over Items")["output"]) == ["done", "loop"]


def test_without_run_data_the_record_says_so() -> None:
    execution = converted("n8n", load("n8n/run_api_execution_6_nodata.json"))["execution"]
    assert execution["status"] == "failed"
    assert "no run data" in execution["notes"][0]


def test_the_error_triggers_event() -> None:
    record = converted("n8n", ERROR_EVENT)
    execution = record["execution"]
    assert (execution["id"], execution["status"], execution["triggered_by"]) == ("6", "failed", "webhook")
    assert execution["url"] == "http://localhost:5690/workflow/mainwf0000000001/executions/6"
    assert execution["started_at"] == "2026-11-23T16:56:19.951Z"
    assert "only the node that failed" in execution["notes"][0]
    [step] = record["steps"]
    assert (step["name"], step["status"]) == ("Stop if asked", "failed")
    assert step["error"] == execution["error"]
    assert step["details"]["node"]["type"] == "n8n-nodes-base.code"


def test_an_activation_that_failed_is_no_execution() -> None:
    with pytest.raises(InvalidRecord, match="names no execution") as error:
        convert("n8n", load("n8n/webhook_n8n-error-workflow_1.json"))
    assert error.value.field == "execution.id"


def test_the_command_lines_output_needs_ids() -> None:
    payload = load("n8n/run_cli_execute_rawOutput.json")
    with pytest.raises(InvalidRecord, match="names no id and workflowId") as error:
        convert("auto", payload)
    assert error.value.field == "id"
    given = {**payload, "id": "1", "workflowId": "cliwf00000000001", "workflowData": CLI["workflowData"]}
    assert converted("auto", given)["steps"] == converted("n8n", CLI)["steps"]
    del given["workflowId"]
    assert converted("auto", given)["workflow"]["id"] == "n8n:cliwf00000000001"


def test_the_internal_api_with_flatted_data_gives_the_same_record() -> None:
    internal = {"data": {**ORDER, "data": flatted(ORDER["data"])}}
    assert converted("auto", internal) == converted("n8n", ORDER)


@pytest.mark.parametrize("file", ["run_api_executions_list", "run_api_executions_list_limit2_cursor"])
def test_what_is_no_execution_is_refused_with_the_forms(file: str) -> None:
    with pytest.raises(InvalidRecord, match="is no n8n execution") as error:
        convert("n8n", load(f"n8n/{file}.json"))
    assert "includeData=true" in (error.value.remedy or "")


def test_what_was_still_queued_and_what_was_retried_is_noted() -> None:
    payload = deepcopy(FAILED)
    payload["retryOf"] = "4"
    payload["data"]["executionData"]["nodeExecutionStack"].append({"node": {"name": "Notify exporter"}})
    assert converted("n8n", payload)["execution"]["notes"] == [
        "This execution is a retry of execution 4.",
        "Still queued when the execution ended: Notify exporter.",
    ]


@pytest.mark.parametrize("payload", [ORDER, HOOK, ERROR_EVENT], ids=["api", "hook", "error"])
def test_the_same_payload_gives_the_same_record(payload: Any) -> None:
    before = deepcopy(payload)
    assert convert("n8n", payload) == convert("n8n", payload)
    assert payload == before


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([CLI, HOOK, ERROR_EVENT, load("n8n/run_api_execution_7_sub_success.json")]))
def test_a_mutated_payload_gives_a_problem_or_a_valid_record(data: st.DataObject, payload: Any) -> None:
    try:
        record = convert("n8n", data.draw(mutated(payload)))
    except RunfolioError:
        return
    assert_valid(record)
