from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord, NotCompleted, RunfolioError
from producer.engines import convert
from tests.unit.producer.engines.payloads import assert_valid, converted, load, mutated, outline

TREE = load("langgraph/run_failed_langsmith_run_tree.json")
BATCHES = [load(f"langgraph/langsmith_http_batch_00{n}.json") for n in (3, 4, 5)]
HISTORY = load("langgraph/run_failed_state_history.json")
STREAM = load("langgraph/run_failed_stream_debug.json")
SERVER = {
    "run_id": "1ef6a5f8-bd86-6763-bbd6-bff042db7b1b",
    "thread_id": "9dde5490-2b67-47c8-aa14-4bfec88af217",
    "assistant_id": "fe096781-5601-53d2-b2f6-0d3403f7e9ca",
    "created_at": "2026-09-04T12:00:00.1+00:00",
    "metadata": {"graph_id": "agent", "created_by": "system"},
    "status": "success",
    "kwargs": {"input": {"messages": [{"role": "human", "content": "hi"}]}},
    "webhook_sent_at": "2026-09-04T12:00:09+00:00",
    "run_ended_at": "2026-09-04T12:00:08+00:00",
    "values": {"messages": [{"type": "ai", "content": "hello"}]},
}
PARTS = [{"type": "text", "text": "a"}]
NODES = [
    ("plan", 1, "succeeded"),
    ("plan", 2, "succeeded"),
    ("plan", 3, "succeeded"),
    ("flaky tool", 1, "failed"),
    ("flaky tool", 2, "succeeded"),
    ("worker", 1, "succeeded"),
    ("worker", 2, "succeeded"),
    ("worker", 3, "succeeded"),
    ("check", None, "failed"),
]


def flat(runs: list[Any]) -> list[Any]:
    """Write a tree of runs as the API's list."""
    return [
        entry
        for run in runs
        for entry in [{k: v for k, v in run.items() if k != "child_runs"}, *flat(run["child_runs"])]
    ]


def test_the_execution() -> None:
    record = converted("langgraph", TREE)
    assert record["workflow"]["id"] == "langgraph:Approval graph"
    execution = record["execution"]
    assert execution["id"] == "01a20963-4176-73ba-b892-0439c65b3fdf"
    assert execution["status"] == "failed"
    assert execution["input"]["fail"] is True
    assert execution["error"].startswith(
        "ValueError('cannot approve: naïve ✗ <b>')\n\nTraceback (most recent call last)"
    )
    assert execution["details"]["metadata"]["ticket"] == "AB-1"
    assert execution["details"]["tags"] == ["prod"]


def test_nodes_are_steps_and_plumbing_is_hidden() -> None:
    record = converted("langgraph", TREE)
    assert outline(record) == NODES
    steps = record["steps"]
    assert steps[0]["output"]["messages"][0]["content"].startswith("# Plan")
    assert [step["langgraph_step"] for step in steps] == [1, 2, 3, 4, 4, 5, 5, 5, 6]
    assert [step["next"] for step in steps[:3]] == ["plan", "plan", "flaky tool"]
    assert [step["output"] for step in steps[5:8]] == [{"rows": [0]}, {"rows": [10]}, {"rows": [20]}]
    assert 'File "/srv/engine/lg.py", line 29, in check\n    if s["fail"]' in steps[-1]["error"]


def test_model_calls_and_tools_are_children() -> None:
    steps = converted("langgraph", TREE)["steps"]
    [model] = steps[0]["children"]
    assert (model["name"], model["kind"], model["status"]) == ("GenericFakeChatModel", "llm", "succeeded")
    assert (model["input"], model["output"]) == ("Human: make a plan", "# Plan\n1. do **this**")
    assert model["details"]["message"]["usage_metadata"]["total_tokens"] == 19
    [tool] = steps[4]["children"]
    assert (tool["name"], tool["kind"], tool["output"]) == ("lookup", "tool", "result for x ☕")


def test_tries_of_one_task_are_told_and_parallel_workers_are_none() -> None:
    steps = converted("langgraph", TREE)["steps"]
    assert steps[3]["notes"] == ["This is try 1 of 2 of the same task. It was tried again."]
    assert steps[4]["notes"] == ["This is try 2 of 2 of the same task."]
    assert all("notes" not in step for step in steps[5:8])


@pytest.mark.parametrize("wrap", [lambda runs: runs, lambda runs: {"runs": runs}, lambda runs: [{"runs": runs}]])
def test_a_flat_list_gives_the_same_record_in_any_order(wrap: Any) -> None:
    runs = flat(TREE)
    assert converted("auto", wrap(runs)) == converted("langgraph", TREE)
    assert converted("auto", wrap(runs[::-1])) == converted("langgraph", TREE)
    assert converted("auto", TREE[0]) == converted("langgraph", TREE)


def test_the_clients_batches_together_are_one_execution() -> None:
    record = converted("langgraph", BATCHES[:2])
    assert record["execution"]["id"] == "01a20963-48c1-73ee-99bc-10c35bfad05a"
    assert record["execution"]["status"] == "succeeded"
    assert record["execution"]["output"]["rows"] == ["result for x ☕", 0, 10, 20, "ok"]
    assert outline(record) == [*NODES[:-1], ("check", None, "succeeded")]
    [note] = record["execution"]["notes"]
    assert "01a20963-49a0-7419-ae19-5f579aa1daec" in note


def test_a_batch_that_closes_an_execution_shows_what_it_holds() -> None:
    record = converted("auto", BATCHES[2])
    assert record["execution"]["status"] == "failed"
    assert [step["name"] for step in record["steps"]] == ["flaky tool", "worker", "worker", "worker", "check"]
    assert outline(converted("auto", BATCHES[1]))[-1] == ("check", None, "succeeded")


def test_an_open_execution_is_refused() -> None:
    with pytest.raises(NotCompleted) as error:
        convert("langgraph", BATCHES[0])
    assert error.value.field == "post[0].status"


def test_two_executions_are_refused() -> None:
    with pytest.raises(InvalidRecord, match="holds 2 executions"):
        convert("langgraph", BATCHES)


def test_runs_without_their_root_are_refused() -> None:
    with pytest.raises(InvalidRecord, match="no root run"):
        convert("langgraph", flat(TREE)[1:])


def test_runs_whose_parent_is_absent_go_to_the_root() -> None:
    runs = [run for run in flat(TREE) if run["name"] != "flaky tool"]
    assert "lookup" in [step["name"] for step in converted("langgraph", runs)["steps"]]


def test_runs_in_a_circle_are_noted() -> None:
    circle = [
        {"id": "a", "parent_run_id": "b", "name": "x", "run_type": "chain"},
        {"id": "b", "parent_run_id": "a", "name": "y", "run_type": "chain"},
    ]
    [note] = converted("langgraph", [*TREE, *circle])["execution"]["notes"]
    assert note.startswith("2 of the runs")


def test_a_graph_that_waits_for_a_person_is_refused() -> None:
    tree = deepcopy(TREE)
    tree[0].update(error=None, outputs={"__interrupt__": [{"value": "approve?"}]})
    with pytest.raises(NotCompleted, match="paused") as error:
        convert("langgraph", tree)
    assert error.value.field == "[0].outputs.__interrupt__"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"error": "CancelledError()"}, "cancelled"),
        ({"error": "GraphInterrupt((Interrupt(value='?'),))"}, "interrupted"),
        ({"error": "ParentCommand(Command(goto='x'))"}, "succeeded"),
        ({"error": None, "end_time": None}, "interrupted"),
        ({"error": None, "status": "error"}, "failed"),
        ({"error": None, "status": "pending"}, "skipped"),
    ],
)
def test_how_a_node_ended(change: dict[str, Any], status: str) -> None:
    tree = deepcopy(TREE)
    tree[0]["child_runs"][-1].update(change)
    assert [step["status"] for step in converted("langgraph", tree)["steps"] if step["name"] == "check"] == [status]


def test_an_unknown_status_is_named() -> None:
    tree = deepcopy(TREE)
    tree[0]["child_runs"][0]["status"] = "fine"
    with pytest.raises(InvalidRecord, match="'fine'") as error:
        convert("langgraph", tree)
    assert error.value.field == "[0].child_runs[0].status"


def test_nodes_of_an_inner_graph_are_children_and_an_outer_chain_is_looked_through() -> None:
    tree = deepcopy(TREE)
    inner = deepcopy(tree[0]["child_runs"][-1])
    inner.update(name="inner node", id="inner")
    inner["extra"]["metadata"]["langgraph_node"] = "inner node"
    graph = {"id": "g", "name": "LangGraph", "run_type": "chain", "end_time": "2026-11-23T17:10:30Z", "outputs": {}}
    tree[0]["child_runs"][5]["child_runs"] = [{**graph, "start_time": "2026-11-23T17:10:29Z", "child_runs": [inner]}]
    outer = {**tree[0], "id": "outer", "name": "my function", "child_runs": tree}
    steps = converted("langgraph", [outer])["steps"]
    assert [step["name"] for step in steps] == [name for name, _, _ in NODES]
    [wrapped] = steps[5]["children"]
    assert (wrapped["name"], wrapped["children"][0]["kind"]) == ("LangGraph", "node")


def test_without_a_graph_what_ran_directly_is_a_step() -> None:
    runs = flat(TREE)
    root, model = runs[0], next(run for run in runs if run["run_type"] == "llm")
    record = converted("langgraph", [root, {**model, "parent_run_id": root["id"], "extra": None}])
    assert outline(record) == [("GenericFakeChatModel", None, "succeeded")]
    assert record["steps"][0]["output"].startswith("# Plan")
    assert "root run only" in converted("langgraph", [root])["execution"]["notes"][0]


def test_what_lies_in_the_object_store_is_noted() -> None:
    tree = deepcopy(TREE)
    tree[0]["child_runs"][0].update(outputs=None, outputs_s3_urls={"ROOT": {"presigned_url": "https://x.example"}})
    assert "object store" in converted("langgraph", tree)["steps"][0]["notes"][0]


@pytest.mark.parametrize(
    ("outputs", "shown"),
    [
        ({"generations": [[{"text": "", "message": {"content": PARTS}}]]}, {"content": PARTS}),
        ({"generations": [[{"text": "a"}, {"text": "b"}]]}, {"generations": [[{"text": "a"}, {"text": "b"}]]}),
        ({"role": "assistant", "content": "x"}, {"role": "assistant", "content": "x"}),
        ({"generations": []}, {"generations": []}),
        ({"generations": [{"generation_info": {"x": 1}}]}, {"generation_info": {"x": 1}}),
    ],
)
def test_answers_of_models_of_any_shape_are_kept(outputs: Any, shown: Any) -> None:
    tree = deepcopy(TREE)
    tree[0]["child_runs"][0]["child_runs"][0]["outputs"] = outputs
    assert converted("langgraph", tree)["steps"][0]["children"][0]["output"] == shown


def test_the_state_history() -> None:
    record = converted("auto", HISTORY)
    assert (record["workflow"]["name"], record["execution"]["id"]) == ("LangGraph", "t-failed")
    assert record["execution"]["error"] == "ValueError('cannot approve: naïve ✗ <b>')"
    assert [name for name, _, _ in outline(record)] == ["plan"] * 3 + ["flaky tool"] + ["worker"] * 3 + ["check"]
    assert record["steps"][3]["output"] == {"rows": ["result for x ☕"]}
    assert record["steps"][-1]["status"] == "failed"
    assert len(record["execution"]["notes"]) == 2


def test_a_state_history_that_has_not_ended_is_refused() -> None:
    history = deepcopy(HISTORY)
    history[0]["tasks"][0]["error"] = None
    with pytest.raises(NotCompleted):
        convert("langgraph", history)
    history[0]["tasks"][0]["interrupts"] = [{"value": "approve?"}]
    with pytest.raises(NotCompleted, match="paused"):
        convert("langgraph", history)
    history[0]["next"] = []
    assert converted("langgraph", history)["execution"]["status"] == "succeeded"


def test_only_the_last_run_of_a_thread_is_shown() -> None:
    earlier = [{**deepcopy(one), "config": one["config"]} for one in HISTORY]
    later = deepcopy(HISTORY)
    for one in later:
        one["metadata"]["step"] += 10
    record = converted("langgraph", [*later, *earlier])
    assert len(record["steps"]) == 8
    assert "1 earlier" in record["execution"]["notes"][0]


def test_the_debug_stream() -> None:
    record = converted("auto", STREAM)
    assert record["execution"]["id"] == "t-failed"
    assert record["execution"]["error"] == "ValueError('cannot approve: naïve ✗ <b>')"
    assert [step["name"] for step in record["steps"]] == ["plan"] * 3 + ["flaky tool"] + ["worker"] * 3 + ["check"]
    assert [step["input"] for step in record["steps"][4:7]] == [{"item": 0}, {"item": 1}, {"item": 2}]
    tuples = [[event["mode"], event["data"]] for event in STREAM if "mode" in event]
    assert converted("auto", tuples)["steps"] == record["steps"]
    assert converted("langgraph", [data for mode, data in tuples if mode == "debug"])["steps"] == record["steps"]


def test_the_graph_servers_webhook() -> None:
    record = converted("auto", SERVER)
    assert (record["workflow"]["id"], record["execution"]["id"]) == ("langgraph:agent", SERVER["run_id"])
    assert record["execution"]["output"]["messages"][0]["content"] == "hello"
    assert "no steps can be shown" in record["execution"]["notes"][0]
    assert converted("langgraph", {**SERVER, "status": "timeout"})["execution"]["status"] == "timed-out"
    for change in ({"status": "pending"}, {"values": {"__interrupt__": [{"value": "?"}]}}):
        with pytest.raises(NotCompleted):
            convert("langgraph", {**SERVER, **change})


@pytest.mark.parametrize("payload", [TREE, BATCHES[1], HISTORY, STREAM], ids=["tree", "batch", "history", "stream"])
def test_the_same_payload_gives_the_same_record(payload: Any) -> None:
    before = deepcopy(payload)
    assert convert("langgraph", payload) == convert("langgraph", payload)
    assert payload == before


@pytest.mark.parametrize("payload", [[], {}, [1], [[]], "x", None, 3, [None], {"runs": []}, {"post": [{}]}])
def test_what_is_no_run_is_refused(payload: Any) -> None:
    with pytest.raises(RunfolioError):
        convert("langgraph", payload)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([TREE, BATCHES[1], HISTORY, STREAM, SERVER]))
def test_a_mutated_payload_gives_a_problem_or_a_valid_record(data: st.DataObject, payload: Any) -> None:
    try:
        record = convert("langgraph", data.draw(mutated(payload)))
    except RunfolioError:
        return
    assert_valid(record)
