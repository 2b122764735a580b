from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord, NotCompleted, RunfolioError
from producer.engines import convert
from tests.unit.producer.engines.payloads import assert_valid, converted, load, mutated, outline

EXAMPLES = load("serverless-workflow/lifecycle_events_data_examples.json")
NAME = "orderPetWorkflow-ix7iryakiem8j.samples"


def event(title: str, second: int | None = None, **data: Any) -> dict[str, Any]:
    """Make the CloudEvent of one of the specification's examples, at a second of its own."""
    scope, _, kind = title.removesuffix(" Event").lower().partition(" ")
    content = {**deepcopy(EXAMPLES[title]), **data}
    if second is not None:
        content |= {name: f"2024-07-26T16:59:{second:02d}-05:00" for name in content if name.endswith("At")}
    return {
        "specversion": "1.0",
        "id": f"{title}-{second}-{content.get('task')}",
        "source": "https://runtime.example",
        "type": f"io.serverlessworkflow.{scope}.{kind.replace(' ', '-')}.v1",
        "data": content,
    }


RUN = [
    event("Workflow Started Event", 0),
    event("Task Created Event", 1),
    event("Task Started Event", 2),
    event("Task Suspended Event", 3),
    event("Task Resumed Event", 4),
    event("Task Completed Event", 5),
    event("Workflow Correlation Completed Event", 6),
    event("Workflow Status Changed Event", 7),
    event("Workflow Completed Event", 8),
]


def test_the_events_of_an_execution() -> None:
    record = converted("serverless-workflow", RUN)
    assert record["workflow"]["id"] == "serverless-workflow:samples/orderPetWorkflow"
    assert record["workflow"]["name"] == "orderPetWorkflow"
    assert record["workflow"]["details"] == {"namespace": "samples", "version": "1.0.0"}
    execution = record["execution"]
    assert (execution["id"], execution["status"]) == (NAME, "succeeded")
    assert (execution["started_at"], execution["finished_at"]) == (
        "2024-07-26T16:59:00-05:00",
        "2024-07-26T16:59:08-05:00",
    )
    assert execution["output"]["status"] == "placed"
    assert [one["type"].split(".")[3] for one in execution["events"]] == ["correlation-completed", "status-changed"]
    assert outline(record) == [("initialize", None, "succeeded")]
    [step] = record["steps"]
    assert (step["started_at"][17:19], step["finished_at"][17:19]) == ("02", "05")
    assert step["output"]["petId"] == "xt84hj202q14s"
    assert step["details"]["task"] == "/do/1/initialize"
    assert [note[:16] for note in step["notes"]] == ["It was suspended", "It was resumed a"]


@pytest.mark.parametrize(
    "payload", [RUN[::-1], [*RUN, *RUN], {"events": RUN}, [one["data"] for one in RUN if "Status" not in one["id"]]]
)
def test_order_repetition_wrapping_and_missing_types_change_nothing(payload: Any) -> None:
    record = converted("serverless-workflow", payload)
    expected = converted("serverless-workflow", RUN)
    assert record["steps"] == expected["steps"]
    assert record["execution"]["id"] == expected["execution"]["id"]
    assert record["execution"]["output"] == expected["execution"]["output"]


@pytest.mark.parametrize(
    ("title", "status", "output"),
    [
        ("Workflow Completed Event", "succeeded", "placed"),
        ("Workflow Faulted Event", "failed", None),
        ("Workflow Cancelled Event", "cancelled", None),
    ],
)
def test_the_ending_event_alone(title: str, status: str, output: str | None) -> None:
    for payload in (event(title), [event(title)], event(title)["data"]):
        record = converted("auto", payload)
        assert record["workflow"]["id"] == "serverless-workflow:samples/orderPetWorkflow"
        assert (record["execution"]["id"], record["execution"]["status"]) == (NAME, status)
        assert record["execution"].get("output", {}).get("status") == output
        assert "no events of tasks" in record["execution"]["notes"][0]
    if status == "failed":
        assert record["execution"]["error"]["title"] == "Service Not Available"


@pytest.mark.parametrize(
    ("title", "phase"),
    [
        ("Workflow Started Event", "running"),
        ("Workflow Suspended Event", "waiting"),
        ("Workflow Resumed Event", "running"),
        ("Task Completed Event", "running"),
        ("Task Started Event", "running"),
    ],
)
def test_an_execution_that_has_not_ended_is_refused(title: str, phase: str) -> None:
    with pytest.raises(NotCompleted, match=phase):
        convert("auto", [event(title)])


def test_a_changed_status_ends_an_execution_too() -> None:
    changed = event("Workflow Status Changed Event", status="FAULTED")
    assert converted("auto", changed)["execution"]["status"] == "failed"
    with pytest.raises(NotCompleted):
        convert("auto", event("Workflow Status Changed Event", status="running"))
    with pytest.raises(InvalidRecord, match="'fine'"):
        convert("auto", event("Workflow Status Changed Event", status="fine"))


def test_a_task_that_starts_again_is_another_iteration() -> None:
    turns = [event(f"Task {kind} Event", n) for n in (1, 3, 5) for kind in ("Started", "Completed")]
    record = converted("serverless-workflow", [RUN[0], *turns, RUN[-1]])
    assert outline(record) == [("initialize", n, "succeeded") for n in (1, 2, 3)]
    assert [step["started_at"][17:19] for step in record["steps"]] == ["01", "03", "05"]


def test_a_retry_is_a_run_of_its_own() -> None:
    started, faulted = event("Task Started Event", 1), event("Task Faulted Event", 2)
    retried, completed = event("Task Retried Event", 3), event("Task Completed Event", 5)
    for retry in ([retried], [retried, event("Task Started Event", 4)], [{**retried, "type": started["type"]}]):
        record = converted("serverless-workflow", [RUN[0], started, faulted, *retry, completed, RUN[-1]])
        assert outline(record) == [("initialize", 1, "failed"), ("initialize", 2, "succeeded")]
        assert record["steps"][0]["error"]["status"] == "503"
        assert record["steps"][1]["notes"] == ["This is try 2 of the task."]


def test_tasks_that_were_left_behind() -> None:
    events = [
        event("Task Created Event", 1, task="/do/0/first"),
        event("Task Started Event", 2, task="/do/1/second"),
        event("Task Suspended Event", 3, task="/do/1/second"),
        event("Task Cancelled Event", 3, task="/do/2/third"),
        event("Workflow Faulted Event", 4),
    ]
    record = converted("serverless-workflow", events)
    assert sorted(outline(record)) == [
        ("first", None, "skipped"),
        ("second", None, "interrupted"),
        ("third", None, "cancelled"),
    ]


def test_tasks_of_one_name_are_called_by_their_pointers() -> None:
    tasks = ("/do/0/load", "/do/1/each/for/do/0/load", "/do/2", "/do/3/a~1b")
    events = [event("Task Completed Event", n, task=task) for n, task in enumerate(tasks)]
    record = converted("serverless-workflow", [*events, RUN[-1]])
    assert [step["name"] for step in record["steps"]] == [*tasks[:3], "a/b"]
    assert "no start" in record["steps"][0]["notes"][0]


def test_events_of_several_executions() -> None:
    other = event("Task Started Event", 2, workflow="other-1.samples")
    record = converted("serverless-workflow", [*RUN, other])
    assert len(record["steps"]) == 1
    assert record["execution"]["notes"] == ["1 events of other executions are not shown."]
    with pytest.raises(InvalidRecord, match="2 executions"):
        convert("serverless-workflow", [*RUN, event("Workflow Completed Event", 9, name="other-1.samples")])


def test_ids_told_by_an_extension_attribute() -> None:
    events = []
    for one in deepcopy(RUN):
        one["acmeworkflowid"] = "0192d4e5"
        one["data"] |= {key: "default/my-flow:1.0.0" for key in ("name", "workflow") if key in one["data"]}
        one["data"].pop("definition", None)
        events.append(one)
    record = converted("auto", events)
    assert record["workflow"]["id"] == "serverless-workflow:default/my-flow"
    assert record["workflow"]["details"]["version"] == "1.0.0"
    assert record["execution"]["id"] == "0192d4e5"
    assert len(record["steps"]) == 1


def test_events_as_a_runtime_logs_them() -> None:
    of_workflow = {
        "instanceId": "u-1",
        "workflowNamespace": "default",
        "workflowName": "orders",
        "workflowVersion": "2",
    }
    of_task = {"instanceId": "u-1", "taskExecutionId": "t-1", "taskName": "pay", "taskPosition": "/do/0"}
    at = "2026-04-15T15:30"
    told: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("workflow.started", of_workflow, {"startTime": f"{at}:00Z", "input": {"a": 1}}),
        ("task.started", of_task, {"startTime": f"{at}:05Z", "input": {"amount": 1}}),
        ("task.faulted", of_task, {"endTime": 1776267007.5, "error": {"title": "time-out"}}),
        ("workflow.faulted", of_workflow, {"endTime": f"{at}:30Z", "status": "FAULTED"}),
    ]
    events = [{"eventType": f"io.serverlessworkflow.{kind}.v1", **who, **what} for kind, who, what in told]
    record = converted("auto", events)
    assert (record["workflow"]["id"], record["execution"]["id"]) == ("serverless-workflow:default/orders", "u-1")
    assert record["execution"]["input"] == {"a": 1}
    assert outline(record) == [("pay", None, "failed")]
    [step] = record["steps"]
    assert (step["input"], step["error"]) == ({"amount": 1}, {"title": "time-out"})
    assert (step["started_at"], step["finished_at"]) == ("2026-04-15T15:30:05Z", "2026-04-15T15:30:07.500Z")


@pytest.mark.parametrize("payload", [None, [], {}, 3, [1], {"type": 3}, {"events": []}, {"data": 3}, [{"data": {}}]])
def test_what_is_no_event_is_refused(payload: Any) -> None:
    with pytest.raises(RunfolioError):
        convert("serverless-workflow", payload)


def test_the_same_payload_gives_the_same_record() -> None:
    before = deepcopy(RUN)
    assert convert("serverless-workflow", RUN) == convert("serverless-workflow", RUN)
    assert before == RUN


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([RUN, RUN[-1], [one["data"] for one in RUN]]))
def test_a_mutated_payload_gives_a_problem_or_a_valid_record(data: st.DataObject, payload: Any) -> None:
    try:
        record = convert("serverless-workflow", data.draw(mutated(payload)))
    except RunfolioError:
        return
    assert_valid(record)
