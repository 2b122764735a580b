from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidOptions, InvalidRecord, MalformedBody, NotFound, RunfolioError
from producer.engines import ENGINES, convert
from producer.incoming import Most, as_text, receive
from tests.unit.producer.engines.payloads import FIXTURES, assert_valid, load

CODEMIE = "codemie/execution_with_states.json"
N8N = "n8n/run_api_execution_7_sub_success.json"


@pytest.mark.parametrize(
    ("file", "engine"),
    [
        (CODEMIE, "codemie"),
        (N8N, "n8n"),
        ("cdevents/pipelinerun_finished.json", "cdevents"),
        ("cdevents/taskrun_finished.json", "cdevents"),
        ("dbt/run_results_build.json", "dbt"),
        ("tekton/chains_pipelinerun1.json", "tekton"),
        ("tekton/chains_pipelinerun-childrefs.json", "tekton"),
        ("tekton/chains_taskrun1.json", "tekton"),
        ("tekton/dashboard_pipelineRun.json", "tekton"),
        ("langgraph/run_failed_langsmith_run_tree.json", "langgraph"),
        ("langgraph/run_failed_state_history.json", "langgraph"),
        ("langgraph/run_failed_stream_debug.json", "langgraph"),
        ("langgraph/langsmith_http_batch_005.json", "langgraph"),
    ],
)
def test_auto_recognises_the_engine(file: str, engine: str) -> None:
    assert convert("auto", load(file)) == convert(engine, load(file))
    assert convert("auto", load(file))["engine"] == {"name": engine}


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*/*.json")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_adapter_takes_another_engines_payload_for_its_own(path: Path) -> None:
    payload = load(f"{path.parent.name}/{path.name}")
    recognised = [adapter.name for adapter in ENGINES.values() if adapter.recognises(payload)]
    assert [name for name in recognised if not path.parent.name.startswith(name)] == []


@pytest.mark.parametrize(
    "payload", [None, 1, "x", [], {}, {"data": {}}, {"execution": 1}, {"workflow": {}, "steps": []}]
)
def test_auto_says_when_no_engine_is_recognised(payload: Any) -> None:
    with pytest.raises(InvalidRecord, match="none of the known engines") as error:
        convert("auto", payload)
    assert all(name in (error.value.remedy or "") for name in ENGINES)


def test_auto_does_not_choose_between_two() -> None:
    both = {**load(CODEMIE), "executionId": "1", "runData": {}}
    with pytest.raises(InvalidRecord, match="codemie and n8n"):
        convert("auto", both)


def test_an_unknown_engine_is_not_found_and_the_known_ones_are_listed() -> None:
    with pytest.raises(NotFound, match="'airflaw'") as error:
        convert("airflaw", {})
    assert all(name in (error.value.remedy or "") for name in ENGINES)


def test_the_instance_is_part_of_the_workflow_id() -> None:
    assert convert("n8n", load(N8N))["workflow"]["id"] == "n8n:subwf00000000001"
    record = convert("n8n", load(N8N), instance="prod-eu")
    assert record["workflow"]["id"] == "n8n@prod-eu:subwf00000000001"
    assert record["workflow"]["name"] == "Sub: score row"
    assert record["engine"] == {"name": "n8n", "instance": "prod-eu"}


@pytest.mark.parametrize("instance", ["a", "A.b_c-9", "x" * 64])
def test_instances_that_are_allowed(instance: str) -> None:
    assert convert("n8n", load(N8N), instance=instance)["engine"]["instance"] == instance


@pytest.mark.parametrize("instance", ["", "x" * 65, "a:b", "a/b", "a b", "é", "a\n", "*"])
def test_instances_that_are_refused(instance: str) -> None:
    with pytest.raises(InvalidOptions) as error:
        convert("n8n", load(N8N), instance=instance)
    assert error.value.field == "instance"


def test_a_workflow_without_a_name_is_called_by_the_engines_id() -> None:
    assert convert("n8n", load("n8n/run_api_execution_1_nodata.json"))["workflow"] == {
        "id": "n8n:cliwf00000000001",
        "name": "cliwf00000000001",
    }


def test_the_prefix_counts_to_the_length_of_the_id() -> None:
    payload = load(N8N)
    payload["workflowData"]["id"] = "x" * 1021
    with pytest.raises(InvalidRecord) as error:
        convert("n8n", payload)
    assert error.value.field == "workflow.id"


def test_a_payload_nested_beyond_reason_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    payload = load(N8N)
    payload["data"]["resultData"]["runData"]["Score"][0]["data"]["main"][0][0]["json"] = deep
    # How deep an adapter itself can go depends on the interpreter; what comes out of it is read by intake in any case.
    with pytest.raises((InvalidRecord, MalformedBody), match="nested too deeply"):
        list(receive(as_text(convert("n8n", payload)), Most()).steps)


SHAPING = ["data", "execution", "workflow", "workflowData", "runData", "resultData", "states", "nodes", "trigger"]
SHAPING += ["context", "subject", "content", "payload", "metadata", "post", "runs", "events", "run_results", "results"]
SHAPING += ["pipelineRun", "taskRuns", "spec", "items", "extra", "child_runs"]
NAMING = [
    "id",
    "workflowId",
    "executionId",
    "status",
    "finished",
    "overall_status",
    "mode",
    "error",
    "type",
    "kind",
    "run_type",
    "start_time",
]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["success", "Failed", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(SHAPING + NAMING), inner, max_size=6),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(ANY_JSON, st.sampled_from(["auto", *ENGINES]))
def test_any_json_gives_a_problem_or_a_valid_record(payload: Any, engine: str) -> None:
    try:
        record = convert(engine, payload)
    except RunfolioError:
        return
    assert_valid(record)
