"""Who may do what by a session: every page, and every route of the API, walked."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest

from producer.access.tokens import Scope
from producer.api.cookies import cookie_name
from tests.integration.gateway.examples import completed
from tests.integration.gateway.matrix import LIST_PAGES, WITHOUT_WORKFLOW, Known, known_execution, make
from tests.integration.gateway.site import Site
from tests.integration.gateway.visitors import browser, parsed, visiting

pytestmark = pytest.mark.integration


@pytest.fixture(name="known", scope="module")
def exported_execution(site: Site) -> Known:
    return known_execution(site)


def test_without_a_session_pages_lead_to_the_login_and_back(site: Site, known: Known) -> None:
    with browser(site) as person:
        for path in known.pages.values():
            answer = person.get(path)
            assert answer.status_code == 303, path
            target = "" if path == "/" else f"?next={quote(path, safe='')}"
            assert answer.headers["location"] == f"/login{target}", path
            assert "set-cookie" not in answer.headers, path
        assert person.get("/exports?status=ready").headers["location"] == "/login?next=%2Fexports%3Fstatus%3Dready"


@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
def test_without_a_session_programs_get_a_problem(site: Site, known: Known, accept: str) -> None:
    with httpx.Client(base_url=site.url, headers={"accept": accept}) as client:
        for path in known.pages.values():
            answer = client.get(path)
            assert answer.status_code == 401, path
            assert answer.headers["content-type"] == "application/problem+json", path
            assert "/login" in answer.json()["remedy"], path


def test_a_token_opens_no_page_whether_as_header_or_as_cookie(site: Site, known: Known) -> None:
    with httpx.Client(base_url=site.url) as client:
        for path in known.pages.values():
            by_header = client.get(path, headers={"Authorization": f"Bearer {site.token}"})
            by_cookie = client.get(path, headers={"Cookie": f"{cookie_name(site.url)}={site.token}"})
            assert (by_header.status_code, by_cookie.status_code) == (401, 401), path


def test_a_session_of_other_workflows_finds_nothing(site: Site, known: Known) -> None:
    workflow = known.event["data"]["workflow"]["id"]
    with visiting(site, workflows="other:*") as person:
        for (_, template), path in known.pages.items():
            answer = person.client.get(path)
            assert answer.status_code == (200 if template in LIST_PAGES else 404), path
            assert f"/workflows/{workflow}" not in answer.text, path
            assert answer.headers["content-type"] == "text/html; charset=utf-8", path


def test_a_session_without_read_is_403_on_every_page(site: Site, known: Known) -> None:
    with visiting(site, "ingest,export,delete,reveal") as person:
        for path in known.pages.values():
            answer = person.client.get(path)
            assert answer.status_code == 403, path
            assert "read" in parsed(answer).text, path


def test_read_is_enough_for_every_page(site: Site, known: Known) -> None:
    with visiting(site, "read", known.event["data"]["workflow"]["id"]) as person:
        for path in known.pages.values():
            assert person.client.get(path).status_code == 200, path


def test_a_session_ends_with_its_token_on_every_page_and_call(site: Site, known: Known) -> None:
    with visiting(site) as person:
        site.tokens.revoke(person.token_name)
        for path in known.pages.values():
            assert person.client.get(path).status_code == 303, path
        for call in known.calls.values():
            assert make(person.client, call, **person.csrf).status_code == 401, call


@pytest.mark.parametrize("scope", list(Scope))
def test_every_token_makes_login_links(site: Site, scope: Scope) -> None:
    with site.with_token(scope, "nothing:*") as client:
        answer = client.post("/v1/login-links")
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_a_session_makes_no_login_links(site: Site) -> None:
    with visiting(site) as person:
        for headers in ({}, person.csrf, {**person.csrf, "Authorization": "Bearer wrong"}):
            answer = person.client.post("/v1/login-links", headers=headers)
            assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
        assert httpx.post(f"{site.url}/v1/login-links").status_code == 401


def test_a_session_reads_what_its_token_may_read(site: Site, known: Known) -> None:
    reading = [call for call in known.calls.values() if call.method == "GET"]
    with visiting(site, "read") as person, visiting(site, "read", "other:*") as stranger:
        for call in reading:
            assert make(person.client, call).status_code == 200, call
        for template, call in known.calls.items():
            if call in reading and template not in WITHOUT_WORKFLOW:
                assert make(stranger.client, call).status_code == 404, call


def test_a_session_changes_nothing_without_the_token_of_its_page(site: Site, known: Known) -> None:
    changing = [call for call in known.calls.values() if call.method != "GET"]
    assert len(changing) == 5
    with visiting(site) as person, visiting(site) as other:
        for call in changing:
            for wrong in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": person.cookie}, other.csrf):
                answer = make(person.client, call, **wrong)
                assert (answer.status_code, answer.json().get("field")) == (403, "X-CSRF-Token"), (call, wrong)
    assert site.client.get(f"/v1/exports/{known.export['id']}").json()["status"] == "ready"


def test_a_session_changes_what_its_token_may_change(site: Site, known: Known) -> None:
    with visiting(site, "read") as reader, visiting(site) as person:
        for template, call in known.calls.items():
            if call.method in {"GET", "DELETE"}:
                continue
            refused, taken = make(reader.client, call, **reader.csrf), make(person.client, call, **person.csrf)
            assert (refused.status_code, refused.json()["type"]) == (403, "urn:runfolio:problem:forbidden"), call
            assert call.scope in refused.json()["detail"], call
            assert taken.status_code in {200, 202} or template in WITHOUT_WORKFLOW, (call, taken.text)
        mine = site.ready(completed())
        assert person.client.delete(f"/v1/exports/{mine['id']}", headers=person.csrf).status_code in {200, 204}
        assert site.client.get(f"/v1/exports/{mine['id']}").json()["status"] == "deleted"
