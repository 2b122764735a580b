"""Callbacks through the whole stack: slow receivers, and a callback worker that is killed while it delivers."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from redis import Redis

from runfolio.embedded import read_stack
from tests.acceptance import conftest
from tests.acceptance.conftest import RunningStack, running_stack
from tests.fakes import Receiver, Reply
from tests.integration.gateway.examples import STRUCTURED, completed
from tests.integration.gateway.site import eventually
from worker.callbacks.process import CLAIM

pytestmark = pytest.mark.acceptance

SLOW = 5.0
"""Seconds that a slow receiver takes; the sender gives up after 15."""

RECEIVERS = 12
"""More than the callback worker has threads."""


@pytest.fixture(name="own", scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack whose callbacks may reach this machine, and whose callback worker may be killed."""
    plain = conftest.environment
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conftest, "environment", lambda: plain() | {"RUNFOLIO_CALLBACK_ALLOW": "127.0.0.1"})
        with running_stack(tmp_path_factory.mktemp("callbacks")) as running:
            yield running


@pytest.fixture(name="client", scope="module")
def client_of_own_stack(own: RunningStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=own.url, headers={"Authorization": f"Bearer {own.token}"}, timeout=70) as client:
        yield client


def sent(client: httpx.Client, **export: str) -> str:
    """Ask for an export, and return its path."""
    answer = client.post("/v1/events", content=json.dumps(completed(export=export)), headers=STRUCTURED)
    assert answer.status_code == 202, answer.text
    return f"/v1/exports/{answer.json()['exports'][0]['id']}"


def standing(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    callbacks: list[dict[str, Any]] = client.get(f"{path}/deliveries").json()["callbacks"]
    return callbacks


def test_slow_receivers_delay_no_export(client: httpx.Client) -> None:
    with ExitStack() as stack:
        receivers = [stack.enter_context(Receiver(Reply(delay=SLOW))) for _ in range(RECEIVERS)]
        told = [sent(client, callback_url=receiver.url()) for receiver in receivers]
        eventually(lambda: sum(bool(receiver.received) for receiver in receivers) == 8)
        took = []
        for _ in range(10):
            began = time.monotonic()
            view = client.get(sent(client), params={"wait": 30}).json()
            took.append(time.monotonic() - began)
            assert view["status"] == "ready"
        held = [one for path in told for one in standing(client, path) if one["status"] == "waiting"]
        assert len(held) == RECEIVERS, "The receivers were not slow: nothing was shown."
        assert max(took) < SLOW / 2, took
        eventually(
            lambda: all(one["status"] == "delivered" for path in told for one in standing(client, path)),
            within=SLOW * RECEIVERS / 8 + 30,
        )
        assert [len(receiver.received) for receiver in receivers] == [1] * RECEIVERS


def test_a_callback_whose_worker_is_killed_is_delivered_by_the_next(own: RunningStack, client: httpx.Client) -> None:
    with Receiver(Reply(delay=SLOW), Reply(204)) as receiver:
        path = sent(client, callback_url=receiver.url())
        eventually(lambda: len(receiver.received) == 1)
        killed = read_stack(own.data_dir).pids["callbacks"]
        os.killpg(killed, signal.SIGKILL)
        (under_way,) = standing(client, path)
        eventually(lambda: read_stack(own.data_dir).pids.get("callbacks", killed) != killed, within=30)
        assert client.get(sent(client), params={"wait": 30}).json()["status"] == "ready"
        eventually(lambda: len(receiver.received) == 2, within=CLAIM.total_seconds() + 30)
        eventually(lambda: standing(client, path)[0]["status"] == "delivered")
        first, second = receiver.received

    assert (under_way["status"], under_way["attempts"]) == ("waiting", 1)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == under_way["message_id"]
    assert first.body == second.body
    assert standing(client, path)[0]["attempts"] == 2


@pytest.mark.timeout(240)
def test_a_broker_that_loses_everything_loses_no_callback(own: RunningStack, client: httpx.Client) -> None:
    with Receiver(Reply(500), Reply(204)) as receiver:
        path = sent(client, callback_url=receiver.url())
        eventually(lambda: bool(standing(client, path)) and standing(client, path)[0]["attempts"] == 1)
        os.killpg(read_stack(own.data_dir).pids["callbacks"], signal.SIGKILL)
        with Redis.from_url(read_stack(own.data_dir).broker_url) as broker:
            broker.flushall()
        # A message that was sent just before the loss is given its minute (worker.reminding.PAUSE).
        eventually(lambda: len(receiver.received) == 2, within=120)
        eventually(lambda: _delivered(client, path), within=30)

    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1


def _delivered(client: httpx.Client, path: str) -> bool:
    try:
        return bool(standing(client, path)[0]["status"] == "delivered")
    except (httpx.TransportError, KeyError):
        return False
