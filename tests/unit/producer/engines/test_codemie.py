from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord, NotCompleted, RunfolioError
from producer.engines import convert
from tests.unit.producer.engines.payloads import assert_valid, converted, load, mutated

PAYLOAD = load("codemie/execution_with_states.json")


@pytest.fixture
def payload() -> Any:
    return deepcopy(PAYLOAD)


def test_the_execution(payload: Any) -> None:
    record = converted("codemie", payload)
    assert record["workflow"]["id"] == "codemie:b7f0c3a2-6f0e-4f3c-9d53-0f7a4ad7c1de"
    assert record["workflow"]["name"] == "virtual assistant"
    execution = record["execution"]
    assert execution["id"] == "4540c83c-57af-465c-84f2-c7c404e41328"
    assert execution["status"] == "failed"
    assert execution["started_at"] == "2025-04-09T11:59:56.120000Z"
    assert execution["finished_at"] == "2025-04-09T12:03:11.400000Z"
    assert execution["triggered_by"] == "Ada L."
    assert execution["input"] == "write a story about tree"
    assert execution["tokens_usage"]["money_spent"] == 0.0314
    assert execution["details"]["created_by"]["user_id"] == "u-17"


def test_the_steps(payload: Any) -> None:
    steps = converted("codemie", payload)["steps"]
    assert [(step["name"], step.get("iteration"), step["status"]) for step in steps] == [
        ("content_editing", 1, "succeeded"),
        ("review_and_edit", 1, "succeeded"),
        ("content_editing", 2, "succeeded"),
        ("finalize", 1, "failed"),
        ("ResultFinalizerNode", None, "interrupted"),
    ]
    assert steps[0]["description"].startswith("Generate a draft")
    assert steps[0]["output"].startswith("# The Old Oak")
    assert steps[2]["details"]["preceding_state_ids"] == ["s-2"]


def test_thoughts_are_children(payload: Any) -> None:
    [agent] = converted("codemie", payload)["steps"][0]["children"]
    assert (agent["name"], agent["kind"]) == ("Content Editing", "Agent")
    assert agent["input"] == "write a story about tree"
    [tool] = agent["children"]
    assert tool == {"name": "web_search", "kind": "Tool", "input": '{"q": "oak lifespan"}', "output": '{"hits": 3}'}


def test_a_failed_states_output_is_its_error(payload: Any) -> None:
    failed = converted("codemie", payload)["steps"][3]
    assert failed["error"] == payload["states"][3]["output"]
    assert "output" not in failed


def test_a_state_that_was_paused_is_interrupted_with_a_note(payload: Any) -> None:
    [note] = converted("codemie", payload)["steps"][4]["notes"]
    assert "'Interrupted'" in note


@pytest.mark.parametrize("word", ["Interrupted", "In Progress", "Not Started", "AUTHENTICATION_REQUIRED"])
def test_an_execution_that_pauses_has_not_completed(payload: Any, word: str) -> None:
    payload["execution"]["overall_status"] = word
    with pytest.raises(NotCompleted) as error:
        convert("codemie", payload)
    assert error.value.field == "execution.overall_status"


@pytest.mark.parametrize(
    ("word", "status"),
    [("Succeeded", "succeeded"), ("Aborted", "cancelled"), ("Not Started", "skipped"), ("In Progress", "interrupted")],
)
def test_statuses_of_states(payload: Any, word: str, status: str) -> None:
    payload["states"][1]["status"] = word
    assert converted("codemie", payload)["steps"][1]["status"] == status


def test_an_unknown_status_names_its_place(payload: Any) -> None:
    payload["states"][3]["status"] = "Fine"
    with pytest.raises(InvalidRecord, match="'Fine'") as error:
        convert("codemie", payload)
    assert error.value.field == "states[3].status"


def test_states_are_sorted_by_their_start_and_those_without_come_last(payload: Any) -> None:
    expected = [step["details"]["id"] for step in converted("codemie", payload)["steps"]]
    payload["states"].reverse()
    assert [step["details"]["id"] for step in converted("codemie", payload)["steps"]] == expected
    payload["states"][-1]["started_at"] = None
    assert converted("codemie", payload)["steps"][-1]["details"]["id"] == "s-1"


def test_what_the_sender_did_not_fetch_is_noted(payload: Any) -> None:
    del payload["states"][0]["output"]
    del payload["states"][0]["thoughts"][0]["content"]
    assert converted("codemie", payload)["steps"][0]["notes"] == [
        "The event did not hold this state's output.",
        "The event held 1 of the thoughts without their content.",
    ]
    del payload["states"]
    record = converted("codemie", payload)
    assert record["steps"] == []
    assert "no states" in record["execution"]["notes"][0]


def test_the_workflow_may_be_known_by_the_execution_only(payload: Any) -> None:
    del payload["workflow"]
    workflow = converted("codemie", payload)["workflow"]
    assert (workflow["id"], workflow["name"]) == (
        "codemie:b7f0c3a2-6f0e-4f3c-9d53-0f7a4ad7c1de",
        "virtual assistant",
    )


@pytest.mark.parametrize("key", ["execution_id", "overall_status"])
def test_what_is_missing_is_named(payload: Any, key: str) -> None:
    payload["execution"][key] = None
    with pytest.raises(InvalidRecord, match="is missing") as error:
        convert("codemie", payload)
    assert error.value.field == f"execution.{key}"


def test_one_page_of_states_is_no_list_of_states(payload: Any) -> None:
    payload["states"] = {"data": payload["states"], "pagination": {"page": 0}}
    with pytest.raises(InvalidRecord) as error:
        convert("codemie", payload)
    assert error.value.field == "states"


def test_fields_of_the_event_itself_are_kept(payload: Any) -> None:
    payload["transitions"] = [{"from_state_id": "s-1", "to_state_id": "s-2"}]
    assert converted("codemie", payload)["execution"]["event"] == {"transitions": payload["transitions"]}


def test_thoughts_nested_beyond_reason_are_refused(payload: Any) -> None:
    thought: dict[str, Any] = {"author_name": "x", "content": ""}
    for _ in range(65):
        thought = {"author_name": "x", "content": "", "children": [thought]}
    payload["states"][0]["thoughts"] = [thought]
    with pytest.raises(InvalidRecord, match="thoughts deep"):
        convert("codemie", payload)


def test_the_same_payload_gives_the_same_record(payload: Any) -> None:
    before = deepcopy(payload)
    assert convert("codemie", payload) == convert("codemie", payload)
    assert payload == before


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_mutated_payload_gives_a_problem_or_a_valid_record(data: st.DataObject) -> None:
    try:
        record = convert("codemie", data.draw(mutated(PAYLOAD)))
    except RunfolioError:
        return
    assert_valid(record)
