"""Limits on calls: of tokens and their sessions, of links, and of authentications that fail."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from producer.access.tokens import Scope
from producer.limits import Limits
from producer.rates import Rate
from tests.integration.gateway.examples import STRUCTURED, completed, path_of, unique
from tests.integration.gateway.site import Site, eventually, isolated_site
from tests.integration.gateway.test_bounds import raw
from tests.integration.gateway.visitors import HTML, log_in
from tests.servers import S3Server

pytestmark = pytest.mark.integration

DATABASE: Final = 7
CALLS: Final = Rate(20, 3600)
FAILURES: Final = Rate(6, 3600)
PROXY: Final = "127.0.0.1"


@pytest.fixture(name="limited", scope="module")
def limited_site(
    tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server, valkey_url: str, site: Site
) -> Iterator[Site]:
    """A gateway that believes what a proxy on this machine says of its clients.

    It begins after the other one, whose environment must not end with this one's.
    """
    assert site.url
    folder = tmp_path_factory.mktemp("limited")
    chosen = {
        "rate_limit": CALLS,
        "rate_limit_links": CALLS,
        "rate_limit_failures": FAILURES,
        "trusted_proxies": PROXY,
    }
    with isolated_site(folder, s3_server, valkey_url, DATABASE, **chosen) as running:
        yield running


@pytest.fixture(name="fresh")
def fresh_client(limited: Site) -> Iterator[httpx.Client]:
    """A token that has not called yet, from an address that has not failed yet."""
    with limited.with_token("ingest,read,export,delete") as client:
        client.headers["x-forwarded-for"] = address()
        yield client


def address() -> str:
    """An IPv6 network that no other test comes from."""
    digits = uuid.uuid4().hex
    return f"2001:db8:{digits[:4]}:{digits[4:8]}::1"


def assert_limited(answer: httpx.Response, limit: str, rate: Rate) -> None:
    assert answer.status_code == 429, answer.text
    assert 1 <= int(answer.headers["retry-after"]) <= rate.interval + 1
    assert answer.headers["ratelimit-policy"] == f'"{limit}";q={rate.calls};w={rate.seconds}'
    assert re.fullmatch(rf'"{limit}";r=0;t=\d+', answer.headers["ratelimit"])
    if answer.headers["content-type"] == "application/problem+json":
        assert answer.json()["type"] == "urn:runfolio:problem:rate-limited"
        assert f"the limit of {rate} " in answer.json()["detail"]
        assert "Come again in" in answer.json()["remedy"]


def test_a_token_is_told_how_much_is_left_and_then_to_wait(limited: Site, fresh: httpx.Client) -> None:
    answers = [fresh.get("/v1/workflows") for _ in range(CALLS.calls + 2)]

    assert [one.status_code for one in answers] == [200] * CALLS.calls + [429] * 2
    first = answers[0].headers
    assert first["ratelimit-policy"] == '"calls";q=20;w=3600'
    assert re.fullmatch(r'"calls";r=19;t=1[78]\d', first["ratelimit"])
    assert "retry-after" not in first
    assert_limited(answers[-1], "calls", CALLS)
    assert limited.client.get("/healthz").status_code == 200


def test_every_call_counts_events_as_well(limited: Site, fresh: httpx.Client) -> None:
    event = completed(export=[])
    for _ in range(CALLS.calls):
        assert limited.send(event, fresh).status_code == 202
    refused = completed(export=[])
    assert_limited(limited.send(refused, fresh), "calls", CALLS)
    with limited.with_token("read") as other:
        assert other.get(path_of(event)).status_code == 200
        assert other.get(path_of(refused)).status_code == 404, "nothing of it is stored"


def test_a_session_and_its_token_share_a_limit(limited: Site) -> None:
    token = limited.tokens.create(unique("person"), list(Scope), ["*"])
    with httpx.Client(base_url=limited.url, headers={**HTML, "x-forwarded-for": address()}) as person:
        log_in(limited, person, token)
        for _ in range(CALLS.calls // 2):
            assert person.get("/exports").status_code == 200
            assert person.get("/v1/workflows", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        page = person.get("/exports")
    assert_limited(page, "calls", CALLS)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Too many requests" in page.text


def test_gateways_share_a_limit_through_the_board(limited: Site, fresh: httpx.Client) -> None:
    gateway = limited.app.state.gateway
    other = Limits(gateway.board, CALLS, None, None)
    name = limited.tokens.entries()[-1].name
    for _ in range(15):
        other.call(name)
    other.settle()
    assert fresh.get("/v1/workflows").headers["ratelimit"].startswith('"calls";r=19')
    eventually(lambda: '"calls";r=' in fresh.get("/v1/workflows").headers["ratelimit"] and left(fresh) <= 4)


def left(client: httpx.Client) -> int:
    found = re.search(r";r=(\d+)", client.get("/v1/workflows").headers["ratelimit"])
    assert found is not None
    return int(found[1])


def test_a_link_is_limited_whoever_follows_it(limited: Site) -> None:
    link = limited.ready(completed())["download_url"]
    other = limited.ready(completed())["download_url"]

    statuses = {httpx.get(link, headers={"x-forwarded-for": address()}).status_code for _ in range(CALLS.calls)}

    assert statuses == {302}
    assert_limited(httpx.get(link), "links", CALLS)
    assert_limited(httpx.get(f"{link}/events"), "links", CALLS)
    page = httpx.get(link, headers=HTML)
    assert_limited(page, "links", CALLS)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert httpx.get(other).status_code == 302


@pytest.mark.parametrize("kind", ["token", "link", "cookie", "login", "signature"])
def test_who_fails_too_often_is_told_to_wait(limited: Site, kind: str) -> None:
    failing = failures(limited)[kind]
    with httpx.Client(base_url=limited.url, headers={"x-forwarded-for": address()}) as stranger:
        statuses = [failing(stranger).status_code for _ in range(FAILURES.calls)]
        assert set(statuses) == {404 if kind == "link" else 401}
        assert_limited(failing(stranger), "failures", FAILURES)

        # A token that is good cannot be guessed, and must not be shut out by others behind the same address.
        good = {"Authorization": f"Bearer {limited.tokens.create(unique(), [Scope.READ], ['*'])}"}
        assert stranger.get("/v1/workflows", headers=good).status_code == 200


def failures(site: Site) -> dict[str, Callable[[httpx.Client], httpx.Response]]:
    """Requests that fail to authenticate, by how."""
    secret = site.tokens.create_webhook_secret(unique("engine"), [Scope.INGEST], ["*"])
    body = json.dumps(completed()).encode()
    now = datetime.now(UTC)
    signed = {
        **STRUCTURED,
        "webhook-id": "m",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("m", now, "something else"),
    }
    return {
        "token": lambda client: client.get("/v1/workflows", headers={"Authorization": "Bearer rf_wrong"}),
        "link": lambda client: client.get("/d/wrong"),
        "cookie": lambda client: client.get("/v1/workflows", headers={"Cookie": f"{cookie(site)}=wrong"}),
        "login": lambda client: client.post("/login", data={"token": "rf_wrong"}),
        "signature": lambda client: client.post("/v1/events", content=body, headers=signed),
    }


def cookie(site: Site) -> str:
    return f"runfolio_session_{site.url.rpartition(':')[2]}"


def test_who_presents_nothing_has_not_failed(limited: Site) -> None:
    with httpx.Client(base_url=limited.url, headers={"x-forwarded-for": address()}) as stranger:
        assert {stranger.get("/v1/workflows").status_code for _ in range(FAILURES.calls * 2)} == {401}


def test_signed_bodies_of_a_failing_address_are_not_read(limited: Site) -> None:
    """A signature shows only at a body's end; who fails often does not get that far."""
    failing, stranger = failures(limited)["signature"], address()
    with httpx.Client(base_url=limited.url, headers={"x-forwarded-for": stranger}) as client:
        for _ in range(FAILURES.calls):
            failing(client)
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: {stranger}\r\n"
        "Content-Type: application/cloudevents+json\r\nWebhook-Signature: v1,AAAA\r\nContent-Length: 1000000\r\n\r\n"
    )
    assert raw(limited, head.encode() + b"{").startswith(b"HTTP/1.1 429 ")


def test_a_network_counts_as_one_and_others_do_not(limited: Site) -> None:
    failing = failures(limited)["token"]
    network = address().removesuffix("::1")
    statuses = []
    for number in range(FAILURES.calls + 1):
        with httpx.Client(base_url=limited.url, headers={"x-forwarded-for": f"{network}::{number:x}"}) as stranger:
            statuses.append(failing(stranger).status_code)
    assert statuses == [401] * FAILURES.calls + [429]
    with httpx.Client(base_url=limited.url, headers={"x-forwarded-for": address()}) as other:
        assert failing(other).status_code == 401


def test_nobody_chooses_an_address_without_a_trusted_proxy(site: Site) -> None:
    """The other site trusts none: the header changes nothing, and so cannot be used to get around a limit."""
    seen: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site.app.state.gateway.limits, "failed", seen.append)
        httpx.get(f"{site.url}/d/wrong", headers={"x-forwarded-for": address()})
    assert seen == ["127.0.0.1"]
