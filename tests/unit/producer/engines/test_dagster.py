from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord, NotCompleted, RunfolioError
from producer.contract.record import Status
from producer.engines import convert
from producer.engines.dagster_statuses import RUNS, STATS
from producer.engines.vocabulary import Phase
from tests.unit.producer.engines.payloads import assert_valid, converted, load, mutated

OK, BAD, SKIP = "succeeded", "failed", "skipped"


def body(kind: str) -> dict[str, Any]:
    return {
        "run": load(f"dagster/run_{kind}_graphql_run.json")["data"]["runOrError"],
        "events": load(f"dagster/run_{kind}_graphql_logs.json")["data"]["logsForRun"]["events"],
        "captured_logs": load(f"dagster/run_{kind}_captured_logs.json")["data"]["capturedLogs"],
    }


FAILED, SUCCESS = body("failed"), body("success")
EXPORT = load("dagster/run_failed_debug_export.json")
LOADS = [("load", 1, OK), ("load", 2, BAD), ("load", 3, OK), ("load", 4, OK)]
OF_FAILED = [("list_pages", None, OK), *LOADS, ("merge", None, OK), ("check", None, BAD), ("publish", None, SKIP)]
OF_SUCCESS = [("list_pages", None, OK), *LOADS, ("merge", None, OK), ("check", None, OK), ("publish", None, OK)]


def answers(kind: str) -> dict[str, Any]:
    return {
        "run": load(f"dagster/run_{kind}_graphql_run.json"),
        "events": load(f"dagster/run_{kind}_graphql_logs.json"),
        "captured_logs": load(f"dagster/run_{kind}_captured_logs.json"),
    }


def together(kind: str) -> dict[str, Any]:
    parts = answers(kind).values()
    return {"data": {name: value for part in parts for name, value in part["data"].items()}}


@pytest.mark.parametrize(
    ("payload", "run", "status", "steps"),
    [
        (FAILED, "c0662b6c-0560-44f1-b577-8188fab070f8", BAD, OF_FAILED),
        (SUCCESS, "1cfd0ad8-d0bd-4c31-aaa0-1df4da60367c", OK, OF_SUCCESS),
        (answers("failed"), "c0662b6c-0560-44f1-b577-8188fab070f8", BAD, OF_FAILED),
        (together("success"), "1cfd0ad8-d0bd-4c31-aaa0-1df4da60367c", OK, OF_SUCCESS),
        (load("dagster/run_failed_graphql_run.json"), "c0662b6c-0560-44f1-b577-8188fab070f8", BAD, OF_FAILED),
        (load("dagster/run_success_graphql_run.json"), "1cfd0ad8-d0bd-4c31-aaa0-1df4da60367c", OK, OF_SUCCESS),
        (EXPORT, "c0662b6c-0560-44f1-b577-8188fab070f8", BAD, OF_FAILED),
    ],
    ids=["failed", "success", "answers", "one answer", "failed run alone", "run alone", "debug export"],
)
def test_every_form_of_a_run(payload: Any, run: str, status: str, steps: list[tuple[str, int | None, str]]) -> None:
    record = converted("auto", payload)
    assert record["engine"] == {"name": "dagster"}
    assert record["workflow"] == {"id": "dagster:nightly_import", "name": "nightly_import"}
    assert (record["execution"]["id"], record["execution"]["status"]) == (run, status)
    assert [(step["name"], step.get("iteration"), step["status"]) for step in record["steps"]] == steps


def test_the_execution() -> None:
    execution = converted("dagster", FAILED)["execution"]
    assert execution["started_at"] == "2026-11-23T16:58:46.739875Z"
    assert execution["finished_at"] == "2026-11-23T16:58:48.006177Z"
    assert execution["error"].startswith(
        "Execution of run for \"nightly_import\" failed. Steps failed: ['check'].\n\ndagster._core.definitions.events"
    )
    assert execution["input"].startswith("```\nexecution:\n  config:\n")
    assert execution["details"]["tags"]["team"] == "étl"
    assert "RUN_START Started execution of run" in execution["details"]["log"]
    assert "notes" not in execution
    exported = converted("dagster", EXPORT)["execution"]
    assert (exported["started_at"], exported["input"]["ops"]["list_pages"]) == (
        "2026-11-23T16:58:46.739875Z",
        {"config": {"n": 3}},
    )
    assert exported["notes"] == ["The event held no captured logs."]


def test_a_retry_with_its_error_and_log() -> None:
    _, first, tried, _, again, *_ = converted("dagster", FAILED)["steps"]
    assert tried["error"].startswith("dagster._core.definitions.events.RetryRequested\n  File ")
    assert tried["error"].endswith("\n\nCaused by: ConnectionError: HTTP 503")
    assert "INFO loading {'page': 1, 'text': 'page 1 — naïve <b>'} (retry 0)" in tried["log"]
    assert tried["notes"][:2] == ["Mapped over 'p1'.", "Attempt 1 of 2."]
    assert (again["details"]["mapping_key"], first["details"]["mapping_key"]) == ("p1", "p0")
    assert (tried["started_at"], tried["finished_at"]) == ("2026-11-23T16:58:47.332Z", "2026-11-23T16:58:47.390Z")
    assert tried["input"] == {"p": 'output "result" of step "list_pages"'}


def test_outputs_are_metadata_and_places() -> None:
    for payload in (FAILED, EXPORT):
        steps = converted("dagster", payload)["steps"]
        merged = steps[5]
        assert merged["output"]["result"]["rows"] == 9
        assert merged["output"]["result"]["j"] == {"k": [1, 2]}
        assert merged["output"]["result"]["url"] == "https://example.test/x"
        assert merged["children"] == [{"name": "preview", "kind": "metadata", "output": "| a |\n|---|\n| 1 |"}]
        assert list(steps[0]["output"]) == ["result[p0]", "result[p1]", "result[p2]"]
        assert steps[0]["output"]["result[p1]"]["path"].endswith("/list_pages/result/p1")
        assert [source[-9:] for source in merged["input"]["rows"]] == ['load[p0]"', 'load[p1]"', 'load[p2]"']


def test_a_failure_and_the_step_behind_it() -> None:
    *_, failed, skipped = converted("dagster", EXPORT)["steps"]
    assert failed["error"].startswith("dagster._core.definitions.events.Failure: rows are bad ✗\n")
    assert failed["details"]["failure_metadata"] == {"bad_rows": 3, "why": "too short"}
    assert "Dependencies for step publish failed" in skipped["log"]
    assert skipped["notes"] == ["The step did not run."]


def test_the_log_of_a_process_that_ran_all_steps_is_shown_once() -> None:
    first, second, *_ = converted("dagster", FAILED)["steps"]
    assert "stdout of the process that ran all steps:\nstdout from load {'page': 0" in first["log"]
    assert "stdout from load" not in second["log"]
    assert "'list_pages'" in second["notes"][-1]


def test_logs_of_several_processes_go_to_their_steps() -> None:
    payload = deepcopy(SUCCESS)
    captured = {"key-a": {"stdout": "of merge\n", "stderr": None}, "check": {"stdout": "", "stderr": "of check"}}
    payload["captured_logs"] = captured
    event = {"__typename": "LogsCapturedEvent", "eventType": "LOGS_CAPTURED", "timestamp": "1795453127908"}
    payload["events"] += [{**event, "fileKey": "key-a", "stepKeys": ["merge"]}]
    steps = {step["name"]: step for step in converted("dagster", payload)["steps"]}
    assert steps["merge"]["log"].endswith("stdout:\nof merge")
    assert steps["check"]["log"].endswith("stderr:\nof check")


def test_each_attempt_has_what_its_own_process_wrote() -> None:
    """Where every attempt is a process, it begins with its worker, which is told of before the step itself starts."""

    def event(kind: str, **more: Any) -> dict[str, Any]:
        return {"eventType": kind, "timestamp": "1795453127908", "message": kind.lower(), **more}

    own, load_1 = {"stepKey": "load[p1]"}, ["load[p1]"]
    events = [
        event("STEP_WORKER_STARTING", **own),
        event("LOGS_CAPTURED", fileKey="z", stepKeys=load_1),
        event("STEP_START", **own),
        event("STEP_UP_FOR_RETRY", **own),
        event("STEP_WORKER_STARTING", **own),
        event("LOGS_CAPTURED", fileKey="a", stepKeys=load_1),
        event("STEP_RESTARTED", **own),
        event("STEP_SUCCESS", **own),
    ]
    run = {"runId": "r", "jobName": "j", "status": "SUCCESS"}
    captured = {"a": {"stdout": "second"}, "z": {"stdout": "first"}}
    first, second = converted("dagster", {"run": run, "events": events, "captured_logs": captured})["steps"]
    assert first["log"].endswith("STEP_UP_FOR_RETRY step_up_for_retry\n\nstdout:\nfirst")
    assert first["log"].count("STEP_WORKER_STARTING") == 1
    assert second["log"].endswith("\n\nstdout:\nsecond")
    assert second["log"].count("STEP_WORKER_STARTING") == 1
    # Where a file is missing, nobody can tell whose the other is.
    first, second = converted("dagster", {"run": run, "events": events, "captured_logs": {"z": captured["z"]}})["steps"]
    assert "stdout" not in first["log"]
    assert second["log"].endswith("stdout:\nfirst")


def test_captured_logs_beside_an_export_are_kept() -> None:
    key = next(
        entry["dagster_event"]["event_specific_data"]["log_key"]
        for entry in EXPORT["event_list"]
        if (entry.get("dagster_event") or {}).get("event_type_value") == "LOGS_CAPTURED"
    )
    payload = {**EXPORT, "captured_logs": {key: {"stdout": "gedruckt ☕"}}, "left_out": "the end"}
    record = converted("dagster", payload)
    assert "gedruckt ☕" in record["steps"][0]["log"]
    assert "notes" not in record["execution"]
    assert record["execution"]["event"] == {"left_out": "the end"}


def test_what_was_not_fetched_is_noted() -> None:
    record = converted("dagster", {"run": FAILED["run"]})
    assert record["execution"]["notes"] == ["The event held no event log.", "The event held no captured logs."]
    assert record["steps"][0]["notes"] == ["The event held no log of this step."]
    cut = {"run": FAILED["run"], "events": load("dagster/run_failed_graphql_logs_limit5.json")}
    assert "only the beginning" in converted("dagster", cut)["execution"]["notes"][0]


def test_pages_of_the_event_log_are_joined() -> None:
    events = FAILED["events"]
    pages = [
        {"events": events[:40], "hasMore": True},
        {"data": {"logsForRun": {"events": events[40:], "hasMore": False}}},
    ]
    assert converted("dagster", {**FAILED, "events": pages}) == converted("dagster", FAILED)


def test_events_may_be_known_by_their_graphql_type_only() -> None:
    payload = deepcopy(FAILED)
    for event in payload["events"]:
        del event["eventType"]
    assert [(s["name"], s["status"]) for s in converted("dagster", payload)["steps"]] == [
        (name, status) for name, _, status in OF_FAILED
    ]


@pytest.mark.parametrize(
    ("file", "status", "steps"),
    [
        ("run-failure-sensor_1", BAD, [("check", BAD, "dagster._core.definitions.events.Failure: rows are bad ✗")]),
        ("run-failure-sensor_2", BAD, [("clean_orders", BAD, "Exceeded max_retries of 1:")]),
        ("run-status-sensor_1", OK, []),
    ],
)
def test_the_body_of_a_sensor(file: str, status: str, steps: list[tuple[str, str, str]]) -> None:
    record = converted("auto", load(f"dagster/webhook_dagster-{file}.json"))
    assert record["execution"]["status"] == status
    shown = [(step["name"], step["status"], step["error"].partition("\n")[0]) for step in record["steps"]]
    assert shown == steps
    assert record["execution"]["notes"][0].startswith("The event held no event log")


@pytest.mark.parametrize("file", ["op-failure-hook_1", "op-success-hook_1", "op-success-hook_2"])
def test_an_op_alone_is_no_run(file: str) -> None:
    with pytest.raises(InvalidRecord):
        convert("auto", load(f"dagster/webhook_dagster-{file}.json"))


@pytest.mark.parametrize("word", ["QUEUED", "NOT_STARTED", "MANAGED", "STARTING", "STARTED", "SUSPENDED", "CANCELING"])
def test_a_run_that_has_not_ended_is_refused(word: str) -> None:
    with pytest.raises(NotCompleted) as error:
        convert("auto", {"run": {**FAILED["run"], "status": word}})
    assert error.value.field == "run.status"


def test_every_word_of_dagsters_schema_is_known() -> None:
    schema = load("dagster/schema_status_enums.json")
    assert set(schema["RunStatus"]) == set(RUNS.words)
    assert set(schema["StepEventStatus"]) == set(STATS.words)
    assert STATS.words["IN_PROGRESS"] is Phase.RUNNING
    assert RUNS.words["CANCELED"] is Status.CANCELLED


def test_an_unknown_status_names_its_place() -> None:
    with pytest.raises(InvalidRecord, match="'FINE'") as error:
        convert("dagster", {"run": {**FAILED["run"], "status": "FINE"}})
    assert error.value.field == "run.status"
    payload = {"run": deepcopy(FAILED["run"])}
    payload["run"]["stepStats"][1]["status"] = "FINE"
    with pytest.raises(InvalidRecord, match="'FINE'") as error:
        convert("dagster", payload)
    assert error.value.field == "run.stepStats[1].status"


def test_an_answer_without_a_run_is_an_error() -> None:
    answer = {"__typename": "RunNotFoundError", "message": "Run x could not be found.", "runId": "x"}
    with pytest.raises(InvalidRecord, match="is RunNotFoundError: Run x could not be found"):
        convert("dagster", {"run": {"data": {"runOrError": answer}}})


def test_a_cancelled_run_leaves_a_step_interrupted_and_others_skipped() -> None:
    payload = deepcopy(SUCCESS)
    payload["run"].update(status="CANCELED", stepStats=None)
    started = next(n for n, event in enumerate(payload["events"]) if event["message"].endswith('of step "merge".'))
    payload["events"] = payload["events"][: started + 1]
    *_, merge, check, publish = converted("dagster", payload)["steps"]
    assert [(step["name"], step["status"]) for step in (merge, check, publish)] == [
        ("merge", "interrupted"),
        ("check", SKIP),
        ("publish", SKIP),
    ]


def test_assets_and_checks_are_children() -> None:
    payload = deepcopy(SUCCESS)
    end = next(n for n, event in enumerate(payload["events"]) if event["__typename"] == "ExecutionStepSuccessEvent")
    common = {"stepKey": "list_pages", "timestamp": "1795453127008", "level": "DEBUG", "message": "…"}
    payload["events"][end:end] = [
        {
            **common,
            "__typename": "MaterializationEvent",
            "eventType": "ASSET_MATERIALIZATION",
            "assetKey": {"path": ["raw", "orders"]},
            "metadataEntries": [
                {"__typename": "IntMetadataEntry", "label": "rows", "intValue": 3, "intRepr": "3"},
                {"__typename": "BoolMetadataEntry", "label": "fresh", "boolValue": True, "description": "today's"},
            ],
        },
        {
            **common,
            "__typename": "AssetCheckEvaluationEvent",
            "eventType": "ASSET_CHECK_EVALUATION",
            "evaluation": {
                "checkName": "enough",
                "success": False,
                "metadataEntries": [{"label": "min", "intValue": 5}],
            },
        },
    ]
    made, checked = converted("dagster", payload)["steps"][0]["children"]
    assert (made["name"], made["kind"]) == ("raw/orders", "asset materialization")
    assert made["output"] == {"rows": 3, "fresh": {"value": True, "description": "today's"}}
    assert (checked["name"], checked["kind"], checked["status"]) == ("enough", "asset check", "failed")
    assert checked["output"] == {"min": 5}


@pytest.mark.parametrize(
    ("tags", "who"),
    [
        ([{"key": "dagster/schedule_name", "value": "nightly"}], "schedule nightly"),
        ([{"key": "dagster/sensor_name", "value": "on_file"}], "sensor on_file"),
        ({"user": "ada"}, "ada"),
        ([], "re-execution of run p"),
    ],
)
def test_who_started_it(tags: Any, who: str) -> None:
    run = {**FAILED["run"], "tags": tags, "parentRunId": "p"}
    assert converted("dagster", {"run": run})["execution"]["triggered_by"] == who


def test_the_same_payload_gives_the_same_record() -> None:
    before = deepcopy(FAILED)
    assert convert("dagster", FAILED) == convert("dagster", FAILED)
    assert before == FAILED


SMALL = {**FAILED, "events": [event for event in FAILED["events"] if event["stepKey"] in {"check", "merge", None}]}
SMALL_EXPORT = {**EXPORT, "event_list": EXPORT["event_list"][-20:], "pipeline_snapshot": None}


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([SMALL, SMALL_EXPORT, load("dagster/webhook_dagster-run-failure-sensor_1.json")]))
def test_a_mutated_payload_gives_a_problem_or_a_valid_record(data: st.DataObject, payload: Any) -> None:
    try:
        record = convert("dagster", data.draw(mutated(payload)))
    except RunfolioError:
        return
    assert_valid(record)
