"""Airflow's listener, with what its REST API answered about recorded runs."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.integration.wiring.listening import Answer, Peer
from tests.integration.wiring.stand_ins import fresh, stand_in
from tests.unit.producer.engines.airflow_payloads import collected
from tests.unit.producer.engines.payloads import converted, load, outline

PASSWORD = "an-airflow-password"


class Api:
    """Answers as Airflow's API did; ``begun`` times, the state of the run is not committed yet."""

    def __init__(self, name: str, begun: int = 0) -> None:
        self.event = collected(name)
        self._entries = load(f"airflow/run_{name}_xcomEntries_all.json")["xcom_entries"]
        self._begun = begun

    def __call__(self, method: str, address: str) -> Answer:
        parts = urlsplit(address)
        if (method, parts.path) == ("POST", "/auth/token"):
            return Answer(201, {"access_token": "a-jwt"})
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        names = [unquote(part) for part in parts.path.removeprefix("/api/v2/dags/").split("/")]
        answer = self._answer(names[1:], query)
        return Answer(404, {"detail": "not found"}) if answer is None else Answer(200, answer)

    def _answer(self, names: list[str], query: dict[str, str]) -> Any:  # noqa: PLR0911 # one for each address
        index = query.get("map_index", "-1")
        match names:
            case []:
                return load("airflow/run_dag.json")
            case ["tasks"]:
                return load("airflow/run_dag_tasks.json")
            case ["dagRuns", run]:
                assert run == self.event["dag_run"]["dag_run_id"]
                self._begun -= 1
                return {**self.event["dag_run"], **({"state": "running"} if self._begun >= 0 else {})}
            case ["dagRuns", _, "taskInstances"]:
                return page(self.event["task_instances"]["task_instances"], "task_instances", query)
            case ["dagRuns", _, "taskInstances", "~", "xcomEntries"]:
                return page(self._entries, "xcom_entries", query)
            case ["dagRuns", _, "taskInstances", task, number, "tries"]:
                return self.event["tries"].get(f"{task}[{number}]")
            case ["dagRuns", _, "taskInstances", task, "logs", number]:
                log = self.event["logs"].get(f"{task}[{index}]#{number}", {})
                return "".join(json.dumps(entry) + "\n" for entry in log["content"]).encode() if log else None
            case ["dagRuns", _, "taskInstances", task, "xcomEntries", "return_value"]:
                found = self.event["xcom"].get(f"{task}[{index}]")
                return found if found and "value" in found else None
        return None


def page(entries: list[Any], name: str, query: dict[str, str]) -> dict[str, Any]:
    limit, offset = min(int(query["limit"]), 7), int(query["offset"])
    return {name: entries[offset : offset + limit], "total_entries": len(entries)}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch, gateway: Peer) -> Any:
    """The plugin, loaded as Airflow loads it, with a user of Airflow."""
    stand_in(monkeypatch, "airflow.configuration", conf=SimpleNamespace(get=lambda *_, **__: gateway.url))
    stand_in(monkeypatch, "airflow.listeners", hookimpl=lambda function: function)
    stand_in(monkeypatch, "airflow.plugins_manager", AirflowPlugin=object)
    monkeypatch.setenv("RUNFOLIO_AIRFLOW_USER", "runfolio")
    monkeypatch.setenv("RUNFOLIO_AIRFLOW_PASSWORD", PASSWORD)
    found = fresh(monkeypatch, "integrations.airflow.runfolio_listener")
    monkeypatch.setattr(found, "_UPLOADED", 0.0)
    monkeypatch.setattr(found, "_PAGE", 7)
    return found


def dag_run(name: str) -> Any:
    run = collected(name)["dag_run"]
    return SimpleNamespace(
        dag_id=run["dag_id"],
        run_id=run["dag_run_id"],
        state=SimpleNamespace(value=run["state"]),
        start_date=datetime(2026, 11, 23, tzinfo=UTC),
        conf={"at": datetime(2026, 11, 23, tzinfo=UTC)},
    )


@pytest.mark.parametrize("name", ["success", "failed"])
def test_what_is_sent_converts_as_what_was_recorded(module: Any, gateway: Peer, name: str) -> None:
    api = gateway.api = Api(name)
    module.Listener().on_dag_run_failed(dag_run(name), "message")
    sent = converted("airflow", gateway.event())
    recorded = converted("airflow", api.event)
    assert outline(sent) == outline(recorded)
    assert [step.get("log") for step in sent["steps"]] == [step.get("log") for step in recorded["steps"]]
    assert [step.get("error") for step in sent["steps"]] == [step.get("error") for step in recorded["steps"]]
    assert [step.get("output") for step in sent["steps"]] == [step.get("output") for step in recorded["steps"]]
    assert sent["execution"]["event"]["msg"] == "message"
    assert {token for path, token in gateway.asked if path != "/auth/token"} == {"Bearer a-jwt"}
    assert PASSWORD not in json.dumps(gateway.posted[0].event)


def test_the_state_is_waited_for_until_it_is_committed(
    module: Any, gateway: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.api = Api("success", begun=3)
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    module.Listener().on_dag_run_success(dag_run("success"), "")
    assert gateway.event()["dag_run"]["state"] == "success"


def test_without_a_user_the_run_alone_is_sent(module: Any, gateway: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNFOLIO_AIRFLOW_USER")
    module.Listener().on_dag_run_failed(dag_run("failed"), "")
    record = converted("airflow", gateway.event())
    assert (record["execution"]["status"], record["steps"]) == ("failed", [])
    assert gateway.asked == []


def test_an_api_that_answers_nothing_is_told(module: Any, gateway: Peer) -> None:
    module.Listener().on_dag_run_failed(dag_run("failed"), "")
    event = gateway.event()
    assert "404" in event["collecting_failed"]
    assert converted("airflow", event)["execution"]["status"] == "failed"


def test_a_long_log_keeps_its_ends(module: Any, gateway: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway.api = Api("failed")
    monkeypatch.setattr(module, "MOST_LOG_BYTES", 2_000)
    module.Listener().on_dag_run_failed(dag_run("failed"), "")
    event = gateway.event()
    cut = [log for log in event["logs"].values() if "lines left out by the sender" in log]
    assert cut
    assert all(len(log) < 2_200 for log in event["logs"].values())
    assert outline(converted("airflow", event)) == outline(converted("airflow", collected("failed")))


def test_a_scheduler_is_never_held_up(
    module: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stuck(_: object) -> None:
        time.sleep(2)

    # The thread outlives the test, and what is left in its queue must not reach the next one.
    module.send = stuck
    monkeypatch.setattr(module, "MOST_WAITING", 5)
    listener = module.Listener()
    began = time.monotonic()
    for _ in range(50):
        listener.on_dag_run_success(dag_run("success"), "")
    assert time.monotonic() - began < 10
    assert sum(record.levelno == logging.WARNING for record in caplog.records) >= 30


def test_a_run_of_an_unknown_kind_is_no_error(module: Any, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        @property
        def dag_id(self) -> str:
            raise RuntimeError("detached")

    module.Listener().on_dag_run_success(Broken(), "")
    assert "is not sent" in caplog.text
