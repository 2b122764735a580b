"""Each engine: an event of ids alone goes in, and the archive that comes out holds all that the API knows."""

from __future__ import annotations

from typing import Any

import pytest

from producer.contract.export import State
from producer.engines import convert
from tests.fakes_engines import KEY, EngineServer, airflow, blob, github, n8n, prefect
from tests.house import House
from tests.unit.producer.engines import airflow_payloads, prefect_payloads
from tests.unit.producer.engines.payloads import load, outline
from tests.unit.worker.sources.installation import (
    AIRFLOW_EVENT,
    GITHUB_EVENT,
    N8N_EVENT,
    PREFECT_EVENT,
    engines_at,
    files,
    settled,
    tell,
)


def newest(house: House, workflow: str, execution: str) -> dict[str, Any]:
    """The record of an execution as it is shown: header and steps."""
    record = house.gateway.executions.record(workflow, execution)
    return {**record.document.raw, "steps": [document.raw for _, document in record.steps()]}


def without_notes(record: dict[str, Any]) -> dict[str, Any]:
    steps = [{name: value for name, value in step.items() if name != "notes"} for step in record["steps"]]
    return {"workflow": record["workflow"], "steps": steps}


def test_n8n() -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server))
        export = tell(house, "n8n", N8N_EVENT)
        assert (export.status, export.workflow.id, export.execution.id) == (State.QUEUED, "n8n:mainwf0000000001", "3")
        ready = settled(house, export)
    assert ready.status is State.READY, ready.error
    assert (ready.id, ready.download_url) == (export.id, export.download_url)
    assert ready.execution.status == "succeeded"
    assert ready.archive is not None
    assert ready.archive.filename.startswith("Order sync ☕ (loop + error branch)_2026-11-23_16_56_13_3")
    record = newest(house, "n8n:mainwf0000000001", "3")
    expected = convert("n8n", load("n8n/run_api_execution_3_order_success.json"))
    assert without_notes(record) == without_notes(expected)
    assert len(files(house, ready)) == len(expected["steps"])
    assert record["execution"]["details"]["event"] == {"finishedAt": N8N_EVENT["finishedAt"], "items": [{}]}
    assert [asked.query for asked in server.asked] == [{}, {"includeData": "true"}]


@pytest.mark.parametrize("token", [KEY, "ann:s3cret"], ids=["token", "password"])
def test_airflow(token: str) -> None:
    with EngineServer(airflow) as server:
        house = House(engines=engines_at("airflow", server, token=token))
        export = tell(house, "airflow", AIRFLOW_EVENT)
        ready = settled(house, export)
    assert ready.status is State.READY, ready.error
    record = newest(house, "airflow:nightly_import", "manual__fail+2026")
    expected = convert("airflow", airflow_payloads.collected("failed"))
    assert outline(record) == outline(expected)
    for field in ("output", "error", "log", "input", "started_at", "finished_at"):
        assert [step.get(field) for step in record["steps"]] == [step.get(field) for step in expected["steps"]], field
    assert any(asked.raw.endswith("/dagRuns/manual__fail%2B2026") for asked in server.asked)
    assert sum(asked.path[-1] == "taskInstances" for asked in server.asked) == 3
    assert len(files(house, ready)) == len(expected["steps"])


@pytest.mark.parametrize("token", [KEY, "ann:s3cret"], ids=["token", "password"])
def test_prefect(token: str) -> None:
    with EngineServer(prefect) as server:
        house = House(engines=engines_at("prefect", server, path="/api", token=token))
        ready = settled(house, tell(house, "prefect", PREFECT_EVENT))
    assert ready.status is State.READY, ready.error
    expected = convert("prefect", prefect_payloads.collected("nightly-import_failed_2"))
    record = newest(house, expected["workflow"]["id"], expected["execution"]["id"])
    assert without_notes(record) == without_notes(expected)
    assert record["execution"]["event"]["event"] == PREFECT_EVENT["event"]


def test_prefect_by_the_name_of_the_flow() -> None:
    with EngineServer(prefect) as server:
        house = House(engines=engines_at("prefect", server, path="/api"))
        ready = settled(house, tell(house, "prefect", load("prefect/webhook_automation_custom-template_failed.json")))
    assert (ready.status, ready.workflow.id) == (State.READY, "prefect:Nightly import")
    assert len(files(house, ready)) > 5


def test_github_with_logs_where_they_are_allowed() -> None:
    with EngineServer(blob) as store, EngineServer(github(store.url(""))) as server:
        engines = engines_at("github", server, log_hosts=(f"http://127.0.0.1:{store.port}",))
        house = House(engines=engines)
        ready = settled(house, tell(house, "github", GITHUB_EVENT))
        written = files(house, ready)
    assert ready.status is State.READY, ready.error
    assert sorted(written) == ["job1_success.md", "job2_success.md"]
    assert "log of 2270858630" in written["job1_success.md"]
    assert [asked.query["page"] for asked in server.asked if asked.path[-1] == "jobs"] == ["1", "2"]
    assert len(store.asked) == 2


@pytest.mark.parametrize("hosts", [(), ("logs.example",), ("*",), ("https://127.0.0.1:*",)])
def test_github_without_logs_where_they_are_not(hosts: tuple[str, ...]) -> None:
    with EngineServer(blob) as store, EngineServer(github(store.url(""))) as server:
        house = House(engines=engines_at("github", server, log_hosts=hosts))
        ready = settled(house, tell(house, "github", GITHUB_EVENT))
        written = files(house, ready)
        assert store.asked == []
    assert ready.status is State.READY
    assert "did not hold this job's log" in written["job1_success.md"]
    notes = newest(house, ready.workflow.id, ready.execution.id)["execution"].get("notes", [])
    assert any("RUNFOLIO_SOURCE_GITHUB_LOG_HOSTS does not name" in note for note in notes) == bool(hosts)
    assert not any("sig=" in note for note in notes)


def test_hosts_by_a_pattern_must_be_public() -> None:
    with EngineServer(blob) as store, EngineServer(github(store.url(""))) as server:
        house = House(engines=engines_at("github", server, log_hosts=("http://127.0.0.*",)))
        ready = settled(house, tell(house, "github", GITHUB_EVENT))
        assert store.asked == []
    notes = newest(house, ready.workflow.id, ready.execution.id)["execution"]["notes"]
    assert any("The host is not public" in note for note in notes)
