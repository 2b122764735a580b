"""Callbacks through the HTTP interface: given, told, shown, told again, and refused where they lead inside."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from producer.contract.tasks import CALLBACK_QUEUE
from tests.fakes import Receiver, Reply
from tests.integration.gateway.examples import completed, path_of
from tests.integration.gateway.site import Site, eventually, read_arguments
from tests.servers import HOST
from tests.unit.hostile_addresses import DISGUISES, LITERALS
from worker.reminding import Reminding

pytestmark = pytest.mark.integration

ALLOWED = {HOST, f"[::ffff:{HOST}]", "[::FFFF:7F00:1]", "[0:0:0:0:0:ffff:7f00:0001]"}
"""What the site lets callbacks reach: the machine that the tests run on, however its address is written."""


@pytest.fixture(name="caller")
def callback_worker(site: Site) -> Iterator[Site]:
    """The site with somebody who takes callbacks from the real queue, as a callback worker does."""
    stop = threading.Event()
    callbacks = site.worker.parts.callbacks
    assert callbacks is not None

    def work() -> None:
        with Redis.from_url(site.broker_url) as broker:
            while not stop.is_set():
                found: Any = broker.brpop([CALLBACK_QUEUE], timeout=0.1)
                if found is not None:
                    callbacks.process(**read_arguments(found[1]))

    thread = threading.Thread(target=work)
    thread.start()
    yield site
    stop.set()
    thread.join()


def called(site: Site, url: str) -> str:
    """Export an execution of which an address is told, and return the path of its deliveries."""
    return f"/v1/exports/{site.ready(completed(export={'callback_url': url}))['id']}/deliveries"


def deliveries(site: Site, path: str) -> dict[str, Any]:
    answer = site.client.get(path)
    assert answer.status_code == 200, answer.text
    log = answer.json()
    assert isinstance(log, dict)
    return log


def standing(site: Site, path: str) -> list[tuple[str, int]]:
    return [(one["status"], one["attempts"]) for one in deliveries(site, path)["callbacks"]]


def test_a_receiver_that_fails_then_wants_no_more_then_works_is_told_again_each_time(caller: Site) -> None:
    with Receiver(Reply(500), Reply(410), Reply(200)) as receiver:
        path = called(caller, receiver.url("/T0/hunter2?token=hunter2"))
        eventually(lambda: len(deliveries(caller, path)["items"]) == 1)
        (waiting,) = deliveries(caller, path)["callbacks"]
        ends = ["waiting", "given-up", "delivered"]
        for number, status in enumerate(ends[1:], 2):
            answer = caller.client.post(path, json={})
            assert (answer.status_code, len(answer.json()["items"])) == (202, 1)
            eventually(lambda n=number: len(deliveries(caller, path)["items"]) == n)  # type: ignore[misc] # the number of this round
            assert standing(caller, path) == [(status, 1)]
        log = deliveries(caller, path)

    assert (waiting["status"], waiting["reason"]) == ("waiting", "The receiver answered 500.")
    assert waiting["next_attempt_at"] is not None
    assert [(one["result"], one["status"], one["attempt"]) for one in log["items"]] == [
        ("retry", 500, 1),
        ("given-up", 410, 1),
        ("delivered", 200, 1),
    ]
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1
    assert len({one.body for one in receiver.received}) == 1
    assert {one["message_id"] for one in log["items"]} == {receiver.received[0].headers["webhook-id"]}
    assert {one["receiver"] for one in [*log["items"], *log["callbacks"]]} == {receiver.url("")}
    assert "hunter2" not in json.dumps(log)


def test_a_retry_comes_from_storage_alone(caller: Site) -> None:
    gateway = caller.app.state.gateway
    with Receiver(Reply(503), Reply(204)) as receiver:
        path = called(caller, receiver.url())
        eventually(lambda: standing(caller, path) == [("waiting", 1)])
        reminding = Reminding(gateway.objects, gateway.board, gateway.deliveries.queue)

        def reminded() -> bool:
            reminding.work(1.0)
            return standing(caller, path) == [("delivered", 2)]

        eventually(reminded, within=20)
    assert len(receiver.received) == 2


def test_one_of_several_receivers_is_told_again(caller: Site) -> None:
    event = completed(export=[])
    caller.send(event)
    with Receiver() as first, Receiver() as second:
        for receiver in (first, second):
            export = caller.client.post(f"{path_of(event)}/exports", json={"callback_url": receiver.url()}).json()
            caller.settled(export)
        path = f"/v1/exports/{export['id']}/deliveries"
        eventually(lambda: standing(caller, path) == [("delivered", 1)] * 2)
        (chosen,) = [one for one in deliveries(caller, path)["callbacks"] if one["receiver"] == second.url("")]
        assert caller.client.post(path, json={"callback": chosen["callback"]}).status_code == 202
        eventually(lambda: len(second.received) == 2)
        eventually(lambda: standing(caller, path) == [("delivered", 1)] * 2)
    assert len(first.received) == 1


def test_the_scope_export_is_enough_to_deliver_again_and_it_is_noted(caller: Site) -> None:
    with Receiver() as receiver:
        path = called(caller, receiver.url())
        eventually(lambda: standing(caller, path) == [("delivered", 1)])
        with caller.with_token("export") as person:
            assert person.post(path).status_code == 202
        eventually(lambda: len(receiver.received) == 2)
    gateway = caller.app.state.gateway
    gateway.audit.flush()
    noted = [
        one
        for page in iter_audit(caller)
        for one in page
        if one["action"] == "callback.redelivered" and one["export_id"] == path.split("/")[3]
    ]
    assert len(noted) == 1


def iter_audit(site: Site) -> Iterator[list[dict[str, Any]]]:
    cursor: str | None = ""
    while cursor is not None:
        page = site.client.get("/v1/audit", params={"limit": 200, **({"cursor": cursor} if cursor else {})}).json()
        yield page["items"]
        cursor = page["next"]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, "body"),
        (b"[]", 422, "body"),
        (b'{"callback": 1}', 422, "callback"),
        (b'{"callback": "../x"}', 422, "callback"),
        (b'{"callbacks": []}', 422, "body"),
        (b"{" + b" " * 2000 + b"}", 413, "body"),
    ],
)
def test_a_wrong_body_is_refused_by_name(site: Site, body: bytes, status: int, field: str) -> None:
    path = called(site, f"http://{HOST}:9/")
    answer = site.client.post(path, content=body)
    assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text
    assert answer.json()["remedy"]


def test_what_cannot_be_told_again_is_409(site: Site) -> None:
    plain = site.ready(completed())
    none = site.client.post(f"/v1/exports/{plain['id']}/deliveries", json={})
    path = called(site, f"http://{HOST}:9/")
    site.client.delete(path.removesuffix("/deliveries"))
    deleted = site.client.post(path, json={})
    with site.worker.paused():
        queued = site.sent(completed(export={"callback_url": f"http://{HOST}:9/"}))
        early = site.client.post(f"/v1/exports/{queued['id']}/deliveries", json={})
    site.settled(queued)

    for answer, words in [(none, "no callback"), (deleted, "deleted"), (early, "being made")]:
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:runfolio:problem:conflict")
        assert words in answer.json()["detail"]
    assert standing(site, path)[0][0] == "waiting"


def test_unknown_exports_have_no_deliveries(site: Site) -> None:
    for export_id in ("0" * 32, "x", "..%2F..%2Fetc"):
        for method in ("GET", "POST"):
            assert site.client.request(method, f"/v1/exports/{export_id}/deliveries").status_code == 404


@pytest.mark.parametrize("way", ["event", "request"])
def test_an_address_that_leads_inside_is_refused_when_it_is_given(site: Site, way: str) -> None:
    stored = completed(export=[])
    site.send(stored)
    for host in (one for one in [*LITERALS, *DISGUISES] if one not in ALLOWED):
        url = f"http://{host}/hook"
        event = completed(export={"callback_url": url})
        if way == "event":
            answer = site.send(event)
        else:
            answer = site.client.post(f"{path_of(stored)}/exports", json={"callback_url": url})
        assert (answer.status_code, answer.json().get("field")) == (422, "callback_url"), (host, answer.text)
        assert site.client.get(path_of(event)).status_code == 404
    assert site.client.get("/v1/exports", params={"workflow": stored["data"]["workflow"]["id"]}).json()["items"] == []


def test_what_the_operator_names_may_be_given(site: Site) -> None:
    for host in ALLOWED:
        site.ready(completed(export={"callback_url": f"http://{host}:9/hook"}))
