"""What another site makes a browser send, and cookies and headers that somebody made up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import httpx
import pytest

from producer.api.cookies import cookie_name
from tests.integration.gateway.examples import completed, path_of
from tests.integration.gateway.site import Site
from tests.integration.gateway.visitors import HTML, browser, visiting

pytestmark = pytest.mark.integration

CROSS: Final[list[dict[str, str]]] = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
]


@pytest.fixture(name="person")
def somebody(site: Site) -> Iterator[httpx.Client]:
    with browser(site) as client:
        yield client


@pytest.mark.parametrize("headers", CROSS)
def test_another_site_can_neither_log_in_nor_change(site: Site, person: httpx.Client, headers: dict[str, str]) -> None:
    refused = person.post("/login", data={"token": site.token}, headers=headers)
    assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)
    event = completed(export=[])
    site.send(event)
    with visiting(site) as visitor:
        answer = visitor.client.post(f"{path_of(event)}/exports", json={}, headers={**visitor.csrf, **headers})
        assert (answer.status_code, answer.json().get("field")) == (403, "Origin")


def test_the_own_page_changes_with_its_token(site: Site) -> None:
    event = completed(export=[])
    site.send(event)
    own = {"Sec-Fetch-Site": "same-origin", "Origin": site.url}
    with visiting(site, "read,export") as person:
        page = person.page(path_of(event).removeprefix("/v1"))
        token = page.all("meta", name="csrf-token")[0].attributes["content"]
        path = f"{path_of(event)}/exports"

        without = person.client.post(path, json={}, headers=own)
        with_it = person.client.post(path, json={}, headers={**own, "X-CSRF-Token": token})
        reading = person.client.get(path_of(event), headers={"Sec-Fetch-Site": "cross-site"})

    assert (without.status_code, without.headers["content-type"]) == (403, "application/problem+json")
    assert without.json()["field"] == "X-CSRF-Token"
    assert with_it.status_code == 202, with_it.text
    assert reading.status_code == 200


def test_nobody_is_logged_out_by_another_site(site: Site) -> None:
    with visiting(site) as person, visiting(site) as other:
        for form in ({}, {"csrf": ""}, {"csrf": other.form_token}, {"csrf": person.cookie}):
            assert person.client.post("/logout", data=form).status_code == 403
        for headers in CROSS:
            answer = person.client.post("/logout", data={"csrf": person.form_token}, headers=headers)
            assert answer.status_code == 403, headers
        assert person.client.get("/logout").status_code == 405
        assert person.client.get("/exports").status_code == 200


def test_a_token_in_the_header_needs_no_page_and_wins_over_the_cookie(site: Site) -> None:
    event = completed(export=[])
    site.send(event)
    path = f"{path_of(event)}/exports"
    with visiting(site, "read") as person:
        bearer = {"Authorization": f"Bearer {site.token}", "Sec-Fetch-Site": "cross-site"}
        assert person.client.post(path, json={}, headers=bearer).status_code == 202
        wrong = {**person.csrf, "Authorization": "Bearer rf_wrong"}
        assert person.client.get(path_of(event), headers=wrong).status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", ".", "a.b.c", '"', "\xff", "x" * 5000, "=", "; ;"])
def test_a_broken_cookie_is_no_session(site: Site, cookie: str) -> None:
    headers = [(b"cookie", f"{cookie_name(site.url)}={cookie}".encode("latin-1"))]
    page = httpx.get(f"{site.url}/exports", headers=[*headers, (b"accept", HTML["accept"].encode())])
    call = httpx.get(f"{site.url}/v1/exports", headers=headers)

    assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2Fexports")
    assert call.status_code == 401


@pytest.mark.parametrize("host", ["[", "a]b", "evil.example/v1/", "\\", "a b"])
@pytest.mark.parametrize("path", ["/exports", "/v1/exports", "/nowhere"])
def test_a_host_that_is_none_changes_no_answer(person: httpx.Client, path: str, host: str) -> None:
    usual, strange = person.get(path), person.get(path, headers={"host": host})

    assert strange.status_code in {usual.status_code, 400}
    for name in ("content-type", "location"):
        assert strange.headers.get(name) == usual.headers.get(name)


def test_a_cookie_of_another_installation_is_not_looked_at(site: Site) -> None:
    with visiting(site) as person:
        for name in ("runfolio_session", "runfolio_session_1", "__Host-runfolio_session"):
            headers = {"Cookie": f"{name}={person.cookie}"}
            assert httpx.get(f"{site.url}/exports", headers=headers).status_code == 401
