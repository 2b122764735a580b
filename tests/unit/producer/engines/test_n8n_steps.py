from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from tests.unit.producer.engines.n8n_payloads import CLI, FAILED, HOOK, ORDER, step_of, steps_of
from tests.unit.producer.engines.payloads import load

CLI_STEPS = [
    ("Manual", 1),
    ("Make rows", 1),
    ("Loop Over Items", 1),
    ("Enrich", 1),
    ("Push row", 1),
    ("Loop Over Items", 2),
    ("Enrich", 2),
    ("Push row", 2),
    ("Loop Over Items", 3),
    ("Enrich", 3),
    ("Push row", 3),
    ("Loop Over Items", 4),
    ("Summary", 1),
    ("Log failed row", 1),
    ("Loop Over Items", 5),
    ("Summary", 2),
]


@pytest.mark.parametrize(
    ("file", "last"),
    [
        ("run_api_execution_7_sub_success", {"data": "ok", "score": 0}),
        ("webhook_n8n-hook-postExecute_3", {"data": "ok", "score": 0}),
    ],
)
def test_a_sub_workflows_execution(file: str, last: Any) -> None:
    called, score = steps_of(load(f"n8n/{file}.json"))
    assert (called["name"], score["name"]) == ("When called", "Score")
    assert called["notes"][0].startswith("Called by execution ")
    assert called["notes"][0].endswith(" of workflow mainwf0000000001.")
    assert score["input"] == called["output"]
    assert score["output"][0] == last


@pytest.mark.parametrize("payload", [CLI, HOOK], ids=["api", "hook"])
def test_steps_are_in_order_of_execution(payload: Any) -> None:
    steps = steps_of(payload)
    assert [(step["name"], step["iteration"]) for step in steps] == CLI_STEPS
    assert {step["status"] for step in steps} == {"succeeded"}


def test_without_indices_the_order_is_that_of_time() -> None:
    payload = deepcopy(ORDER)
    for tasks in payload["data"]["resultData"]["runData"].values():
        for task in tasks:
            del task["executionIndex"]
    starts = [step["started_at"] for step in steps_of(payload)]
    assert starts == sorted(starts)


def test_with_an_index_for_some_runs_only_the_order_is_that_of_time() -> None:
    payload = deepcopy(CLI)
    payload["data"]["resultData"]["runData"]["Summary"][1]["executionIndex"] = None
    assert steps_of(payload)[0]["name"] == "Manual"
    assert (steps_of(payload)[-1]["name"], steps_of(payload)[-1]["iteration"]) == ("Summary", 2)


def test_large_parameters_are_shown_with_the_first_run() -> None:
    payload = deepcopy(CLI)
    node = next(n for n in payload["workflowData"]["nodes"] if n["name"] == "Enrich")
    node["parameters"] = {"jsCode": "x" * (1024 * 1024)}
    assert step_of(payload, "Enrich", 1)["details"]["node"]["parameters"] == node["parameters"]
    second = step_of(payload, "Enrich", 2)
    assert "node" not in second["details"]
    assert "shown with its first run" in second["notes"][0]


def test_a_failed_step() -> None:
    step = step_of(FAILED, "Stop if asked")
    assert step["status"] == "failed"
    assert step["started_at"] == "2026-11-23T16:56:20.386Z"
    assert step["finished_at"] == "2026-11-23T16:56:20.394Z"
    assert "at Code:2:2" in step["error"]
    assert step["details"]["error"] == {"level": "error", "lineNumber": 1}
    assert step["details"]["node"]["type"] == "n8n-nodes-base.code"
    assert "throw new Error" in step["details"]["node"]["parameters"]["jsCode"]
    assert step["input"][0]["binary"]["data"]["fileName"] == "rows.csv"


def test_a_node_that_never_ran_is_skipped_at_the_end() -> None:
    last = steps_of(FAILED)[-1]
    assert (last["name"], last["status"]) == ("Notify exporter", "skipped")
    assert last["notes"] == ["This node did not run in this execution."]
    assert all(step["status"] != "skipped" for step in steps_of(ORDER))


@pytest.mark.parametrize("extra", [{"disabled": True}, {"type": "n8n-nodes-base.stickyNote"}])
def test_notes_on_the_canvas_and_disabled_nodes_are_no_steps(extra: dict[str, Any]) -> None:
    payload = deepcopy(FAILED)
    payload["workflowData"]["nodes"][-1].update(extra)
    assert [step["status"] for step in steps_of(payload)].count("skipped") == 0


def test_sub_executions_are_named() -> None:
    step = step_of(ORDER, "Score via sub-workflow", 2)
    assert step["notes"] == ["Ran as execution 5 of workflow subwf00000000001."]
    assert step["details"]["metadata"]["subExecution"]["executionId"] == "5"


def test_pinned_data_and_the_authors_notes_are_told() -> None:
    payload = deepcopy(CLI)
    payload["data"]["resultData"]["pinData"] = {"Manual": [{"json": {}}]}
    payload["workflowData"]["nodes"][0]["notes"] = "Starts **by hand**."
    step = step_of(payload, "Manual")
    assert "pinned test data" in step["notes"][0]
    assert step["description"] == "Starts **by hand**."


def test_what_a_hook_replaced_is_noted() -> None:
    noted = [step["name"] for step in steps_of(HOOK) if any("[circular]" in note for note in step.get("notes", []))]
    assert "Push row" in noted
    assert "Make rows" not in noted


def test_a_hole_in_the_runs_keeps_the_numbers() -> None:
    payload = deepcopy(CLI)
    payload["data"]["resultData"]["runData"]["Summary"][0] = None
    assert [step["iteration"] for step in steps_of(payload) if step["name"] == "Summary"] == [2]


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ("text", "text"),
        (["a"], ["a"]),
        ({"code": 1}, {"code": 1}),
        ({"message": "m"}, "m"),
        ({"message": "m", "description": "d", "stack": "m\n at x"}, "d\n\nm\n at x"),
        ({"message": 3, "stack": None}, {"message": 3}),
    ],
)
def test_errors_of_any_shape_are_kept(error: Any, shown: Any) -> None:
    payload = deepcopy(CLI)
    payload["data"]["resultData"]["runData"]["Manual"][0]["error"] = error
    assert step_of(payload, "Manual")["error"] == shown
