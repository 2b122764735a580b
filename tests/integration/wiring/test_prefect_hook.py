"""Prefect's hook, with what its API answered about recorded runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from tests.integration.wiring.listening import Answer, Peer
from tests.integration.wiring.stand_ins import fresh, stand_in
from tests.unit.producer.engines.payloads import converted, outline
from tests.unit.producer.engines.prefect_payloads import collected


class Api:
    """Answers as Prefect's API did, in pages; ``begun`` times, the flow run has not ended yet."""

    def __init__(self, event: dict[str, Any], begun: int = 0) -> None:
        self._event = event
        self._begun = begun
        self.asked: list[str] = []

    def request(self, method: str, path: str, **options: Any) -> Any:
        self.asked.append(path)
        assert method == ("POST" if path.endswith("/filter") else "GET")
        return SimpleNamespace(json=lambda: self._answer(path, options))

    def _answer(self, path: str, options: dict[str, Any]) -> Any:
        states = self._event["task_run_states"]
        if path == "/flow_runs/{id}":
            self._begun -= 1
            return {**self._event["flow_run"], **({"state_type": "CANCELLING"} if self._begun >= 0 else {})}
        if path == "/task_run_states/":
            asked = options["params"]["task_run_id"]
            [name] = [run["name"] for run in self._event["task_runs"] if run["id"] == asked]
            return states.get(name) or states.get(asked)
        if path in {"/task_runs/filter", "/logs/filter", "/artifacts/filter"}:
            body = options["json"]
            assert body["limit"] <= 200
            return self._event[path.split("/")[1]][body["offset"] : body["offset"] + body["limit"]]
        return {"/flows/{id}": self._event["flow"], "/flow_run_states/": self._event["flow_run_states"]}[path]


def hook(monkeypatch: pytest.MonkeyPatch, api: Api) -> Any:
    @contextmanager
    def client(*, sync_client: bool) -> Iterator[Api]:
        assert sync_client
        yield api

    stand_in(monkeypatch, "prefect.client.orchestration", get_client=client)
    stand_in(monkeypatch, "prefect.logging.handlers", APILogHandler=lambda: SimpleNamespace(flush=lambda: None))
    module = fresh(monkeypatch, "integrations.prefect.runfolio_hook")
    monkeypatch.setattr(module, "_PAUSE", 0.01)
    return module


def run_hook(module: Any, event: dict[str, Any]) -> None:
    module.send_to_runfolio(None, SimpleNamespace(id=event["flow_run"]["id"]), None)


@pytest.mark.parametrize("name", ["nightly-import_completed_0", "nightly-import_failed_2", "child-flow_completed_1"])
def test_what_is_sent_converts_as_what_was_recorded(monkeypatch: pytest.MonkeyPatch, gateway: Peer, name: str) -> None:
    event = collected(name)
    run_hook(hook(monkeypatch, Api(event)), event)
    sent = converted("prefect", gateway.event())
    recorded = converted("prefect", event)
    assert outline(sent) == outline(recorded)
    assert sent["execution"] == recorded["execution"]
    assert [step.get("log") for step in sent["steps"]] == [step.get("log") for step in recorded["steps"]]
    assert (gateway.posted[0].path, gateway.posted[0].token) == ("/v1/engines/prefect/events", "Bearer a-token")


def test_a_run_that_is_being_cancelled_is_waited_for(monkeypatch: pytest.MonkeyPatch, gateway: Peer) -> None:
    event = collected("child-flow_completed_1")
    api = Api(event, begun=2)
    run_hook(hook(monkeypatch, api), event)
    assert gateway.event()["flow_run"]["state_type"] == "COMPLETED"
    assert api.asked.count("/flow_runs/{id}") == 3


def test_a_busy_gateway_is_asked_again(monkeypatch: pytest.MonkeyPatch, gateway: Peer) -> None:
    gateway.refusals = [Answer(503), Answer(429)]
    event = collected("child-flow_completed_1")
    module = hook(monkeypatch, Api(event))
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    run_hook(module, event)
    assert gateway.event()["flow"]["name"] == "child-flow"


def test_what_has_no_room_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch, gateway: Peer) -> None:
    event = collected("nightly-import_failed_2")
    module = hook(monkeypatch, Api(event))
    monkeypatch.setattr(module, "MOST_BYTES", 30_000)
    run_hook(module, event)
    sent = gateway.event()
    assert set(sent["left_out"]) >= {"logs"}
    assert converted("prefect", sent)["execution"]["event"]["left_out"] == sent["left_out"]


def failures(caplog: pytest.LogCaptureFixture) -> list[str]:
    deadline = time.monotonic() + 20
    while not caplog.records and time.monotonic() < deadline:
        time.sleep(0.02)
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_refusal_is_logged_and_touches_nothing(
    monkeypatch: pytest.MonkeyPatch, gateway: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.refusals = [Answer(403, {"detail": "The token may not do that."})]
    event = collected("child-flow_completed_1")
    run_hook(hook(monkeypatch, Api(event)), event)
    assert "could not be sent" in failures(caplog)[0]
    assert "The token may not do that." in str(caplog.records[0].exc_info)
    assert "a-token" not in caplog.text


def test_without_settings_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch, gateway: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("RUNFOLIO_TOKEN")
    event = collected("child-flow_completed_1")
    run_hook(hook(monkeypatch, Api(event)), event)
    assert "RUNFOLIO_TOKEN is not set" in failures(caplog)[0]
    assert gateway.posted == []
