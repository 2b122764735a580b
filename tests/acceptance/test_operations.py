"""What an operator sees: logs, readiness, callbacks, stopping. On a stack of its own, since parts of it are stopped."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from runfolio.embedded import read_stack
from tests.acceptance import conftest
from tests.acceptance.conftest import RunningStack, running_stack
from tests.fakes import Receiver
from tests.integration.gateway.examples import completed, unique
from tests.integration.gateway.site import eventually

pytestmark = pytest.mark.acceptance


@pytest.fixture(name="own", scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack whose callbacks may reach this machine."""
    plain = conftest.environment
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conftest, "environment", lambda: plain() | {"RUNFOLIO_CALLBACK_ALLOW": "127.0.0.1"})
        with running_stack(tmp_path_factory.mktemp("own")) as running:
            yield running


@pytest.fixture(name="client", scope="module")
def client_of_own_stack(own: RunningStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=own.url, headers={"Authorization": f"Bearer {own.token}"}, timeout=70) as client:
        yield client


def sent(client: httpx.Client, event: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(
        "/v1/events", content=json.dumps(event), headers={"content-type": "application/cloudevents+json"}
    )
    assert answer.status_code == 202, answer.text
    (export,) = answer.json()["exports"]
    assert isinstance(export, dict)
    return export


def ready(client: httpx.Client, event: dict[str, Any]) -> dict[str, Any]:
    view = client.get(f"/v1/exports/{sent(client, event)['id']}", params={"wait": 30}).json()
    assert view["status"] == "ready", view
    assert isinstance(view, dict)
    return view


@contextmanager
def frozen(own: RunningStack, part: str) -> Iterator[None]:
    """Stop a part's processes as a hanging machine does: its ports stay open and nobody answers."""
    group = read_stack(own.data_dir).pids[part]
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


def test_a_callback_arrives_signed(own: RunningStack, client: httpx.Client) -> None:
    secret = json.loads((own.data_dir / "secrets.json").read_text())["callback_secret"]
    with Receiver() as receiver:
        export = ready(client, completed(export={"format": "html", "callback_url": receiver.url()}))
        eventually(lambda: bool(receiver.received))
        (told,) = receiver.received

    event = Webhook(secret).verify(told.body, told.headers)
    assert told.headers["content-type"].startswith("application/cloudevents+json")
    assert (event["specversion"], event["type"]) == ("1.0", "runfolio.export.ready.v1")
    only_for_readers = {"requested_by", "downloads"}
    assert event["data"] == {name: value for name, value in export.items() if name not in only_for_readers}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(told.body + b" ", told.headers)


def test_every_callback_of_one_export_is_told(client: httpx.Client) -> None:
    event = completed()
    with Receiver() as first, Receiver() as second:
        for receiver in (first, second):
            ready(client, {**event, "data": {**event["data"], "export": {"callback_url": receiver.url()}}})
        eventually(lambda: bool(first.received and second.received))

    assert json.loads(first.received[0].body)["data"] == json.loads(second.received[0].body)["data"]


def test_no_token_and_no_secret_is_in_the_gateways_log(own: RunningStack, client: httpx.Client) -> None:
    secret = unique("password")
    export = ready(client, completed(secrets=[secret], export={"combine": True}))
    link = export["download_url"]
    token = link.rpartition("/")[2]
    mark = unique("mark")
    for address in (
        link,
        f"{link}/events",
        f"{own.url}//d/{token}",
        f"{own.url}/%64/{token}",
        f"{own.url}/d%2F{token}",
    ):
        httpx.get(address)
    httpx.get(f"{own.url}/{mark}", headers={"Authorization": f"Bearer {own.token}"})

    log = own.data_dir / "logs" / "gateway.log"
    eventually(lambda: mark in log.read_text())
    text = log.read_text()
    assert f'"path":"/d/{token[:6]}' in text
    assert token[6:20] not in text
    assert own.token not in text
    assert secret not in text
    assert all(json.loads(line)["event"] for line in text.splitlines() if line.startswith("{"))


@pytest.mark.parametrize(("part", "name"), [("valkey", "broker"), ("seaweedfs", "storage")])
def test_readiness_names_what_is_away(own: RunningStack, client: httpx.Client, part: str, name: str) -> None:
    with frozen(own, part):
        began = time.monotonic()
        answer = httpx.get(f"{own.url}/readyz", timeout=60)
        took = time.monotonic() - began
        alive = httpx.get(f"{own.url}/healthz", timeout=2).status_code

    assert (answer.status_code, alive) == (503, 200)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"]
    assert answer.json()["type"] == f"urn:runfolio:problem:{name}-unavailable"
    assert took < 15
    eventually(lambda: client.get("/readyz").status_code == 200, within=30)


def test_an_event_is_accepted_while_the_broker_is_away_and_exported_later(
    own: RunningStack, client: httpx.Client
) -> None:
    with frozen(own, "valkey"):
        export = sent(client, completed())

    eventually(lambda: client.get(f"/v1/exports/{export['id']}").json()["status"] == "ready", within=40)


def test_the_gateway_stops_at_once_although_somebody_listens(own: RunningStack, client: httpx.Client) -> None:
    with frozen(own, "worker"), ThreadPoolExecutor() as pool:
        export = sent(client, completed())
        gateway = read_stack(own.data_dir).pids["gateway"]
        headers = {"Authorization": f"Bearer {own.token}"}

        def follow() -> str:
            with httpx.stream("GET", f"{own.url}/v1/exports/{export['id']}/events", headers=headers) as answer:
                return answer.read().decode()

        follower = pool.submit(follow)
        held = pool.submit(httpx.get, export["download_url"], timeout=60)
        time.sleep(3)  # A busy machine may take a second to connect.
        began = time.monotonic()
        os.kill(gateway, signal.SIGTERM)
        heard, answer = follower.result(20), held.result(20)
        ended = time.monotonic() - began

    assert "event: queued" in heard
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert ended < 5
    eventually(lambda: read_stack(own.data_dir).pids.get("gateway", gateway) != gateway, within=20)
    eventually(lambda: _ready(client), within=20)


def _ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
