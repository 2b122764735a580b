from __future__ import annotations

import time

import httpx
import pytest

from producer.contract.errors import (
    Conflict,
    Forbidden,
    Gone,
    InvalidRecord,
    MalformedBody,
    NotFound,
    RateLimited,
    RunfolioError,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from producer.contract.export import Extra, Format, Options
from runfolio.client import GatewayClient
from runfolio.target import Target
from tests.unit.runfolio.examples import export
from tests.unit.runfolio.gateways import Scripted, answer, problem, refused


def test_an_event_is_sent_with_the_token_and_its_exports_returned() -> None:
    gateway = Scripted(answer({"exports": [export()]}, 202))
    with gateway.client() as client:
        (got,) = client.send_event({"ce-id": "1"}, iter([b"a", b"b"]))
    (request,) = gateway.requests
    assert got.id == "a" * 32
    assert (request.content, request.headers["ce-id"]) == (b"ab", "1")
    assert request.headers["Authorization"] == "Bearer secret-token"
    assert "Transfer-Encoding" in request.headers


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, MalformedBody),
        (401, Unauthenticated),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (410, Gone),
        (413, TooLarge),
        (422, InvalidRecord),
        (500, RunfolioError),
        (503, Unavailable),
    ],
)
def test_a_problem_becomes_its_error(status: int, error: type[RunfolioError]) -> None:
    gateway = Scripted(problem(status, "some", field="steps[3].status", remedy="Do this."))
    with gateway.client() as client, pytest.raises(error) as raised:
        client.export("a")
    assert type(raised.value) is error
    assert (raised.value.detail, raised.value.field, raised.value.remedy) == ("Why.", "steps[3].status", "Do this.")


def test_an_answer_of_something_else_is_told_apart() -> None:
    gateway = Scripted(httpx.Response(502, text="<h1>Bad Gateway</h1>"), httpx.Response(200, text="<html>"), answer({}))
    with gateway.client() as client:
        with pytest.raises(Unavailable, match="502 Bad Gateway"):
            client.export("a")
        with pytest.raises(MalformedBody, match="no gateway's answer"):
            client.export("a")
        with pytest.raises(MalformedBody, match="no exports"):
            client.send_event({}, b"")


def test_a_gateway_that_is_away_is_named() -> None:
    with Scripted(refused).client() as client, pytest.raises(Unavailable, match=r"gateway\.test.*Connection refused"):
        client.export("a")


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(Unavailable, match="cannot be used"), GatewayClient(Target("http://[::1", "t")) as client:
        client.alive()


def test_a_login_link_is_asked_for_with_the_token() -> None:
    link = {"url": "https://runfolio.example/login#code=abc", "expires_at": "2025-04-09T16:00:00Z"}
    gateway = Scripted(answer(link, 201))
    with gateway.client() as client:
        assert client.login_link() == link["url"]
    assert gateway.asked == ["POST /v1/login-links"]
    assert gateway.requests[0].headers["Authorization"] == "Bearer secret-token"
    assert gateway.requests[0].content == b""


@pytest.mark.parametrize("value", [{}, {"url": None}, {"url": ""}, {"url": 5}, [], "https://runfolio.example"])
def test_an_answer_without_a_link_is_no_link(value: object) -> None:
    with Scripted(answer(value, 201)).client() as client, pytest.raises(MalformedBody):
        client.login_link()


def test_a_token_that_makes_no_link_is_told_why() -> None:
    gateway = Scripted(problem(401, "unauthenticated", remedy="Make one: runfolio token create …"), refused)
    with gateway.client() as client:
        with pytest.raises(Unauthenticated, match="Why") as caught:
            client.login_link()
        with pytest.raises(Unavailable):
            client.login_link()
    assert caught.value.remedy == "Make one: runfolio token create …"


def test_ids_are_one_segment_each() -> None:
    gateway = Scripted(answer(export(), 202))
    with gateway.client() as client:
        client.request_export("a/b", "ü 1", Options(Format.HTML, include=(Extra.MANIFEST,)))
    assert gateway.asked == ["POST /v1/workflows/a%2Fb/executions/%C3%BC%201/exports"]
    assert gateway.requests[0].content == b'{"format":"html","combine":false,"include":["manifest"],"steps":"all"}'


def test_a_listing_is_followed_to_its_end() -> None:
    pages = [{"items": [export(id="1"), export(id="2")], "next": "c&1"}, {"items": [export(id="3")], "next": None}]
    gateway = Scripted(*map(answer, pages))
    with gateway.client() as client:
        assert [one.id for one in client.exports(status="failed", workflow="w")] == ["1", "2", "3"]
    assert [dict(request.url.params).get("cursor") for request in gateway.requests] == [None, "c&1"]


def test_a_wait_stays_within_what_a_gateway_allows() -> None:
    gateway = Scripted(answer(export()), answer(export()))
    with gateway.client() as client:
        client.export("a", wait=500)
        client.export("a", wait=-1)
    assert [float(request.url.params["wait"]) for request in gateway.requests] == [30.0, 0.0]


def test_a_batch_tells_each_events_fate() -> None:
    bad = {"problem": {"type": "urn:runfolio:problem:not-completed", "status": 409, "detail": "Running."}}
    gateway = Scripted(answer({"results": [{"exports": [export()]}, bad]}, 202))
    with gateway.client() as client:
        first, second = client.send_batch({}, b"[]")
    assert isinstance(first, list)
    assert isinstance(second, Conflict)


def test_a_download_follows_the_link_without_the_token() -> None:
    gateway = Scripted(
        httpx.Response(302, headers={"Location": "http://storage.test/a.zip"}), httpx.Response(200, content=b"PK")
    )
    with gateway.client() as client:
        assert b"".join(client.download("http://gateway.test/d/t")) == b"PK"
    assert [str(request.url) for request in gateway.requests] == [
        "http://gateway.test/d/t",
        "http://storage.test/a.zip",
    ]
    assert all("Authorization" not in request.headers for request in gateway.requests)


def test_a_download_that_fails_never_tells_the_link() -> None:
    gateway = Scripted(refused, problem(410, "gone"))
    with gateway.client() as client:
        with pytest.raises(Unavailable) as raised:
            list(client.download("http://gateway.test/d/secret-link"))
        with pytest.raises(Gone):
            list(client.download("http://gateway.test/d/secret-link"))
    assert "secret-link" not in raised.value.detail


def test_a_request_that_came_too_soon_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    limited = problem(429, "rate-limited")
    limited.headers["retry-after"] = "7"
    script = Scripted(limited, problem(429, "rate-limited"), answer({"status": "alive"}))
    script.client().alive()
    assert waited == [7, 1]


def test_patience_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    script = Scripted(*(problem(429, "rate-limited", remedy="Come again.") for _ in range(20)))
    with pytest.raises(RateLimited):
        script.client().alive()
    assert len(script.requests) == 11


def test_a_stream_that_came_too_soon_cannot_be_sent_again() -> None:
    script = Scripted(problem(429, "rate-limited"))
    with pytest.raises(RateLimited):
        script.client().send_event({}, iter([b"{}"]))
