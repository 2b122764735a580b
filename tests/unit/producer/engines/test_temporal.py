from __future__ import annotations

import base64
import json
import re
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord, NotCompleted, RunfolioError
from producer.engines import convert
from tests.unit.producer.engines.payloads import assert_valid, converted, load, mutated

HELLO = load("temporal/test_replayer_complete_history.json")
SERVICE = load("temporal/openai_agents_customer-service-workflow-history.json")
NEXUS = load("temporal/java_testAsyncWorkflowOperationTestHistory.json")
LOCAL = load("temporal/java_testLocalActivityAfterCancelTest.json")
RETRIED = load("temporal/java_testAsyncActivityRetryHistory.json")
CHILD = load("temporal/go_duplicate-child-workflow.json")

OK, BAD, STOPPED, LEFT = "succeeded", "failed", "cancelled", "interrupted"
MODEL = "invoke_model_activity"

COMPLETED: dict[str, tuple[str, str, list[tuple[str, int | None, str]]]] = {
    "go_continue-as-new": ("ContinueAsNewWorkflow", OK, []),
    "go_duplicate-child-workflow": (
        "DuplicateChildWorkflow",
        OK,
        [("ChildWorkflowWaitOnSignal", None, OK), ("Timer", 1, OK), ("Timer", 2, OK), ("unblock", None, OK)],
    ),
    "go_gogoproto-payload-workflow": (
        "ListAndDescribeWorkflow",
        OK,
        [
            ("ListWorkflow", None, OK),
            *((name, number, OK) for number in range(1, 13) for name in ("DescribeWorkflowExecution", "Timer")),
        ],
    ),
    "go_reset-workflow-after-child-complete": ("ResetWorkflowWithChild", OK, [("TestChildWorkflow", None, OK)]),
    "google_adk_single_agent": (
        "WeatherAgent",
        OK,
        [("invoke_model", 1, OK), ("get_weather", None, OK), ("invoke_model", 2, OK)],
    ),
    "java_laRetriesAndFails_1_17": ("TestWorkflow1", BAD, [("ThrowIO", None, BAD)]),
    "java_testAsyncActivityRetryHistory": ("TestWorkflow1", BAD, [("HeartbeatAndThrowIO", None, BAD)]),
    "java_testAsyncWorkflowOperationTestHistory": (
        "TestWorkflow1",
        OK,
        [
            *(("TestNexusService1.operation", number, OK) for number in (1, 2, 3)),
            ("unblock", None, OK),
            ("TestNexusService1.operation", 4, BAD),
        ],
    ),
    "java_testLocalActivityAfterCancelTest": (
        "TestWorkflow1",
        STOPPED,
        [("TestWorkflowReturnString", None, STOPPED), ("Cancellation sent", None, OK), ("customActivity1", None, OK)],
    ),
    "openai_agents_agents-as-tools-workflow-history": (
        "AgentsAsToolsWorkflow",
        OK,
        [(MODEL, number, OK) for number in range(1, 5)],
    ),
    "openai_agents_customer-service-workflow-history": (
        "CustomerServiceWorkflow",
        STOPPED,
        [
            ("process_user_message", 1, OK),
            (MODEL, 1, OK),
            ("process_user_message", 2, OK),
            (MODEL, 2, OK),
            (MODEL, 3, OK),
            ("process_user_message", 3, OK),
            (MODEL, 4, OK),
            ("process_user_message", 4, OK),
            (MODEL, 5, OK),
            (MODEL, 6, OK),
        ],
    ),
    "openai_agents_input-guardrail-workflow-history": (
        "InputGuardrailWorkflow",
        OK,
        [(MODEL, 1, OK), (MODEL, 2, OK), (MODEL, 3, LEFT), (MODEL, 4, OK)],
    ),
    "openai_agents_tools-workflow-history": (
        "ToolsWorkflow",
        OK,
        [(MODEL, 1, OK), ("get_weather", None, OK), (MODEL, 2, OK)],
    ),
    "test_replayer_complete_history": ("SayHelloWorkflow", OK, [("say_hello", None, OK)]),
    "test_replayer_nondeterministic_history": ("SayHelloWorkflow", OK, [("say_hello", None, OK)]),
    "ui_completed-event-history": ("RainbowStatusesWorkflow", OK, [("CompletedActivity", None, OK)]),
}


@pytest.mark.parametrize("file", COMPLETED)
def test_every_completed_history(file: str) -> None:
    name, status, steps = COMPLETED[file]
    record = converted("auto", load(f"temporal/{file}.json"))
    assert (record["engine"]["name"], record["workflow"]["id"]) == ("temporal", f"temporal:{name}")
    assert record["execution"]["status"] == status
    assert [(step["name"], step.get("iteration"), step["status"]) for step in record["steps"]] == steps


def test_a_history_without_an_end_is_refused() -> None:
    payload = load("temporal/test_replayer_swallowed_activity_cancellation.json")
    with pytest.raises(NotCompleted) as error:
        convert("auto", payload)
    assert error.value.field == "events"
    with pytest.raises(NotCompleted) as error:
        convert("temporal", {"history": payload, "nextPageToken": "b3RoZXI="})
    assert "further pages" in (error.value.remedy or "")


def test_the_execution() -> None:
    execution = converted("temporal", HELLO)["execution"]
    assert execution["id"] == "577fbf9c-bed0-4fcb-b582-3e7447adeca6"
    assert (execution["started_at"], execution["finished_at"]) == ("2022-08-17T16:27:34.000Z",) * 2
    assert execution["triggered_by"] == "78892@cretz-laptop"
    assert execution["input"]["name"] == "Temporal"
    assert execution["output"] == "Hello, Temporal!"
    assert converted("temporal", SERVICE)["execution"]["details"]["workflow_id"].startswith("customer-service-d7028390")


def test_an_activity() -> None:
    [step] = converted("temporal", HELLO)["steps"]
    assert (step["input"], step["output"]) == ("Temporal", "Hello, Temporal!")
    assert step["details"]["retryPolicy"]["maximumInterval"] == "100s"
    assert step["details"]["started"]["attempt"] == 1
    assert "notes" not in step


def test_of_a_retried_activity_the_failure_before_is_kept() -> None:
    [step] = converted("temporal", RETRIED)["steps"]
    assert step["error"].startswith("java.io.IOException: simulated IO problem\nio.temporal.workflow.WorkflowTest")
    assert "Attempt 2." in step["notes"][0]
    assert (step["started_at"], step["details"]["last_attempt_started_at"]) == (
        "2020-07-14T15:04:02Z",
        "2020-07-14T15:04:04Z",
    )
    [before] = step["children"]
    assert (before["kind"], before["status"]) == ("attempt", "failed")
    assert before["output"].startswith("```\njava.io.IOException: simulated IO problem\n")


def test_an_update_a_signal_a_timer_and_a_nexus_operation() -> None:
    update = converted("temporal", SERVICE)["steps"][2]
    assert update["input"] == {"user_input": "Book me a flight to PDX", "chat_length": 2}
    assert update["output"][0] == "User: Book me a flight to PDX"
    assert update["details"]["kind"] == "update"
    *_, signal, failed = converted("temporal", NEXUS)["steps"]
    assert (signal["details"]["kind"], signal["finished_at"]) == ("signal sent", "2025-02-13T23:35:02.050165461Z")
    assert failed["error"].startswith("nexus operation completed unsuccessfully\n")
    assert "\n\nCaused by: " in failed["error"]
    assert failed["details"]["links"][0]["workflowEvent"]["namespace"] == "UnitTest"
    timer = converted("temporal", CHILD)["steps"][1]
    assert (timer["details"]["kind"], timer["details"]["startToFireTimeout"]) == ("timer", "1s")


def test_a_local_activity_of_every_sdk() -> None:
    local = converted("temporal", LOCAL)["steps"][-1]
    assert (local["input"], local["output"], local["finished_at"]) == (10, 10, "2024-07-26T20:33:46.372129Z")
    payload = deepcopy(LOCAL)
    marker = next(event for event in payload["events"] if event["eventType"].endswith("MARKER_RECORDED"))
    for name, data in [
        ("core_local_activity", {"activity_type": "greet", "attempt": 2}),
        ("LocalActivity", {"ActivityType": "greet", "Attempt": 2}),
    ]:
        marker["markerRecordedEventAttributes"] = {
            "markerName": name,
            "details": {"data": {"payloads": [packed(data)]}, "result": {"payloads": [packed("hi")]}},
        }
        step = converted("temporal", payload)["steps"][-1]
        assert (step["name"], step["output"]) == ("greet", "hi")
        assert step["details"]["data"] == data


def packed(value: Any) -> dict[str, Any]:
    return {
        "metadata": {"encoding": base64.b64encode(b"json/plain").decode()},
        "data": base64.b64encode(json.dumps(value).encode()).decode(),
    }


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ({"payloads": [packed({})]}, {}),
        ({"payloads": [packed(1), packed("b")]}, [1, "b"]),
        ({"payloads": [{"metadata": {"encoding": "YmluYXJ5L251bGw="}}]}, None),
        ({"payloads": [{"metadata": {"encoding": "YmluYXJ5L3BsYWlu"}, "data": "aGk="}]}, "hi"),
        ({"payloads": [{"metadata": {"encoding": "json/plain"}, "data": {"decoded": True}}]}, {"decoded": True}),
        (
            {"payloads": [{"metadata": {"encoding": "YmluYXJ5L2VuY3J5cHRlZA=="}, "data": "AAAA"}]},
            {
                "encoding": "binary/encrypted",
                "not_shown": "3 bytes, which only the workflow's own code can read.",
            },
        ),
        (["plain, as the command line writes it"], "plain, as the command line writes it"),
        ([{"name": "x"}, 2], [{"name": "x"}, 2]),
        ({}, None),
    ],
)
def test_payloads_of_every_kind(payload: Any, shown: Any) -> None:
    history = deepcopy(HELLO)
    history["events"][4]["activityTaskScheduledEventAttributes"]["input"] = payload
    [step] = converted("temporal", history)["steps"]
    assert step.get("input") == shown


def snake(value: Any) -> Any:
    if isinstance(value, list):
        return [snake(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {re.sub("([A-Z])", lambda match: f"_{match[1].lower()}", name): snake(each) for name, each in value.items()}


def as_numbers(value: dict[str, Any]) -> dict[str, Any]:
    changed = deepcopy(value)
    for event in changed["events"]:
        event["eventType"] = 7
        event["eventId"] = int(event["eventId"])
        event["eventTime"] = {"seconds": "1660753654", "nanos": 0}
    return changed


@pytest.mark.parametrize(
    "form",
    [
        lambda history: history["events"],
        lambda history: {"history": history, "archived": False},
        lambda history: {"history": history["events"]},
        lambda history: {"events": list(reversed(history["events"]))},
        snake,
    ],
)
def test_forms_of_a_history(form: Any) -> None:
    record, other = converted("temporal", HELLO), converted("auto", form(HELLO))
    assert other == record


def test_enumerations_and_times_as_numbers() -> None:
    record, other = converted("temporal", HELLO), converted("auto", as_numbers(HELLO))
    assert other["steps"][0]["output"] == record["steps"][0]["output"]
    assert other["execution"]["started_at"] == "2022-08-17T16:27:34.000000000Z"


def test_the_run_id_of_describe_counts() -> None:
    info = {"execution": {"workflowId": "w", "runId": "after-a-reset"}, "status": "WORKFLOW_EXECUTION_STATUS_COMPLETED"}
    execution = converted("temporal", {**HELLO, "workflowExecutionInfo": info})["execution"]
    assert (execution["id"], execution["details"]["workflow_id"]) == ("after-a-reset", "w")
    beside = {"history": HELLO, "workflowExecution": info["execution"]}
    assert converted("auto", beside)["execution"]["id"] == "after-a-reset"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("WorkflowExecutionFailed", BAD),
        ("WorkflowExecutionTimedOut", "timed-out"),
        ("EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED", STOPPED),
        ("WorkflowExecutionCanceled", STOPPED),
    ],
)
def test_ends_of_executions(word: str, status: str) -> None:
    payload = deepcopy(HELLO)
    payload["events"][-1]["eventType"] = word
    assert converted("temporal", payload)["execution"]["status"] == status


def test_who_terminated_it_and_why() -> None:
    payload = deepcopy(HELLO)
    payload["events"][-1] = {
        "eventId": "11",
        "eventTime": "2022-08-17T16:27:40Z",
        "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED",
        "workflowExecutionTerminatedEventAttributes": {"reason": "wrong input", "identity": "ada"},
    }
    execution = converted("temporal", payload)["execution"]
    assert (execution["error"], execution["details"]["ended"]["identity"]) == ("wrong input", "ada")


def test_an_unknown_end_is_an_error_that_names_it() -> None:
    payload = deepcopy(HELLO)
    payload["events"][-1]["eventType"] = "WorkflowExecutionEvaporated"
    with pytest.raises(InvalidRecord, match="'WorkflowExecutionEvaporated'") as error:
        convert("temporal", payload)
    assert error.value.field == "events[10].eventType"


def test_one_name_of_two_kinds_is_told_apart() -> None:
    payload = deepcopy(SERVICE)
    for event in payload["events"]:
        if event["eventType"].endswith("UPDATE_ACCEPTED"):
            event["workflowExecutionUpdateAcceptedEventAttributes"]["acceptedRequest"]["input"]["name"] = MODEL
    names = [step["name"] for step in converted("temporal", payload)["steps"]]
    assert names[:2] == [f"{MODEL} (update)", MODEL]


def test_what_belongs_to_no_step_is_kept() -> None:
    notes = converted("temporal", LOCAL)["execution"]["notes"]
    assert notes[0].startswith("Cancellation was asked for at 2024-07-26T20:33:46.195588Z by 20074@")
    others = converted("temporal", LOCAL)["execution"]["details"]["other_events"]
    assert [other["event"] for other in others] == ["WorkflowExecutionCancelRequested", "WorkflowTaskFailed"]


def test_the_same_payload_gives_the_same_record() -> None:
    before = deepcopy(SERVICE)
    assert convert("temporal", SERVICE) == convert("temporal", SERVICE)
    assert before == SERVICE


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([HELLO, NEXUS, LOCAL, RETRIED]))
def test_a_mutated_payload_gives_a_problem_or_a_valid_record(data: st.DataObject, payload: Any) -> None:
    try:
        record = convert("temporal", data.draw(mutated(payload)))
    except RunfolioError:
        return
    assert_valid(record)


@pytest.mark.parametrize("name", [[], {}, ["LocalActivity"], 3, None])
def test_a_marker_whose_name_is_no_text_is_no_local_activity(name: Any) -> None:
    payload = deepcopy(LOCAL)
    marker = next(event for event in payload["events"] if event["eventType"].endswith("MARKER_RECORDED"))
    marker["markerRecordedEventAttributes"]["markerName"] = name
    assert_valid(convert("temporal", payload))
