from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord, NotCompleted, RunfolioError
from producer.engines import convert
from tests.unit.producer.engines.payloads import assert_valid, converted, load, mutated
from tests.unit.producer.engines.prefect_payloads import collected, step_of, steps_of

FAILED = collected("nightly-import_failed_2")
COMPLETED = collected("nightly-import_completed_0")
CHILD = collected("child-flow_completed_1")
FLOW = "prefect:1ae5d80d-d305-47c8-be0d-53ba269b59ea"


@pytest.fixture
def payload() -> Any:
    return deepcopy(FAILED)


def test_a_flow_run_that_failed(payload: Any) -> None:
    record = converted("prefect", payload)
    assert (record["workflow"]["id"], record["workflow"]["name"]) == (FLOW, "Nightly import")
    execution = record["execution"]
    assert (execution["id"], execution["status"]) == ("741e4051-d007-4e23-bddc-b685e9cd6165", "failed")
    assert execution["started_at"] == "2026-11-23T16:45:37.630073Z"
    assert execution["finished_at"] == "2026-11-23T16:45:49.363077Z"
    assert execution["input"] == {"pages": 3, "fail": True}
    assert execution["error"] == "2/3 states failed."
    assert execution["output"].startswith("## report\n\nmd artifact\n\n# Report")
    assert execution["output"].endswith("## table-artifact\n\n| k | v |\n| --- | --- |\n| rows | 12 |")
    assert execution["details"]["name"] == "spectacular-whale"
    assert execution["log"][0].endswith(
        "INFO prefect.flow_runs: Beginning flow run 'spectacular-whale' for flow 'Nightly import'"
    )
    assert execution["states"][-1] == "2026-11-23T16:45:49.363077Z Failed: 2/3 states failed."
    assert "event" not in execution


def test_its_steps_are_the_attempts_in_the_order_of_their_start(payload: Any) -> None:
    assert [(step["name"], step.get("iteration"), step["status"]) for step in steps_of(payload)] == [
        ("fetch-page", 1, "succeeded"),
        ("fetch-page", 2, "succeeded"),
        ("fetch-page", 3, "failed"),
        ("fetch-page", 4, "succeeded"),
        ("transform", 1, "succeeded"),
        ("transform", 2, "succeeded"),
        ("transform", 3, "succeeded"),
        ("child-flow", None, "succeeded"),
        ("always-fails", 1, "failed"),
        ("times-out", None, "timed-out"),
        ("always-fails", 2, "failed"),
        ("after-failure", None, "skipped"),
    ]


@pytest.mark.parametrize(
    ("payload", "names", "status"),
    [
        (COMPLETED, ["fetch-page"] * 5 + ["transform"] * 4 + ["child-flow"], "succeeded"),
        (CHILD, ["fetch-page"], "succeeded"),
    ],
)
def test_flow_runs_that_completed(payload: Any, names: list[str], status: str) -> None:
    record = converted("prefect", payload)
    assert [step["name"] for step in record["steps"]] == names
    assert record["execution"]["status"] == status
    assert record["workflow"]["name"] == payload["flow"]["name"]


def test_a_retry_that_waited(payload: Any) -> None:
    first, second = step_of(payload, "fetch-page", 3), step_of(payload, "fetch-page", 4)
    assert first["description"] == "Task run fetch-page-655. Attempt 1 of 2."
    assert "HTTP 503 from upstream for page 2" in first["error"]
    assert (first["started_at"], first["finished_at"]) == ("2026-11-23T16:45:39.803639Z", "2026-11-23T16:45:39.809290Z")
    assert "attempt no. 3" in first["log"]
    assert "attempt no. 4" not in first["log"]
    assert second["started_at"] == "2026-11-23T16:45:40.809693Z"
    assert second["log"].splitlines()[0].endswith("fetching page 2 (attempt no. 4)")
    assert second["states"][2] == "2026-11-23T16:45:39.809290Z AwaitingRetry"


def test_a_retry_at_once_keeps_what_is_logged_late_with_its_attempt(payload: Any) -> None:
    first, second = step_of(payload, "always-fails", 1), step_of(payload, "always-fails", 2)
    assert "Retry 1/1 will start immediately" in first["error"]
    assert "Retry 1/1" not in second["log"]
    assert second["error"].startswith(
        "Task run encountered an exception ValueError: cannot process: bad input ✗\n\nTraceback (most recent call last)"
    )
    assert second["error"].endswith("ValueError: cannot process: bad input ✗")


def test_a_timeout(payload: Any) -> None:
    step = step_of(payload, "times-out")
    assert step["error"].startswith("Task run exceeded timeout of 1.0 second(s)\n\nTraceback")
    assert "CancelledError" in step["error"]


def test_a_task_that_never_started(payload: Any) -> None:
    step = step_of(payload, "after-failure")
    assert "started_at" not in step
    assert any("did not reach a 'COMPLETED' state" in note for note in step["notes"])
    assert step["input"]["v"][0]["name"] == "always-fails-182"


def test_a_sub_flow_names_its_own_run(payload: Any) -> None:
    notes = step_of(payload, "child-flow")["notes"]
    assert "Ran as flow run f97f8241-7b53-473b-93f6-05598ab7b19d, which is an execution of its own." in notes


def test_results_that_only_prefect_can_read_are_named(payload: Any) -> None:
    step = step_of(payload, "transform", 1)
    assert step["input"]["x"][1]["name"] == "fetch-page-7a9"
    assert "output" not in step
    assert "storage/a5db6a8490457510805cc3c0e90f6f91 (pickle)" in step["notes"][0]
    assert step["log"].splitlines()[1] == "  second line with | pipe and ``` fence"


@pytest.mark.parametrize("part", ["flow", "task_runs", "task_run_states", "flow_run_states", "logs", "artifacts"])
def test_any_part_may_be_missing(payload: Any, part: str) -> None:
    del payload[part]
    record = converted("prefect", payload)
    assert record["workflow"]["id"] == FLOW
    assert len(record["steps"]) == {"task_runs": 0, "task_run_states": 10}.get(part, 12)
    if part == "task_runs":
        assert "no task runs" in record["execution"]["notes"][0]
        assert len(record["execution"]["log"]) == 31
        assert set(record["execution"]["event"]) == {"task_run_states"}
    if part == "task_run_states":
        assert any("2 attempts" in note for note in step_of(payload, "always-fails")["notes"])
    if part == "logs":
        assert "The event held no log of this run." in step_of(payload, "child-flow")["notes"]
        assert any("none was found there" in note for note in step_of(payload, "always-fails", 1)["notes"])


def test_states_may_be_kept_by_id_or_as_one_list(payload: Any) -> None:
    expected = steps_of(payload)
    states = payload["task_run_states"]
    payload["task_run_states"] = [state for some in states.values() for state in reversed(some)]
    assert [step.get("started_at") for step in steps_of(payload)] == [step.get("started_at") for step in expected]
    ids = {run["name"]: run["id"] for run in payload["task_runs"]}
    payload["task_run_states"] = {ids[name]: some for name, some in states.items()}
    assert steps_of(payload) == expected


def test_a_history_by_a_name_that_task_runs_share_is_nobodys(payload: Any) -> None:
    states = payload["task_run_states"].pop("always-fails-182")
    for state in states:
        state["state_details"] = None
    payload["task_run_states"]["mail"] = states
    payload["task_runs"] = [{**payload["task_runs"][7], "id": n, "name": "mail"} for n in ("a", "b")]
    record = converted("prefect", payload)
    assert [step["status"] for step in record["steps"]] == ["failed", "failed"]
    assert record["execution"]["event"]["task_run_states"]["mail"] == states


def test_a_name_without_measure_is_refused(payload: Any) -> None:
    payload["task_runs"][0]["name"] = "x" * 1001
    with pytest.raises(InvalidRecord, match="1,000 characters") as error:
        convert("prefect", payload)
    assert error.value.field == "task_runs[0].name"


def test_pages_of_answers(payload: Any) -> None:
    expected = steps_of(payload)
    payload["task_runs"] = {"results": payload["task_runs"], "count": 10, "pages": 1}
    payload["logs"] = {"logs": payload["logs"]}
    assert steps_of(payload) == expected


@pytest.mark.parametrize(
    ("file", "execution", "status", "workflow"),
    [
        ("webhook_automation_whole-event_failed", "94b9d586-d7e9-4633-970b-24668d355b20", "failed", FLOW),
        (
            "webhook_automation_whole-event_subflow_completed",
            "086cf531-b674-4495-9e40-7fd6bb056d57",
            "succeeded",
            "prefect:1a280df3-df7a-4780-a2f9-979495f4052a",
        ),
        ("webhook_hook_on_completion", "16d0a0d8-2034-4639-9d6c-ac95c1e178dc", "succeeded", FLOW),
        ("webhook_hook_on_failure", "94b9d586-d7e9-4633-970b-24668d355b20", "failed", FLOW),
        (
            "webhook_automation_custom-template_failed",
            "741e4051-d007-4e23-bddc-b685e9cd6165",
            "failed",
            "prefect:Nightly import",
        ),
        (
            "webhook_automation_custom-template_completed",
            "16d0a0d8-2034-4639-9d6c-ac95c1e178dc",
            "succeeded",
            "prefect:Nightly import",
        ),
        (
            "webhook_automation_custom-template_subflow",
            "79a6ebdf-3851-4c48-8946-15891f087898",
            "succeeded",
            "prefect:child-flow",
        ),
    ],
)
def test_what_webhooks_and_hooks_send(file: str, execution: str, status: str, workflow: str) -> None:
    payload = load(f"prefect/{file}.json")
    record = converted("prefect", payload)
    assert convert("auto", payload) == record
    assert (record["execution"]["id"], record["execution"]["status"]) == (execution, status)
    assert record["workflow"]["id"] == workflow
    assert record["execution"]["started_at"].startswith("2026-11-23T16:4")
    assert record["execution"]["finished_at"].startswith("2026-11-23T16:4")
    assert "no task runs" in record["execution"]["notes"][-1 if status == "failed" else 0]


def test_a_hook_may_have_sent_the_result() -> None:
    output = converted("prefect", load("prefect/webhook_hook_on_completion.json"))["execution"]["output"]
    assert output[3] == ["ITEM-3-0", "ITEM-3-1", "ITEM-3-2"]


def test_an_event_alone() -> None:
    event = load("prefect/webhook_automation_whole-event_failed.json")["event"]
    for payload in (event, {"event": event}):
        record = convert("auto", payload)
        assert record["workflow"] == {"id": FLOW, "name": "Nightly import"}
        assert record["execution"]["id"] == "94b9d586-d7e9-4633-970b-24668d355b20"
        assert (record["execution"]["status"], record["execution"]["error"]) == ("failed", "2/3 states failed.")
        assert record["execution"]["event"]["event"] == event


def test_a_flow_run_alone() -> None:
    record = convert("auto", FAILED["flow_run"])
    assert record["workflow"] == {"id": FLOW, "name": FLOW.removeprefix("prefect:")}
    assert record["execution"]["error"] == "2/3 states failed."


def test_an_empty_body_is_no_flow_run() -> None:
    with pytest.raises(InvalidRecord, match="must be an object"):
        convert("prefect", load("prefect/webhook_automation_no-payload_empty-body.json"))


@pytest.mark.parametrize("word", ["SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING"])
def test_a_flow_run_that_has_not_ended(payload: Any, word: str) -> None:
    payload["flow_run"]["state"]["type"] = word
    with pytest.raises(NotCompleted) as error:
        convert("prefect", payload)
    assert error.value.field == "flow_run.state.type"


@pytest.mark.parametrize(
    ("word", "name", "status"),
    [
        ("CANCELLED", "Cancelled", "cancelled"),
        ("CRASHED", "Crashed", "interrupted"),
        ("FAILED", "TimedOut", "timed-out"),
        ("COMPLETED", "Cached", "succeeded"),
        ("RUNNING", "Running", "interrupted"),
        ("PAUSED", "Suspended", "interrupted"),
    ],
)
def test_states_of_task_runs(payload: Any, word: str, name: str, status: str) -> None:
    payload["task_runs"][6]["state"].update(type=word, name=name)
    step = step_of(payload, "child-flow")
    assert step["status"] == status
    assert name != "Cached" or "Prefect calls this state 'Cached'." in step["notes"]


def test_an_unknown_state_names_its_place(payload: Any) -> None:
    payload["task_runs"][0]["state"]["type"] = "FINE"
    with pytest.raises(InvalidRecord, match="'FINE'") as error:
        convert("prefect", payload)
    assert error.value.field == "task_runs[0].state.type"


def test_the_same_payload_gives_the_same_record(payload: Any) -> None:
    before = deepcopy(payload)
    assert convert("prefect", payload) == convert("prefect", payload)
    assert payload == before


SMALL = {
    **{part: FAILED[part] for part in ("flow", "flow_run", "artifacts")},
    "task_runs": [FAILED["task_runs"][n] for n in (2, 3, 7)],
    "task_run_states": {name: FAILED["task_run_states"][name] for name in ("always-fails-182", "transform 0")},
    "logs": FAILED["logs"][5:10],
}
EVENTS = [
    load(f"prefect/{name}.json")
    for name in (
        "webhook_automation_whole-event_failed",
        "webhook_hook_on_completion",
        "webhook_automation_custom-template_failed",
    )
]


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from([SMALL, SMALL, *EVENTS, EVENTS[0]["event"]]))
def test_a_mutated_payload_gives_a_problem_or_a_valid_record(data: st.DataObject, payload: Any) -> None:
    try:
        record = convert("prefect", data.draw(mutated(payload)))
    except RunfolioError:
        return
    assert_valid(record)
