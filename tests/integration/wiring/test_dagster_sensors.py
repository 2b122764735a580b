"""Dagster's sensors, with what a recorded instance held."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tests.integration.wiring.listening import Answer, Peer
from tests.integration.wiring.stand_ins import fresh, stand_in
from tests.unit.producer.engines.payloads import converted, load, outline

EXPORT = load("dagster/run_failed_debug_export.json")
STATUSES = ("SUCCESS", "FAILURE", "CANCELED")


class Instance:
    """What the sensors ask of Dagster's instance."""

    def __init__(self) -> None:
        self.compute_log_manager = self

    def get_execution_plan_snapshot(self, snapshot: str) -> Any:
        assert snapshot == "a-snapshot"
        return EXPORT["execution_plan_snapshot"]

    def get_records_for_run(self, run_id: str, cursor: str | None, limit: int) -> Any:
        assert run_id == Run.run_id
        begin = int(cursor or 0)
        entries = EXPORT["event_list"][begin : begin + min(limit, 7)]
        records = [SimpleNamespace(event_log_entry=entry) for entry in entries]
        end = begin + len(entries)
        return SimpleNamespace(records=records, cursor=str(end), has_more=end < len(EXPORT["event_list"]))

    def get_log_data(self, log_key: list[str], max_bytes: int) -> Any:
        assert log_key[:2] == [EXPORT["pipeline_run"]["run_id"], "compute_logs"]
        return SimpleNamespace(stdout="gedruckt ☕".encode()[:max_bytes], stderr=None)


class Run:
    """A run as a sensor is given it: what is asked of it, and what it looks like as text."""

    run_id = EXPORT["pipeline_run"]["run_id"]
    execution_plan_snapshot_id = "a-snapshot"


def text(value: Any) -> str:
    return json.dumps(EXPORT["pipeline_run"] if isinstance(value, Run) else value)


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    def run_status_sensor(**options: Any) -> Any:
        return lambda function: (options, function)

    stand_in(
        monkeypatch,
        "dagster",
        DagsterRunStatus=SimpleNamespace(**{name: name for name in STATUSES}),
        DefaultSensorStatus=SimpleNamespace(RUNNING="RUNNING"),
        RunStatusSensorContext=object,
        run_status_sensor=run_status_sensor,
    )
    stand_in(monkeypatch, "dagster._serdes", serialize_value=text)
    return fresh(monkeypatch, "integrations.dagster.runfolio_sensors")


def tick(module: Any) -> None:
    module.send_to_runfolio(SimpleNamespace(instance=Instance(), dagster_run=Run()))


def test_there_is_a_running_sensor_for_each_end(module: Any) -> None:
    sensors = module.runfolio_sensors()
    assert [options["run_status"] for options, _ in sensors] == list(STATUSES)
    assert {options["default_status"] for options, _ in sensors} == {"RUNNING"}
    assert {function for _, function in sensors} == {module.send_to_runfolio}


def test_what_is_sent_converts_as_the_export_did(module: Any, gateway: Peer) -> None:
    tick(module)
    sent, exported = converted("dagster", gateway.event()), converted("dagster", EXPORT)
    assert outline(sent) == outline(exported)
    assert [step.get("error") for step in sent["steps"]] == [step.get("error") for step in exported["steps"]]
    assert "gedruckt ☕" in json.dumps(sent, ensure_ascii=False)
    assert gateway.posted[0].path == "/v1/engines/dagster/events"


def test_what_has_no_room_is_left_out_and_said(module: Any, gateway: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 60_000)
    tick(module)
    assert 0 < len(gateway.event()["event_list"]) < len(EXPORT["event_list"])
    assert "largest size" in converted("dagster", gateway.event())["execution"]["event"]["left_out"]


def test_a_refusal_fails_the_tick(module: Any, gateway: Peer) -> None:
    gateway.refusals = [Answer(401, {"detail": "Send a token."})]
    with pytest.raises(RuntimeError, match="Send a token"):
        tick(module)
