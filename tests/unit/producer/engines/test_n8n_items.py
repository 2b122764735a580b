from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from tests.unit.producer.engines.n8n_payloads import CLI, HOOK, ORDER, step_of, steps_of


def test_a_disabled_node_that_handed_its_input_on_is_noted() -> None:
    payload = deepcopy(ORDER)
    payload["workflowData"]["nodes"][0]["disabled"] = True
    assert "handed its input on" in step_of(payload, "Webhook")["notes"][0]


def test_inputs_are_followed_to_the_right_run_and_output() -> None:
    assert [row["id"] for row in step_of(ORDER, "Enrich", 2)["input"]] == [3, 4]
    assert step_of(ORDER, "Log failed row")["input"][0]["error"]["code"] == "ECONNREFUSED"
    assert "input" not in step_of(ORDER, "Webhook")


def test_several_sources_are_told_apart() -> None:
    payload = deepcopy(CLI)
    [first, _] = payload["data"]["resultData"]["runData"]["Summary"]
    first["source"] = [{"previousNode": "Manual"}, None, {"previousNode": "Enrich", "previousNodeRun": 2}]
    given = step_of(payload, "Summary")["input"]
    assert list(given) == ["input 0 from Manual", "input 1 from Enrich"]
    assert given["input 1 from Enrich"][0]["id"] == 5


def test_an_input_that_the_event_does_not_hold_is_noted() -> None:
    payload = deepcopy(CLI)
    payload["data"]["resultData"]["runData"]["Summary"][0]["source"] = [{"previousNode": "Gone", "previousNodeRun": 1}]
    step = step_of(payload, "Summary")
    assert "input" not in step
    assert step["notes"] == ["The input was output 0 of 'Gone', run 2, which the event does not hold."]


def test_a_large_input_is_shown_once_where_it_was_made() -> None:
    payload = deepcopy(CLI)
    rows = payload["data"]["resultData"]["runData"]["Make rows"][0]["data"]["main"][0]
    rows[0]["json"] = {"text": "x" * (1024 * 1024)}
    step = step_of(payload, "Loop Over Items")
    assert "input" not in step
    assert step["notes"] == ["The input is output 0 of 'Make rows', run 1: 5 items, which are shown there only."]
    assert len(step_of(payload, "Make rows")["output"][0]["text"]) == 1024 * 1024


def test_copies_of_inputs_are_bounded_in_all() -> None:
    payload = deepcopy(CLI)
    data = payload["data"]["resultData"]["runData"]
    data["Make rows"][0]["data"]["main"][0][0]["json"] = {"text": "x" * (900 * 1024)}
    template = data["Loop Over Items"][0]
    data["Loop Over Items"] = [{**template, "executionIndex": 100 + n} for n in range(200)]
    inputs = [step.get("input") for step in steps_of(payload) if step["name"] == "Loop Over Items"]
    copied = sum(value is not None for value in inputs)
    assert 60 < copied < 80


def test_branches_have_names_where_the_engine_has() -> None:
    assert list(step_of(ORDER, "Loop Over Items")["output"]) == ["done", "loop"]
    assert list(step_of(ORDER, "Only even")["output"]) == ["true", "false"]
    assert list(step_of(ORDER, "Push row")["output"]) == ["success", "error"]
    assert list(step_of(HOOK, "Push row")["output"]) == ["output 0", "output 1"]


def test_items_that_went_to_the_error_output_are_noted() -> None:
    step = step_of(ORDER, "Push row", 2)
    assert step["status"] == "succeeded"
    assert step["output"]["error"][0]["error"]["message"] == "connect ECONNREFUSED 127.0.0.1:1"
    assert step["notes"] == [
        "n8n tries this node up to 2 times and keeps the last try only; the duration covers all.",
        "1 of the items failed; the node is set to continue on errors.",
    ]
    assert len(step_of(ORDER, "Push row", 3)["notes"]) == 1


def test_items_that_failed_on_the_regular_output_are_noted() -> None:
    payload = deepcopy(CLI)
    node = next(n for n in payload["workflowData"]["nodes"] if n["name"] == "Summary")
    node["onError"] = "continueRegularOutput"
    [first, _] = payload["data"]["resultData"]["runData"]["Summary"]
    first["data"]["main"][0] = [{"json": {"error": "no"}}, {"json": {}, "error": {"message": "no"}}, {"json": {}}]
    assert step_of(payload, "Summary")["notes"] == ["2 of the items failed; the node is set to continue on errors."]


def with_file(**file: Any) -> Any:
    payload = deepcopy(ORDER)
    [task] = payload["data"]["resultData"]["runData"]["To CSV file"]
    task["data"]["main"][0][0]["binary"]["data"] = file
    return payload


def shown_file(payload: Any) -> Any:
    return step_of(payload, "To CSV file")["output"][0]["binary"]["data"]


def test_a_small_text_file_is_shown() -> None:
    file = shown_file(ORDER)
    assert file["fileName"] == "rows.csv"
    assert file["text"].startswith("id,name,fail,")
    assert "data" not in file


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ({"mimeType": "image/png", "data": "iVBORw0KGgo="}, "8 bytes of binary data."),
        ({"mimeType": "text/plain", "data": "eHh4" * 2000}, "6000 bytes of binary data."),
        ({"mimeType": "text/plain", "data": "/////w=="}, "4 bytes of binary data."),
        ({"mimeType": "text/plain", "data": "no base64!"}, "7 bytes of binary data."),
        ({"mimeType": "text/plain", "data": "filesystem-v2", "id": "x/1"}, "The file is held in n8n's own storage."),
        ({"mimeType": "text/plain"}, "The event did not hold the file's data."),
    ],
)
def test_other_files_are_described(file: dict[str, Any], said: str) -> None:
    shown = shown_file(with_file(fileName="a", **file))
    assert shown["not_shown"] == said
    assert shown["fileName"] == "a"
    assert "data" not in shown
    assert "text" not in shown


def test_an_ai_nodes_helper_shows_what_it_was_asked_and_what_it_gave() -> None:
    payload = deepcopy(CLI)
    asked = {"messages": ["Human: hello"]}
    gave = {"response": {"text": "hi"}, "tokenUsage": {"totalTokens": 7}}
    payload["data"]["resultData"]["runData"]["Chat Model"] = [
        {
            "startTime": 1795452931600,
            "executionTime": 5,
            "executionIndex": 99,
            "executionStatus": "success",
            "source": [None],
            "inputOverride": {"ai_languageModel": [[{"json": asked}]]},
            "data": {"ai_languageModel": [[{"json": gave}]]},
        },
        {
            "startTime": 1795452931700,
            "executionTime": 5,
            "executionIndex": 100,
            "executionStatus": "success",
            "source": [{"previousNode": "Summary"}],
            "data": {"ai_languageModel": [[{"json": gave}]], "ai_tool": [[]]},
        },
    ]
    first, second = step_of(payload, "Chat Model", 1), step_of(payload, "Chat Model", 2)
    assert (first["input"], first["output"]) == ([asked], [gave])
    assert second["output"] == {"ai_languageModel": [gave], "ai_tool": []}
    assert "input" not in second
