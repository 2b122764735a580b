"""Logging in and out: by a token, by a link, from the own page only."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import anyio
import httpx
import pytest
from fastapi import FastAPI

from producer.access.tokens import Scope
from producer.api.cookies import cookie_name
from producer.app import make_app
from tests.integration.gateway.examples import completed, path_of, unique
from tests.integration.gateway.site import Site, eventually
from tests.integration.gateway.visitors import browser, log_in, parsed, visiting
from tests.unit.producer.pages.test_login import OUTSIDE

pytestmark = pytest.mark.integration

NAME = "runfolio_session"


@pytest.fixture(name="person")
def somebody(site: Site) -> Iterator[httpx.Client]:
    with browser(site) as client:
        yield client


def cookie_of(answer: httpx.Response) -> Morsel[str]:
    """The one cookie that an answer sets."""
    (header,) = answer.headers.get_list("set-cookie")
    (morsel,) = SimpleCookie(header).values()
    return morsel


def link_of(site: Site, client: httpx.Client | None = None) -> tuple[str, str]:
    """A new login link and the code in it."""
    url = (client or site.client).post("/v1/login-links").json()["url"]
    return url, parse_qs(urlsplit(url).fragment)["code"][0]


def logged_in(client: httpx.Client) -> bool:
    return client.get("/exports").status_code == 200


def test_the_login_page_asks_for_a_token(person: httpx.Client) -> None:
    answer = person.get("/login?next=%2Fexports%3Fstatus%3Dready")
    page = parsed(answer)

    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    (form,) = page.all("form")
    assert (form.attributes["method"], form.attributes["action"]) == ("post", "/login")
    assert page.all("input", name="next", value="/exports?status=ready")
    assert page.all("input", name="token", type="password")


def test_a_token_begins_a_session(site: Site, person: httpx.Client) -> None:
    assert not logged_in(person)
    answer = person.post("/login", data={"token": f"  {site.token}\n"})

    assert (answer.status_code, answer.headers["location"], answer.content) == (303, "/", b"")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert logged_in(person)
    assert "Logged in as admin" in parsed(person.get("/")).text


def test_the_cookie_is_for_this_page_alone(site: Site, person: httpx.Client) -> None:
    cookie = cookie_of(person.post("/login", data={"token": site.token}))

    assert cookie.key == f"{NAME}_{urlsplit(site.url).port}" == cookie_name(site.url)
    assert (cookie["path"], cookie["samesite"].lower(), cookie["domain"]) == ("/", "lax", "")
    assert cookie["httponly"]
    assert not cookie["secure"]
    assert cookie["max-age"] == str(12 * 3600)
    assert site.token not in cookie.value


@pytest.mark.parametrize(
    ("public_url", "name"),
    [
        ("https://runfolio.example", f"__Host-{NAME}"),
        ("https://runfolio.example:8443/base/", f"__Host-{NAME}_8443"),
        ("http://runfolio.example", NAME),
    ],
)
def test_over_https_the_cookie_is_secure(site: Site, public_url: str, name: str) -> None:
    app = app_at(site, public_url)
    logged = asked(app, public_url, "POST", "/login", data={"token": site.token})
    cookie = cookie_of(logged)
    value = {"cookie": f"{cookie.key}={cookie.value}"}
    page = asked(app, public_url, "GET", "/", headers=value)
    token = parsed(page).all("input", name="csrf")[0].attributes["value"]
    ended = cookie_of(asked(app, public_url, "POST", "/logout", headers=value, data={"csrf": token}))
    link = asked(app, public_url, "POST", "/v1/login-links", headers={"authorization": f"Bearer {site.token}"})

    assert (logged.status_code, cookie.key, page.status_code) == (303, name, 200)
    for one in (cookie, ended):
        assert bool(one["secure"]) is public_url.startswith("https:")
        assert (one["path"], one["domain"], bool(one["httponly"])) == ("/", "", True)
    assert (ended.key, ended["max-age"]) == (name, "0")
    assert link.json()["url"].startswith(f"{public_url.rstrip('/')}/login#code=")


def app_at(site: Site, public_url: str) -> FastAPI:
    """The gateway of a site, as it would be at another address."""
    gateway = site.app.state.gateway
    settings = gateway.settings.model_copy(update={"public_url": public_url})
    return make_app(replace(gateway, settings=settings, calls=anyio.CapacityLimiter(4)))


def asked(app: FastAPI, url: str, method: str, path: str, **request: Any) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=httpx.URL(url).copy_with(path="/")) as client:
            return await client.request(method, path, **request)

    return anyio.run(ask)


@pytest.mark.parametrize("token", ["rf_wrong", "", " ", "\U0001f984", "Bearer rf_x", "x" * 10_000])
def test_a_wrong_token_is_told_on_the_page(person: httpx.Client, token: str) -> None:
    answer = person.post("/login", data={"token": token, "next": "/exports"})
    page = parsed(answer)

    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert page.all(role="alert")
    assert page.all("input", name="next", value="/exports")
    assert token.strip() == "" or token not in answer.text


def test_a_revoked_and_an_expired_token_are_told_on_the_page(site: Site, person: httpx.Client) -> None:
    late = site.tokens.create(unique("late"), [Scope.READ], ["*"], datetime.now(UTC) - timedelta(seconds=1))
    assert "has expired" in parsed(person.post("/login", data={"token": late})).text
    name = unique("gone")
    gone = site.tokens.create(name, [Scope.READ], ["*"])
    site.tokens.revoke(name)
    assert "revoked" in parsed(person.post("/login", data={"token": gone})).text


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"token", b"{}", b"&&&", b"%"])
def test_a_form_that_is_none_is_a_wrong_token(person: httpx.Client, body: bytes) -> None:
    assert person.post("/login", content=body).status_code == 401


def test_a_form_that_is_too_large_is_refused(person: httpx.Client) -> None:
    answer = person.post("/login", data={"token": "x" * 20_000})
    assert answer.status_code == 413
    assert "options" not in parsed(answer).text


@pytest.mark.parametrize("path", ["/exports?status=ready", "/workflows/a%2Fb%25?cursor=x&status=failed", "/"])
def test_the_page_that_was_asked_for_is_come_back_to(site: Site, person: httpx.Client, path: str) -> None:
    asked_for = person.get(path)
    form = parsed(person.get(asked_for.headers["location"])).all("input", name="next")[0]
    answer = person.post("/login", data={"token": site.token, "next": form.attributes["value"]})

    assert answer.headers["location"] == path


@pytest.mark.parametrize("target", OUTSIDE)
def test_no_login_leads_to_another_site(site: Site, person: httpx.Client, target: str) -> None:
    page = parsed(person.get("/login", params={"next": target}))
    answer = person.post("/login", data={"token": site.token, "next": target})

    assert page.all("input", name="next")[0].attributes["value"] == "/"
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("target", ["/%5Cevil.example", "/%2Fevil.example", "/%09/evil.example", "/@evil.example"])
def test_what_is_encoded_stays_encoded(site: Site, person: httpx.Client, target: str) -> None:
    location = person.post("/login", data={"token": site.token, "next": target}).headers["location"]

    assert location[:2] not in {"//", "/\\"}
    assert "\\" not in location
    assert urlsplit(urljoin(site.url, location)).netloc == urlsplit(site.url).netloc


def test_a_login_link_logs_in_once(site: Site, person: httpx.Client) -> None:
    before = datetime.now(UTC)
    answer = site.client.post("/v1/login-links")
    url, expires_at = answer.json()["url"], datetime.fromisoformat(answer.json()["expires_at"])
    code = parse_qs(urlsplit(url).fragment)["code"][0]

    assert url.startswith(f"{site.url}/login#code=")
    assert urlsplit(url).query == ""
    assert len(code) >= 43
    assert timedelta(minutes=59) < expires_at - before < timedelta(minutes=61)
    first = person.post("/login", data={"code": code, "token": "", "next": "/exports"})
    assert (first.status_code, first.headers["location"]) == (303, "/exports")
    assert logged_in(person)
    with browser(site) as other:
        second = other.post("/login", data={"code": code})
        assert second.status_code == 401
        assert "used already" in parsed(second).text
        assert "set-cookie" not in second.headers


def test_of_many_who_open_a_link_one_is_logged_in(site: Site) -> None:
    _, code = link_of(site)
    gate = threading.Barrier(8)

    def follow(_: int) -> int:
        with browser(site) as one:
            gate.wait(10)
            return one.post("/login", data={"code": code}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(follow, range(8))) == [303] + [401] * 7


def test_a_link_gives_what_its_token_may(site: Site, person: httpx.Client) -> None:
    with site.with_token("read", "other:*") as client:
        _, code = link_of(site, client)
    event = completed(export=[])
    site.send(event)
    person.post("/login", data={"code": code})

    assert logged_in(person)
    assert person.get(path_of(event)).status_code == 404


def test_a_link_does_not_outlive_its_token(site: Site, person: httpx.Client) -> None:
    name = unique("short")
    token = site.tokens.create(name, [Scope.READ], ["*"])
    with httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {token}"}) as client:
        _, code = link_of(site, client)
    site.tokens.revoke(name)

    assert person.post("/login", data={"code": code}).status_code == 401


def test_logging_out_ends_the_session_of_a_copied_cookie_too(site: Site) -> None:
    with visiting(site) as one, visiting(site) as other:
        answer = one.client.post("/logout", data={"csrf": one.form_token})

        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        cookie = cookie_of(answer)
        assert (cookie.key, cookie.value, cookie["max-age"], cookie["path"]) == (cookie_name(site.url), "", "0", "/")
        assert not logged_in(one.client)
        copied = {"Cookie": f"{cookie_name(site.url)}={one.cookie}"}
        assert httpx.get(f"{site.url}/exports", headers=copied).status_code == 401
        assert httpx.get(f"{site.url}/v1/exports", headers=copied).status_code == 401
        assert logged_in(other.client)


def test_the_form_on_the_page_logs_out(site: Site, person: httpx.Client) -> None:
    log_in(site, person, site.token)
    page = parsed(person.get("/exports"))
    (form,) = page.all("form", action="/logout")
    assert form.attributes["method"] == "post"

    answer = person.post("/logout", data={"csrf": page.all("input", name="csrf")[0].attributes["value"]})

    assert answer.status_code == 303
    assert not logged_in(person)


def test_logging_out_twice_is_no_error(site: Site) -> None:
    with visiting(site) as person:
        for _ in range(2):
            answer = person.client.post("/logout", data={"csrf": person.form_token})
            assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_the_logs_hold_no_secret(site: Site, person: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="producer"), caplog.at_level(logging.DEBUG, logger="uvicorn.error"):
        _, code = link_of(site)
        person.post("/login", data={"code": code, "next": "/exports"})
        cookie = person.cookies[cookie_name(site.url)]
        form_token = parsed(person.get("/")).all("meta", name="csrf-token")[0].attributes["content"]
        person.post("/login", data={"code": code})
        person.post("/login", data={"token": f"{site.token}-not-quite"})
        person.get("/login", params={"next": "/exports", "token": site.token, "code": code})
        person.post("/v1/nothing", headers={"X-CSRF-Token": form_token})
        person.post("/logout", data={"csrf": form_token})
        person.post("/logout", data={"csrf": form_token})
        person.post("/login", data={"token": site.token})
        # An answer is sent before it is logged.
        eventually(lambda: sum(vars(one).get("path") == "/login" for one in caplog.records) == 5)
    assert site.server.config.access_log is False  # The server's own log would hold queries.
    ours = [one for one in caplog.records if one.name.startswith(("producer", "uvicorn.error"))]
    logged = "\n".join(repr(vars(one)) for one in ours)

    paths = [vars(one).get("path") for one in ours if one.name == "producer.access"]
    assert {"/login", "/logout", "/v1/login-links", "/v1/nothing", "/"} == set(paths)
    secrets = (site.token, code, cookie, form_token, person.cookies[cookie_name(site.url)])
    assert not any(secret in logged for secret in secrets)
