"""Permissions that have ended, on every route, page, stream and link; tests of access and sessions have the others."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from producer.access.tokens import Scope
from producer.contract.links import LinkSigner
from tests.integration.gateway.examples import completed, path_of, unique
from tests.integration.gateway.matrix import BEARER_ALONE, LOGOUT, OPEN, Known, known_execution, make, walked
from tests.integration.gateway.site import Site
from tests.integration.gateway.test_exports import events_of
from tests.integration.gateway.visitors import Visitor, browser, log_in, visiting

pytestmark = pytest.mark.integration

LINK_ROUTES = {"/d/{token}", "/d/{token}/events"}
PUBLIC = OPEN - LINK_ROUTES


@pytest.fixture(name="known", scope="module")
def exported_execution(site: Site) -> Known:
    return known_execution(site)


@pytest.mark.parametrize("end", ["expired", "revoked", "foreign file"])
def test_a_token_that_has_ended_opens_no_route(site: Site, known: Known, end: str) -> None:
    name = unique("token")
    past = datetime.now(UTC) - timedelta(seconds=1) if end == "expired" else None
    token = site.tokens.create(name, list(Scope), ["*"], past)
    if end != "expired":
        site.tokens.revoke(name)
    if end == "foreign file":
        token = token[::-1]
    with httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {token}"}) as client:
        for call in known.calls.values():
            answer = make(client, call)
            assert (answer.status_code, answer.json()["type"]) == (401, "urn:runfolio:problem:unauthenticated"), call
        assert client.request(BEARER_ALONE[0], BEARER_ALONE[1]).status_code == 401
        for path in known.pages.values():
            assert client.get(path).status_code == 401, path
    assert site.client.get(f"/v1/exports/{known.export['id']}").json()["status"] == "ready"


@pytest.mark.parametrize("engine", ["github", "gitlab"])
def test_a_webhooks_secret_opens_no_route_but_its_engines(site: Site, known: Known, engine: str) -> None:
    secret = site.tokens.create_webhook_secret(unique("hook"), list(Scope), ["*"])
    with httpx.Client(base_url=site.url) as client:
        for call in known.calls.values():
            answer = make(client, call, **proof(engine, secret, call.body or b""))
            assert (answer.status_code, answer.json()["type"]) == (401, "urn:runfolio:problem:unauthenticated"), call
        for path in known.pages.values():
            assert client.get(path, headers=proof(engine, secret, b"")).status_code == 401, path
        own = client.post(f"/v1/engines/{engine}/events", content=b"{}", headers=proof(engine, secret, b"{}"))
        assert own.status_code == 422, own.text


def proof(engine: str, secret: str, body: bytes) -> dict[str, str]:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={signature}"} if engine == "github" else {"X-Gitlab-Token": secret}


@contextmanager
def ended_session(site: Site, end: str) -> Iterator[Visitor]:
    """Somebody whose session has ended, with the cookie and the form's token that they had."""
    if end == "logged out":
        with visiting(site) as person:
            cookie = person.cookie
            assert person.client.post("/logout", data={"csrf": person.form_token}).status_code == 303
            person.client.cookies.clear()
            person.client.headers["cookie"] = f"runfolio_session_{site.url.rpartition(':')[2]}={cookie}"
            yield person
        return
    until = datetime.now(UTC) + timedelta(seconds=1.5)
    name = unique("brief")
    token = site.tokens.create(name, list(Scope), ["*"], until)
    with browser(site) as client:
        cookie = log_in(site, client, token)
        sessions = site.app.state.gateway.sessions
        form_token = sessions.form_token(sessions.read(cookie))
        time.sleep(max(0.0, (until - datetime.now(UTC)).total_seconds()) + 0.1)
        yield Visitor(client, token, name, cookie, form_token)


@pytest.mark.parametrize("end", ["logged out", "token expired"])
def test_a_session_that_has_ended_opens_no_route(site: Site, known: Known, end: str) -> None:
    with ended_session(site, end) as person:
        for path in known.pages.values():
            assert person.client.get(path).status_code == 303, path
        for call in known.calls.values():
            assert make(person.client, call, **person.csrf).status_code == 401, call
        assert person.client.post(LOGOUT[1], data={"csrf": person.form_token}).status_code in {303, 401}
    assert site.client.get(f"/v1/exports/{known.export['id']}").json()["status"] == "ready"


def test_the_matrix_and_the_open_routes_are_all_there_is(site: Site, known: Known) -> None:
    templates = {template for _, template in walked(site.app.routes)}
    assert templates == {template for _, template in {*known.calls, *known.pages, BEARER_ALONE, LOGOUT}} | OPEN
    assert LINK_ROUTES < OPEN


@pytest.mark.parametrize("credential", ["none", "wrong", "foreign", "session"])
def test_a_link_asks_for_nothing_else_and_nothing_else_opens_it(site: Site, known: Known, credential: str) -> None:
    """Neither does a credential help a dead link, nor does a bad one hinder a good link."""
    good = known.export["download_url"]
    dead = dead_links(site, good)
    with visiting(site, workflows="other:*") as stranger, site.with_token("read", "other:*") as foreign:
        headers = {
            "none": {},
            "wrong": {"Authorization": "Bearer rf_wrong"},
            "foreign": {"Authorization": foreign.headers["authorization"]},
            "session": {"Cookie": stranger.client.headers.get("cookie", "")},
        }[credential]
        assert httpx.get(good, headers=headers).status_code == 302
        assert httpx.get(f"{good}/events", headers=headers).status_code == 200
        for address, status in dead.items():
            for suffix in ("", "/events"):
                answer = httpx.get(address + suffix, headers=headers)
                assert answer.status_code == status, (address, suffix, answer.text)
                assert "location" not in answer.headers
            assert httpx.head(address, headers=headers).status_code == status


def dead_links(site: Site, good: str) -> dict[str, int]:
    """Links that are not, or no longer, good, and what each answers."""
    deleted = site.ready(completed())
    site.client.delete(f"/v1/exports/{deleted['id']}")
    event = completed()
    replaced = site.ready(event)
    site.client.delete(f"/v1/exports/{replaced['id']}")
    site.settled(site.client.post(f"{path_of(event)}/exports", json={}).json())
    own = site.app.state.gateway.links.signer
    named = own.read(good.rpartition("/")[2])
    forged = LinkSigner("f" * 32).token(named.export_id, named.nonce)
    unknown = own.token("0" * 32, own.nonce("0" * 32, 0))
    other_nonce = own.token(named.export_id, own.nonce(named.export_id, 7))
    return {
        deleted["download_url"]: 410,
        replaced["download_url"]: 410,
        f"{site.url}/d/{other_nonce}": 410,
        f"{site.url}/d/{forged}": 404,
        f"{site.url}/d/{unknown}": 404,
        good[:-1]: 404,
        f"{site.url}/d/{named.export_id}": 404,
    }


@pytest.mark.parametrize("by", ["token", "session"])
def test_a_stream_ends_with_the_permission_that_opened_it(site: Site, by: str) -> None:
    begun = threading.Event()
    with site.worker.paused():
        export = site.sent(completed())
        with visiting(site) as person, ThreadPoolExecutor() as pool:
            headers = {"Authorization": f"Bearer {person.token}"} if by == "token" else {}
            stream = pool.submit(followed, person.client, f"/v1/exports/{export['id']}/events", headers, begun)
            assert begun.wait(10)
            site.tokens.revoke(person.token_name)
            site.worker.resume()
            assert site.settled(export)["status"] == "ready"
            assert stream.result(20) == ["queued"], "what happened after the end is not told"


def followed(client: httpx.Client, path: str, headers: dict[str, str], begun: threading.Event) -> list[str]:
    """Follow a stream to its end; ``begun`` tells that its first event has come."""
    seen = []
    with client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        for event in events_of(answer):
            seen.append(event.event)
            begun.set()
    return seen


def test_a_links_stream_ends_when_the_link_is_replaced(site: Site) -> None:
    begun = threading.Event()
    with site.worker.paused():
        event = completed()
        export = site.sent(event)
        with httpx.Client() as client, ThreadPoolExecutor() as pool:
            stream = pool.submit(followed, client, f"{export['download_url']}/events", {}, begun)
            assert begun.wait(10)
            site.client.delete(f"/v1/exports/{export['id']}")
            again = site.client.post(f"{path_of(event)}/exports", json={})
            assert again.status_code == 202
            site.worker.resume()
            assert site.settled(again.json())["status"] == "ready"
            assert "ready" not in stream.result(20), "the old link is dead, whoever still listens by it"
