from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord, NotCompleted, RunfolioError
from producer.engines import convert
from tests.unit.producer.engines.payloads import assert_valid, converted, mutated
from tests.unit.producer.engines.stepfunctions_payloads import ARN, MACHINE, body, recorded

RETRY = body("test_cross_account_service_lambda_invoke_retry")
CATCH = body("test_map_catch_error_MAP_CATCH_ERROR_OUTPUT")
TIMEOUT = body("test_service_lambda_map_timeout")
BREAK = body("test_map_state_break_condition")
RETRIERS = body("test_map_state_retry_multiple_retriers")
DESCRIBED = recorded("test_describe_execution")["describe_execution"]

OK, BAD, LATE = "succeeded", "failed", "timed-out"


def reentrant(inner: int) -> list[tuple[str, int | None, str]]:
    """A loop of three rounds, each with a map of so many items."""
    rounds: list[tuple[str, int | None, str]] = []
    for n in range(3):
        rounds += [("BeforeIteration", n + 1, OK), ("IterationBody", n + 1, OK)]
        rounds += [("ProcessValue", n * inner + item, OK) for item in range(1, inner + 1)]
        rounds.append(("CheckIteration", n + 1, OK))
    return [("StartState", None, OK), *rounds, ("Terminate", None, OK)]


COMPLETED: dict[str, tuple[str, list[tuple[str, int | None, str]]]] = {
    "test_cross_account_service_lambda_invoke_retry": (BAD, [("InvokeLambda", n, BAD) for n in (1, 2, 3)]),
    "test_map_catch_error_MAP_CATCH_ERROR_OUTPUT": (
        OK,
        [
            ("ProcessItems", None, OK),
            *(run for n in (1, 2, 3) for run in (("ProcessItem", n, BAD), ("Fallback", n, OK))),
        ],
    ),
    "test_map_catch_error_MAP_CATCH_ERROR_OUTPUT_WITH_RETRY": (
        BAD,
        [("ProcessItems", None, BAD), ("ProcessItem", 1, BAD), ("ProcessItem", 2, BAD), ("Fallback", 1, BAD)],
    ),
    "test_map_item_reader_json_no_json_list_object": (BAD, [("MapState", None, BAD)]),
    "test_map_state_break_condition": (
        BAD,
        [
            ("StartState", None, OK),
            ("MapState", None, BAD),
            *(run for n in (1, 2, 3, 4) for run in (("Equals3", n, OK), ("Pass", n, OK))),
            ("Equals3", 5, OK),
            ("Break", 5, BAD),
        ],
    ),
    "test_map_state_config_distributed_reentrant": (OK, reentrant(0)),
    "test_map_state_legacy_reentrant": (OK, reentrant(4)),
    "test_map_state_retry_multiple_retriers": (
        BAD,
        [("StartState", None, OK), ("MapState", None, BAD), *(("HandleItemFail", n, BAD) for n in (1, 2, 3, 4))],
    ),
    "test_service_lambda_map_timeout": (
        BAD,
        [("MapWait", None, BAD), *(("LambdaInvoke", n, LATE) for n in (1, 2, 3, 4))],
    ),
    "test_start_execution_sync": (OK, [("StartExecution", None, OK)]),
}


@pytest.mark.parametrize("file", COMPLETED)
def test_every_completed_execution(file: str) -> None:
    status, steps = COMPLETED[file]
    record = converted("auto", body(file))
    assert (record["workflow"]["id"], record["workflow"]["name"]) == (f"stepfunctions:{MACHINE}", "orders")
    assert (record["execution"]["id"], record["execution"]["status"]) == (ARN, status)
    assert [(step["name"], step.get("iteration"), step["status"]) for step in record["steps"]] == steps


@pytest.mark.parametrize(
    ("file", "key", "status", "step"),
    [
        ("test_stop_execution", "exec_hist_resp", "cancelled", ("State_1", "interrupted")),
        ("test_get_execution_history_reversed", "get_execution_history_reverseOrder[False]", OK, ("State_1", OK)),
        ("test_get_execution_history_reversed", "get_execution_history_reverseOrder[True]", OK, ("State_1", OK)),
    ],
)
def test_histories_that_were_stopped_or_reversed(file: str, key: str, status: str, step: tuple[str, str]) -> None:
    record = converted("stepfunctions", body(file, key))
    assert record["execution"]["status"] == status
    assert [(one["name"], one["status"]) for one in record["steps"]] == [step]


def test_attempts_with_their_errors() -> None:
    first, _, last = converted("stepfunctions", RETRY)["steps"]
    assert first["error"].startswith(
        'Exception: Some exception was raised.\n  File "/var/task/handler.py", line 2, in handler\n    raise Exception('
    )
    assert first["notes"] == ["Attempt 1 of 3."]
    assert first["input"]["FunctionName"] == "<lambda_function_name>"
    assert [event["type"] for event in first["details"]["events"]] == ["TaskScheduled", "TaskStarted", "TaskFailed"]
    assert last["details"]["error"] == {"requestId": "<uuid:3>"}


def test_an_error_that_was_caught() -> None:
    caught = converted("stepfunctions", CATCH)["steps"][3]
    assert (caught["input"], caught["details"]["map_index"], caught["details"]["part_of"]) == (2, 1, "ProcessItems")
    assert caught["output"]["stateInput"] == 2
    assert "caught" in caught["notes"][0]
    assert converted("stepfunctions", CATCH)["execution"]["output"][2]["result"]["stateInput"] == 3


def test_where_an_execution_failed() -> None:
    record = converted("stepfunctions", BREAK)
    text = "SomeFailure: This state machines raises a 'SomeFailure' failure."
    assert record["execution"]["error"] == text
    assert [step["name"] for step in record["steps"] if step.get("error") == text] == ["MapState", "Break"]
    *earlier, last = converted("stepfunctions", RETRIERS)["steps"][2:]
    assert last["error"] == "HandleItemFailError: HandleItemFailCause"
    assert all("error" not in step and "only where it ended" in step["notes"][0] for step in earlier)


def test_the_execution() -> None:
    execution = converted("stepfunctions", RETRY)["execution"]
    assert execution["started_at"] == "2024-05-03T13:41:47.123000+00:00"
    assert execution["finished_at"] == "2024-05-03T13:41:50.500000+00:00"
    assert execution["url"].endswith(f"#/v2/executions/details/{ARN}")
    assert execution["details"]["role"] == "snf_role_arn"
    assert execution["notes"] == ["Some of the history's times could not be read."]


def test_real_times_of_the_api() -> None:
    payload = deepcopy(TIMEOUT)
    for event in payload["history"]:
        event["timestamp"] = 1714743707.5 + event["id"]
    step = converted("stepfunctions", payload)["steps"][1]
    assert (step["started_at"], step["finished_at"]) == ("2024-05-03T13:41:55.500Z", "2024-05-03T13:42:07.500Z")


def test_an_execution_alone() -> None:
    for payload in (DESCRIBED, {"execution": DESCRIBED}, {"execution": DESCRIBED, "history": []}):
        record = converted("auto", payload)
        assert record["workflow"]["name"] == "<ArnPart_0idx>"
        assert record["execution"]["output"] == {"Arg1": "argument1"}
        assert "no history" in record["execution"]["notes"][0]


def event_bridge(status: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "315c1398-40ff-a850-213b-158f73e60175",
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "detail": {
            "executionArn": ARN,
            "stateMachineArn": MACHINE,
            "name": "run-1",
            "status": status,
            "startDate": 1547148840101,
            "stopDate": 1547148841000,
            "input": '{"a": [1]}',
            "output": '"Hello World!"',
            "inputDetails": {"included": True},
            "outputDetails": {"included": False},
            "error": None,
            "cause": None,
        },
    }


@pytest.mark.parametrize(
    ("status", "mapped"),
    [("SUCCEEDED", OK), ("FAILED", BAD), ("TIMED_OUT", LATE), ("ABORTED", "cancelled")],
)
def test_the_event_of_eventbridge(status: str, mapped: str) -> None:
    execution = converted("auto", event_bridge(status))["execution"]
    assert (execution["status"], execution["input"], execution["output"]) == (mapped, {"a": [1]}, "Hello World!")
    assert execution["started_at"] == "2019-01-10T19:34:00.101Z"
    assert "The output was too long for the event." in execution["notes"]


@pytest.mark.parametrize("status", ["RUNNING", "PENDING_REDRIVE"])
def test_an_execution_that_has_not_ended_is_refused(status: str) -> None:
    with pytest.raises(NotCompleted) as error:
        convert("auto", event_bridge(status))
    assert error.value.field == "detail.status"


def test_an_unknown_status_names_its_place() -> None:
    with pytest.raises(InvalidRecord, match="'FINE'") as error:
        convert("auto", {**RETRY, "execution": {**RETRY["execution"], "status": "FINE"}})
    assert error.value.field == "execution.status"


def test_a_history_without_its_execution_is_refused() -> None:
    for payload in ({"events": RETRY["history"]}, RETRY["history"]):
        with pytest.raises(InvalidRecord, match="names no execution") as error:
            convert("auto", payload)
        assert error.value.field == "execution.executionArn"


def upper(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: each for name, each in value.items()}
    return value


def test_forms_of_a_history() -> None:
    events, execution = RETRY["history"], RETRY["execution"]
    pages = [{"events": events[:5], "nextToken": "x"}, {"events": events[5:]}]
    as_text = deepcopy(events)
    for event in as_text:
        for name, details in event.items():
            if name.endswith("EventDetails"):
                details.update(
                    {
                        key: json.dumps(details[key])
                        for key in ("input", "output", "parameters", "cause")
                        if key in details
                    }
                )
    logged = [
        {
            "id": str(event["id"]),
            "previous_event_id": str(event["previousEventId"]),
            "type": event["type"],
            "event_timestamp": "1714743707500",
            "details": next((value for name, value in event.items() if name.endswith("EventDetails")), {}),
        }
        for event in events
    ]
    expected = [(step["status"], step["input"], step["error"]) for step in converted("stepfunctions", RETRY)["steps"]]
    for history in (
        {"events": events},
        pages,
        list(reversed(events)),
        as_text,
        logged,
        [upper({name: upper(value) for name, value in event.items()}) for event in events],
    ):
        record = converted("auto", {"execution": execution, "history": history})
        assert [(step["status"], step["input"], step["error"]) for step in record["steps"]] == expected
    assert converted("auto", {**upper(execution), "history": events})["execution"]["id"] == ARN


def test_a_history_that_was_cut_is_noted() -> None:
    notes = converted("stepfunctions", {**RETRY, "history": RETRY["history"][:9]})["execution"]["notes"]
    assert "further pages" in notes[0]


def test_the_state_machine_may_be_known_by_the_execution_only() -> None:
    del (payload := deepcopy(RETRY))["execution"]["stateMachineArn"]
    assert converted("stepfunctions", payload)["workflow"] == {"id": f"stepfunctions:{MACHINE}", "name": "orders"}
    payload["execution"]["stateMachineArn"] = f"{MACHINE}:7"
    assert converted("stepfunctions", payload)["workflow"]["id"] == f"stepfunctions:{MACHINE}"


def history_of(*events: tuple[int, str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Write a history: the event before, the type, the details."""
    return [
        {"id": number, "previousEventId": before, "type": kind, "timestamp": 1714743700 + number, "xEventDetails": told}
        for number, (before, kind, told) in enumerate(events, 1)
    ]


def test_branches_of_a_parallel_state_and_an_abort() -> None:
    history = history_of(
        (0, "ExecutionStarted", {"input": "{}"}),
        (0, "ParallelStateEntered", {"name": "Both", "input": "{}"}),
        (2, "ParallelStateStarted", {}),
        (3, "TaskStateEntered", {"name": "Left"}),
        (3, "WaitStateEntered", {"name": "Right"}),
        (4, "LambdaFunctionScheduled", {"resource": "x"}),
        (6, "LambdaFunctionFailed", {"error": "Boom", "cause": "because"}),
        (7, "WaitStateAborted", {}),
        (7, "ParallelStateFailed", {}),
        (7, "ParallelStateExited", {"name": "Both", "output": '{"caught": true}'}),
        (10, "PassStateEntered", {"name": "After"}),
        (11, "PassStateExited", {"name": "After"}),
        (12, "ExecutionSucceeded", {"output": "{}"}),
    )
    payload = {"execution": {"executionArn": ARN, "status": "SUCCEEDED"}, "history": history}
    steps = converted("stepfunctions", payload)["steps"]
    assert [(step["name"], step["status"], step["details"].get("part_of")) for step in steps] == [
        ("Both", BAD, None),
        ("Left", BAD, "Both"),
        ("Right", "cancelled", "Both"),
        ("After", OK, None),
    ]
    assert steps[0]["output"] == {"caught": True}
    assert steps[1]["error"] == "Boom: because"


def test_an_iteration_that_was_aborted() -> None:
    history = history_of(
        (0, "MapStateEntered", {"name": "Each"}),
        (1, "MapStateStarted", {"length": 2}),
        (2, "MapIterationStarted", {"name": "Each", "index": 0}),
        (2, "MapIterationStarted", {"name": "Each", "index": 1}),
        (3, "ChoiceStateEntered", {"name": "Work"}),
        (4, "ChoiceStateEntered", {"name": "Work"}),
        (5, "EvaluationFailed", {"state": "Work", "error": "States.QueryEvaluationError"}),
        (7, "MapIterationFailed", {"name": "Each", "index": 0}),
        (7, "MapIterationAborted", {"name": "Each", "index": 1}),
        (7, "MapStateFailed", {}),
        (10, "ExecutionFailed", {"error": "States.QueryEvaluationError"}),
    )
    payload = {"execution": {"executionArn": ARN, "status": "FAILED"}, "history": history}
    steps = converted("stepfunctions", payload)["steps"]
    assert [(step["name"], step.get("iteration"), step["status"]) for step in steps] == [
        ("Each", None, BAD),
        ("Work", 1, BAD),
        ("Work", 2, "cancelled"),
    ]


def test_a_large_input_is_shown_with_the_first_attempt_only() -> None:
    history = history_of(
        (0, "TaskStateEntered", {"name": "Work", "input": json.dumps({"large": "x" * 1_100_000})}),
        *((n, "TaskScheduled", {"resource": "x"}) for n in range(1, 6)),
    )
    payload = {"execution": {"executionArn": ARN, "status": "FAILED"}, "history": history}
    first, *others = converted("stepfunctions", payload)["steps"]
    assert len(first["input"]["large"]) == 1_100_000
    assert [step["status"] for step in (first, *others)] == [BAD] * 4 + ["interrupted"]
    assert all("input" not in step and "first attempt" in " ".join(step["notes"]) for step in others)


def test_the_same_payload_gives_the_same_record() -> None:
    before = deepcopy(CATCH)
    assert convert("stepfunctions", CATCH) == convert("stepfunctions", CATCH)
    assert before == CATCH


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([RETRY, CATCH, TIMEOUT, event_bridge("FAILED")]))
def test_a_mutated_payload_gives_a_problem_or_a_valid_record(data: st.DataObject, payload: Any) -> None:
    try:
        record = convert("stepfunctions", data.draw(mutated(payload)))
    except RunfolioError:
        return
    assert_valid(record)
