"""Payloads that leave out what an engine's source can fetch."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract import jsontext
from producer.contract.errors import InvalidRecord, NotCompleted, RunfolioError
from producer.contract.record import Status
from producer.engines import ENGINES, TakenIn, convert, take_in
from tests.unit.producer.engines import airflow_payloads, prefect_payloads
from tests.unit.producer.engines.payloads import assert_valid, load, mutated

POINTING: dict[str, tuple[str, Any, dict[str, str]]] = {
    "n8n, last node": ("n8n", load("n8n/webhook_n8n-last-node_1.json"), {"execution": "3"}),
    "n8n, hook": ("n8n", {"executionId": 6, "workflow": {"id": "w", "name": "W"}}, {"execution": "6"}),
    "n8n, without data": ("n8n", load("n8n/run_api_execution_6_nodata.json"), {"execution": "6"}),
    "n8n, error": ("n8n", load("n8n/webhook_n8n-error-workflow_2.json"), {"execution": "6"}),
    "airflow, ids": (
        "airflow",
        {"dag_id": "d", "run_id": "manual__a+b/c"},
        {"dag": "d", "run": "manual__a+b/c"},
    ),
    "airflow, ids of a run": (
        "airflow",
        {"dag_run": {"dag_id": "d", "dag_run_id": "r"}},
        {"dag": "d", "run": "r"},
    ),
    "airflow, callback": (
        "airflow",
        load("airflow/callback_dag-failure_1.json"),
        {"dag": "nightly_import", "run": "manual__fail+2026"},
    ),
    "airflow, listener": (
        "airflow",
        load("airflow/callback_listener-dag-success_1.json"),
        {"dag": "nightly_import", "run": "manual__ok"},
    ),
    "prefect, event": (
        "prefect",
        load("prefect/webhook_automation_whole-event_failed.json"),
        {
            "flow_run": load("prefect/webhook_automation_whole-event_failed.json")["event"]["resource"][
                "prefect.resource.id"
            ].removeprefix("prefect.flow-run.")
        },
    ),
    "prefect, template": (
        "prefect",
        load("prefect/webhook_automation_custom-template_failed.json"),
        {"flow_run": "741e4051-d007-4e23-bddc-b685e9cd6165", "flow_name": "Nightly import"},
    ),
    "prefect, ids": ("prefect", {"flow_run_id": "r", "flow_id": "f"}, {"flow_run": "r"}),
    "github": (
        "github",
        load("github/workflow_run_completed.payload.json"),
        {"repository": "octo-org/octo-repo", "run": "289782451", "attempt": "1"},
    ),
}
BARE = [name for name in POINTING if "ids" in name or name in {"n8n, last node", "n8n, hook"}]
WHOLE: dict[str, Any] = {
    "n8n": load("n8n/run_api_execution_6_order_error.json"),
    "airflow": airflow_payloads.collected("failed"),
    "prefect": prefect_payloads.collected("nightly-import_failed_2"),
    "github": {**load("github/workflow_run_completed.payload.json"), "jobs": []},
}


def taken(engine: str, payload: Any, instance: str | None = None) -> TakenIn:
    return take_in(engine, payload, instance=instance, sources={engine: [instance or ""]})


@pytest.mark.parametrize("name", POINTING)
def test_a_payload_names_what_its_engine_knows_more_of(name: str) -> None:
    engine, payload, ids = POINTING[name]
    pointed = ENGINES[engine].points(payload)
    assert pointed is not None
    assert (pointed.ids, pointed.bare is not None) == (ids, name in BARE)


@pytest.mark.parametrize("name", POINTING)
@pytest.mark.parametrize("instance", [None, "prod-eu"])
def test_it_is_kept_beside_a_record_of_what_it_tells(name: str, instance: str | None) -> None:
    engine, payload, _ = POINTING[name]
    record, told = taken(engine, payload, instance)
    assert_valid(record)
    assert told is not None
    assert (told.engine, told.instance, jsontext.decode(bytes(told.payload))) == (engine, instance, payload)
    assert record["execution"]["notes"][-1] == f"A worker asks {engine} for what the event left out."
    assert take_in("auto", payload, instance=instance, sources={engine: [instance or ""]}) == (record, told)


@pytest.mark.parametrize("name", BARE)
def test_how_it_ended_is_not_made_up(name: str) -> None:
    engine, payload, _ = POINTING[name]
    execution = taken(engine, payload).record["execution"]
    assert execution["status"] == Status.INTERRUPTED.value
    assert execution["notes"][0] == "The event did not say how the execution ended."


@pytest.mark.parametrize("name", BARE)
def test_without_a_source_the_problem_names_the_setting(name: str) -> None:
    engine, payload, _ = POINTING[name]
    for given_engine in (engine, "auto"):
        with pytest.raises(InvalidRecord, match="does not say how it ended") as error:
            convert(given_engine, payload)
        assert f"RUNFOLIO_SOURCE_{engine.upper()}_URL" in (error.value.remedy or "")


@pytest.mark.parametrize("name", [name for name in POINTING if name not in BARE])
def test_without_a_source_the_event_is_taken_as_it_is(name: str) -> None:
    engine, payload, _ = POINTING[name]
    record, told = take_in(engine, payload, instance=None, sources={engine: ["elsewhere"]})
    assert (record, told) == (convert(engine, payload), None)


@pytest.mark.parametrize("engine", WHOLE)
def test_a_whole_payload_points_to_nothing(engine: str) -> None:
    assert ENGINES[engine].points(WHOLE[engine]) is None
    assert taken(engine, WHOLE[engine]) == (convert(engine, WHOLE[engine]), None)


@pytest.mark.parametrize(
    ("engine", "payload"),
    [
        ("n8n", {"executionId": "3"}),
        ("n8n", {"executionId": "", "workflowId": "w"}),
        ("airflow", {"run_id": "r", "state": "failed"}),
        ("prefect", {"flow_run_id": "r"}),
        ("github", {**load("github/workflow_run_completed.payload.json"), "repository": {"full_name": "../x"}}),
    ],
)
def test_what_does_not_name_its_workflow_points_to_nothing(engine: str, payload: Any) -> None:
    if engine == "github":
        payload["workflow_run"].pop("repository")
    assert ENGINES[engine].points(payload) is None


def test_what_still_runs_is_refused_with_a_source_too() -> None:
    with pytest.raises(NotCompleted):
        taken("airflow", {"dag_id": "d", "run_id": "r", "state": "running"})


@given(data=st.data(), name=st.sampled_from(sorted(POINTING)))
@settings(max_examples=200)
def test_mutated_payloads_make_a_clear_problem_or_a_record(data: st.DataObject, name: str) -> None:
    engine, payload, _ = POINTING[name]
    changed = data.draw(mutated(payload))
    with suppress(RunfolioError):
        assert_valid(taken(engine, changed).record)
