from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord, NotCompleted, RunfolioError
from producer.engines import convert
from tests.unit.producer.engines.payloads import assert_valid, converted, load, mutated, outline

PIPELINE = load("cdevents/pipelinerun_finished.json")
TASK = load("cdevents/taskrun_finished.json")
IN_TURN = (
    "pipelinerun_queued",
    "pipelinerun_started",
    "taskrun_started",
    "taskrun_finished",
    "testcaserun_skipped",
    "artifact_published",
    "testcaserun_finished",
    "build_finished",
    "pipelinerun_finished",
)


def event(name: str, second: int, **content: Any) -> Any:
    """Load an event, at a second of its own."""
    one = load(f"cdevents/{name}.json")
    one["context"]["timestamp"] = f"2023-03-20T14:27:{second:02d}Z"
    one["context"]["id"] = f"{name}-{second}"
    one["subject"]["content"].update(content)
    return one


RUN = [event(name, second) for second, name in enumerate(IN_TURN)]


def test_a_finished_pipeline_run() -> None:
    record = converted("auto", PIPELINE)
    assert record["workflow"] == {"id": "cdevents:myPipeline", "name": "myPipeline"}
    execution = record["execution"]
    assert (execution["id"], execution["status"]) == ("mySubject123", "failed")
    assert execution["finished_at"] == "2023-03-20T14:27:05.315384Z"
    assert execution["url"] == "https://www.example.com/mySubject123"
    assert execution["error"] == "Something went wrong\nWith some more details"
    assert execution["details"]["context"]["chainId"] == "4c8cb7dd-3448-41de-8768-eec704e2829b"
    assert record["steps"] == []
    assert "no task runs" in execution["notes"][0]


def test_a_finished_task_run_is_an_execution_of_its_own() -> None:
    record = converted("auto", TASK)
    assert (record["workflow"]["name"], record["execution"]["id"]) == ("myTask", "mySubject123")
    assert outline(record) == [("myTask", None, "failed")]
    assert record["steps"][0]["error"].startswith("Something went wrong")
    assert record["steps"][0]["details"]["content"] == {"pipelineRun": {"id": "mySubject123"}}


@pytest.mark.parametrize("turn", [1, -1])
def test_the_events_of_a_run_together(turn: int) -> None:
    record = converted("auto", [*RUN[::turn], *RUN])
    execution = record["execution"]
    assert (execution["started_at"], execution["finished_at"]) == ("2023-03-20T14:27:01Z", "2023-03-20T14:27:08Z")
    assert outline(record) == [("myTask", None, "failed"), ("Login Test", 1, "skipped"), ("Login Test", 2, "succeeded")]
    task, skipped, _ = record["steps"]
    assert (task["started_at"], task["finished_at"]) == ("2023-03-20T14:27:02Z", "2023-03-20T14:27:03Z")
    assert skipped["notes"] == ["Reason: Not running in this environment"]
    assert [one["context"]["type"].split(".")[2] for one in execution["events"]] == ["artifact", "build"]


def test_events_of_one_moment_and_one_id_are_still_told_apart() -> None:
    names = ("taskrun_finished", "taskrun_started", "pipelinerun_finished")
    record = converted("cdevents", [load(f"cdevents/{name}.json") for name in names])
    assert outline(record) == [("myTask", None, "failed")]
    assert record["steps"][0]["started_at"] == record["steps"][0]["finished_at"]


def test_structured_cloudevents_are_unwrapped() -> None:
    wrapped = [{"specversion": "1.0", "type": one["context"]["type"], "data": one} for one in RUN]
    assert converted("auto", wrapped) == converted("cdevents", RUN)
    assert converted("auto", wrapped[-1])["execution"]["id"] == "mySubject123"


def test_a_task_that_began_again_is_another_iteration_and_one_left_open_is_interrupted() -> None:
    events = [
        event("taskrun_started", 1),
        event("taskrun_finished", 2),
        event("taskrun_started", 3),
        event("taskrun_finished", 4, outcome="success"),
        event("taskrun_started", 5),
        event("pipelinerun_finished", 6),
    ]
    record = converted("cdevents", events)
    assert outline(record) == [("myTask", 1, "failed"), ("myTask", 2, "succeeded"), ("myTask", 3, "interrupted")]
    assert [step["started_at"][-3:] for step in record["steps"]] == ["01Z", "03Z", "05Z"]
    assert "still running" in record["steps"][2]["notes"][0]


def test_events_of_another_pipeline_run_are_left_out_with_a_note() -> None:
    stranger = event("taskrun_finished", 33, pipelineRun={"id": "another"})
    record = converted("cdevents", [*RUN, stranger])
    assert len(record["steps"]) == 3
    assert "1 events of other runs" in record["execution"]["notes"][0]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("success", "succeeded"),
        ("failure", "failed"),
        ("cancel", "cancelled"),
        ("error", "failed"),
        ("pass", "succeeded"),
    ],
)
def test_outcomes(outcome: str, status: str) -> None:
    assert converted("cdevents", event("pipelinerun_finished", 1, outcome=outcome))["execution"]["status"] == status


@pytest.mark.parametrize("outcome", ["fine", None])
def test_an_unknown_outcome_is_named(outcome: Any) -> None:
    with pytest.raises(InvalidRecord) as error:
        convert("cdevents", event("pipelinerun_finished", 1, outcome=outcome))
    assert error.value.field == "subject.content.outcome"


@pytest.mark.parametrize("name", ["pipelinerun_queued", "pipelinerun_started", "taskrun_started"])
def test_a_run_that_has_not_ended_is_refused(name: str) -> None:
    with pytest.raises(NotCompleted) as error:
        convert("auto", load(f"cdevents/{name}.json"))
    assert error.value.field == "context.type"


@pytest.mark.parametrize(
    "name",
    ["artifact_published", "build_finished", "custom_conformance", "testcaserun_finished", "testcaserun_skipped"],
)
def test_what_ends_no_run_is_refused(name: str) -> None:
    with pytest.raises(InvalidRecord, match="ends no run"):
        convert("auto", load(f"cdevents/{name}.json"))


def test_two_pipeline_runs_are_refused() -> None:
    other = event("pipelinerun_finished", 9)
    other["subject"]["id"] = "other"
    with pytest.raises(InvalidRecord, match="holds 2 finished runs"):
        convert("cdevents", [*RUN, other])


def test_a_run_without_a_name_is_told_by_where_it_ran() -> None:
    assert converted("cdevents", event("pipelinerun_finished", 1, pipelineName=None))["workflow"]["name"] == (
        "/event/source/123"
    )


@pytest.mark.parametrize("payload", [None, [], {}, 3, [1], {"context": {}}, {"context": {"type": 3}}, {"data": {}}])
def test_what_is_no_event_is_refused(payload: Any) -> None:
    with pytest.raises(RunfolioError):
        convert("cdevents", payload)


def test_the_same_payload_gives_the_same_record() -> None:
    before = deepcopy(RUN)
    assert convert("cdevents", RUN) == convert("cdevents", RUN)
    assert before == RUN


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([PIPELINE, TASK, RUN]))
def test_a_mutated_payload_gives_a_problem_or_a_valid_record(data: st.DataObject, payload: Any) -> None:
    try:
        record = convert("cdevents", data.draw(mutated(payload)))
    except RunfolioError:
        return
    assert_valid(record)
