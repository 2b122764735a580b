"""Pages of a session: what they may load, what they list, and that no content of a record gets out of its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, unquote

import httpx
import pytest

from producer.pages.static import version
from producer.pages.templating import POLICY
from tests.integration.gateway.examples import completed, path_of, started, step, unique
from tests.integration.gateway.site import Site
from tests.integration.gateway.test_executions import STRANGE_IDS
from tests.integration.gateway.visitors import HTML, Parsed, Visitor, parsed, visiting

pytestmark = pytest.mark.integration

HOSTILE: Final = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></textarea></script><script>alert(1)</script>",
    "<!--<script>alert(1)//-->",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "\u202e<b>\x00",
]
MARK: Final = "hostile"


@pytest.fixture(name="person", scope="module")
def somebody(site: Site) -> Iterator[Visitor]:
    with visiting(site) as visitor:
        yield visitor


def page_of(event: dict[str, Any]) -> str:
    """The address of an execution's page."""
    data = event["data"]
    ids = [quote(data[one]["id"], safe="") for one in ("workflow", "execution")]
    return f"/workflows/{ids[0]}/executions/{ids[1]}"


def hostile_event(text: str) -> dict[str, Any]:
    """A record that says the same in every field."""
    steps = [
        step(text, description=text, input=text, output=text, log=text, error=text, x_other=text),
        step(f"{text} nested", "failed", output={text: text}, children=[{"name": text, "kind": text, "output": text}]),
        step(text, started_at="2025-04-09T15:00:00Z", finished_at="2025-04-09T15:00:01Z"),
    ]
    event = completed(f"{MARK}-{unique()}{text}", f"{text}{unique()}", steps=steps, workflow_name=text, x_top=text)
    event["data"]["execution"] |= {"input": text, "output": text, "triggered_by": text, "url": text, "error": text}
    return event


def test_lists_say_where_they_are_not_complete_yet(site: Site, person: Visitor) -> None:
    known, unknown = completed(export=[]), f"/workflows/{unique()}"
    site.send(known)
    assert person.client.get(unknown, headers=HTML).status_code == 404
    index = site.app.state.gateway.board.rebuild
    token = index.start()
    try:
        assert "being rebuilt" in person.client.get("/", headers=HTML).text
        answer = person.client.get(unknown, headers=HTML)
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
        assert "being rebuilt" in answer.text
        assert person.client.get(page_of(known).partition("/executions")[0], headers=HTML).status_code == 200
    finally:
        index.finish(token)
    assert "being rebuilt" not in person.client.get("/", headers=HTML).text


def rows(page: Parsed) -> list[str]:
    """The ids of the executions that a page lists."""
    return [unquote(one.rpartition("/")[2]) for one in page.values("data-export", "button")]


def test_every_page_has_a_strict_policy_and_nothing_inline(site: Site, person: Visitor) -> None:
    event = completed(steps=[step(output="# A *heading*", log="\x1b[31mred\x1b[0m")])
    export = site.ready(event)
    with site.worker.paused():
        waiting = site.sent(completed())
        pages = [
            person.client.get(path)
            for path in (
                "/login",
                "/",
                "/?q=nothing-like-this",
                "/exports",
                "/exports?status=failed",
                page_of(event).rpartition("/executions")[0],
                page_of(event),
                f"{page_of(event)}/steps",
                f"{page_of(event)}/steps/0",
                f"{page_of(event)}/timeline",
                f"{page_of(event)}/about",
                "/workflows/nothing-like-this",
                "/nowhere",
                "/exports?cursor=nonsense",
                waiting["download_url"],
                export["download_url"].replace("/d/", "/d/x"),
            )
        ]
    for answer in pages:
        assert answer.headers["content-security-policy"] == POLICY, answer.url
        assert answer.headers["cache-control"] == "no-store", answer.url
        assert answer.headers["x-content-type-options"] == "nosniff", answer.url
        assert answer.headers["referrer-policy"] == "no-referrer", answer.url
        page = parsed(answer)
        assert page.inline() == [], answer.url
        assert all(
            one.startswith(f"/static/{version()}/") for tag in ("script", "img") for one in page.values("src", tag)
        )
    assert "unsafe" not in POLICY


def test_a_whole_step_is_the_exports_file_under_its_own_policy(site: Site, person: Visitor) -> None:
    event = completed(steps=[step("one", output="# First"), step("two", output="# Second")])
    site.send(event)
    answer = person.client.get(f"{page_of(event)}/steps/1?whole=true")
    policy = answer.headers["content-security-policy"]

    assert answer.text.startswith("<!")
    assert "Second" in parsed(answer).text
    assert "First" not in answer.text
    assert "default-src 'none'" in policy
    assert "style-src 'sha256-" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert [one for one in parsed(answer).inline() if one != "style"] == []
    assert answer.headers["cache-control"] == "no-store"


def test_what_a_page_loads_is_kept_for_good(site: Site, person: Visitor) -> None:
    page = person.page("/")
    loaded = {*page.values("src"), *(one.attributes["href"] for one in page.all("link"))}
    assert len(loaded) >= 4

    for address in loaded:
        answer = httpx.get(f"{site.url}{address}")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
        other = httpx.get(f"{site.url}{address.replace(version(), 'before')}")
        assert (other.status_code, other.headers["cache-control"], other.content) == (200, "no-cache", answer.content)
    missing = httpx.get(f"{site.url}/static/{version()}/nothing.css", headers=HTML)
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
    assert "immutable" not in missing.headers.get("cache-control", "")


def test_workflows_are_found_and_paged(site: Site, person: Visitor) -> None:
    mark = unique("carded")
    ids = [f"{mark}-{number:02}" for number in range(65)]
    for workflow_id in ids:
        assert site.send(completed(workflow_id, workflow_name=f"Name of {workflow_id}", export=[])).status_code == 202
    first = person.page(f"/?q={mark}")
    (older,) = first.all("a", rel="next")
    second = person.page(older.attributes["href"])

    def cards(page: Parsed) -> list[str]:
        return [one.removeprefix("/workflows/") for one in page.values("href", "a") if mark in one and "?" not in one]

    assert len(cards(first)) == 60
    assert sorted(cards(first) + cards(second)) == ids
    assert not second.all("a", rel="next")
    assert cards(person.page(f"/?q={ids[7].upper()}")) == [ids[7]]
    assert "No workflow matches “nothing-like-this”" in person.page("/?q=nothing-like-this").text
    assert cards(person.page(f"/?q=%20{ids[3]}%20")) == [ids[3]]


def test_executions_are_paged_by_cursor_and_filtered_by_status(site: Site, person: Visitor) -> None:
    workflow_id = unique("paged")
    ids = [f"{number:03}" for number in range(120)]
    for number, execution_id in enumerate(ids):
        status = "failed" if number % 2 else "succeeded"
        event = completed(workflow_id, execution_id, status=status, steps=[], export=[])
        event["data"]["execution"]["started_at"] = f"2025-04-09T{number // 60:02}:{number % 60:02}:00Z"
        site.send(event)
    site.send(started(workflow_id, "runs"))

    def listed(path: str) -> list[list[str]]:
        found = []
        following: str | None = path
        while following:
            page = person.page(following)
            found.append(rows(page))
            following = next((one.attributes["href"] for one in page.all("a", rel="next")), None)
        return found

    every, failed = listed(f"/workflows/{workflow_id}"), listed(f"/workflows/{workflow_id}?status=failed")
    assert [len(one) for one in every] == [50, 50, 21]
    assert [one for page in every for one in page if one != "runs"] == ids[::-1]
    assert [len(one) for one in failed] == [50, 10]
    assert [one for page in failed for one in page] == ids[1::2][::-1]
    assert listed(f"/workflows/{workflow_id}?status=running") == [["runs"]]
    cancelled = person.page(f"/workflows/{workflow_id}?status=cancelled")
    assert "No execution here is “cancelled”" in cancelled.text
    (chosen,) = [one for one in cancelled.all("a", aria_current="page") if "status=" in one.attributes["href"]]
    assert chosen.attributes["href"] == f"/workflows/{workflow_id}?status=cancelled"
    assert rows(person.page(f"/workflows/{workflow_id}?status="))[1:] == ids[:70:-1]


@pytest.mark.parametrize("query", ["status=done", "cursor=nonsense", "cursor=%F0%9F%A6%84"])
@pytest.mark.parametrize("path", ["workflow", "/exports"])
def test_a_wrong_query_is_a_page_that_says_so(site: Site, person: Visitor, path: str, query: str) -> None:
    event = completed(export=[])
    site.send(event)
    address = path_of(event).removeprefix("/v1").rpartition("/executions")[0] if path == "workflow" else path
    page = person.page(f"{address}?{query}", 422)
    assert query.partition("=")[0] in page.text.lower()
    assert page.all("a", href="/")


@pytest.mark.parametrize("strange", STRANGE_IDS, ids=range(len(STRANGE_IDS)))
def test_any_id_has_pages_and_links_to_them(site: Site, person: Visitor, strange: str) -> None:
    event = completed(strange, strange, workflow_name=strange)
    export = site.ready(event)
    workflow, execution = page_of(event).rpartition("/executions")[0], page_of(event)

    cards = person.page(f"/?q={quote(strange[:40], safe='')}")
    listing, page, exports = person.page(workflow), person.page(execution), person.page("/exports")
    assert workflow in cards.values("href", "a")
    assert execution in listing.values("href", "a")
    assert f"/v1{execution}" in listing.values("data-export")
    assert {workflow, execution} <= set(page.values("href", "a"))
    assert f"/v1{execution}" in page.values("data-export")
    assert execution in exports.values("href", "a")
    assert f"/v1/exports/{export['id']}" in exports.values("data-revoke")
    for address in (page.values("data-more")[0], page.values("data-content", "details")[0], f"{execution}/timeline"):
        assert address.startswith(execution)
        assert person.client.get(address).status_code == 200
    for address in page.values("href", "a"):
        assert address.startswith(("/", "#")), address
        assert not address.startswith("//")


def test_the_login_comes_back_to_any_id(site: Site) -> None:
    strange = "a/b?c#d%\U0001f984"
    event = completed(strange, strange, export=[])
    site.send(event)
    with httpx.Client(base_url=site.url, headers=HTML) as client:
        location = client.get(page_of(event)).headers["location"]
        target = parsed(client.get(location)).all("input", name="next")[0].attributes["value"]
        back = client.post("/login", data={"token": site.token, "next": target}).headers["location"]
        assert back == page_of(event)
        assert client.get(back).status_code == 200


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_content_gets_out_of_its_place(site: Site, person: Visitor, text: str) -> None:
    hostile, harmless = hostile_event(text), hostile_event("harmless")
    site.ready(hostile)
    site.send(harmless)
    base = page_of(hostile)
    fragments = [f"{base}/{part}" for part in ("steps", "timeline", "about", "steps/0", "steps/1", "steps/2")]
    pages = [base, base.rpartition("/executions")[0], "/", "/exports", f"/?q={quote(text, safe='')}"]

    for path in [*pages, *fragments]:
        page = person.page(path)
        assert page.inline() == [], path
        assert all(one.startswith("/static/") for one in page.values("src", "script")), path
        assert not {one.tag for one in page.elements} & {"iframe", "object", "embed", "base", "textarea"}, path
    for path in fragments:
        assert not {one.tag for one in person.page(path).elements} & {"script", "form", "link", "meta"}, path
    for part in ("steps", "timeline"):
        tags = [[one.tag for one in person.page(f"{page_of(event)}/{part}").elements] for event in (hostile, harmless)]
        assert tags[0] == tags[1], part


def test_exports_are_listed_with_what_can_be_done(site: Site, person: Visitor) -> None:
    event = completed(export={"format": "html", "combine": True, "include": ["manifest"]})
    export = site.ready(event)
    page = person.page("/exports?status=ready")
    assert export["download_url"] in page.values("data-copy-text")
    assert f"/v1/exports/{export['id']}" in page.values("data-revoke")
    assert "HTML, combined, with manifest" in page.text

    with visiting(site, "read") as reader:
        assert reader.page("/exports").values("data-revoke") == []
    site.client.delete(f"/v1/exports/{export['id']}")
    deleted = person.page("/exports?status=deleted")
    assert export["download_url"] not in deleted.source
    assert f"/v1{page_of(event)}" in deleted.values("data-again")
    assert f"/v1/exports/{export['id']}" not in deleted.values("data-revoke")


def test_exports_are_paged(site: Site, person: Visitor) -> None:
    workflow_id = unique("many")
    with site.worker.paused():
        sent = {site.sent(completed(workflow_id, steps=[]))["id"] for _ in range(55)}
        found: list[str] = []
        following: str | None = "/exports?status=queued"
        while following:
            page = person.page(following)
            found += [one.rpartition("/")[2] for one in page.values("data-revoke")]
            following = next((one.attributes["href"] for one in page.all("a", rel="next")), None)
            assert following is None or following.startswith("/exports?status=queued&cursor=")
    assert sent <= set(found)
    assert len(found) == len(set(found))


def test_the_api_shows_an_execution_alone(site: Site) -> None:
    event = completed(steps=[step(f"s{number}") for number in range(3)], export=[])
    event["data"]["execution"]["input"] = "in full: " + "x" * 5_000
    site.send(event)
    alone = site.client.get(path_of(event), params={"limit": 0}).json()

    assert (alone["steps"], alone["step_count"], alone["next"]) == ([], 3, 0)
    assert alone["execution"]["input"] == event["data"]["execution"]["input"]
    for wrong in (-1, 201):
        assert site.client.get(path_of(event), params={"limit": wrong}).status_code == 422


def test_no_page_shows_a_secret(site: Site, person: Visitor) -> None:
    token = f"gh{'p_'}{'a1B2c3D4e5F6' * 3}"
    said = f"It is {token} there."
    steps = [
        step(f"use {token}", "failed", description=said, input=said, output={"password": "some words"}, error=said),
        step(f"run {token}", started_at="2025-04-09T15:00:00Z", finished_at="2025-04-09T15:00:01Z"),
        step("log", log=f"\x1b[1m{token[:9]}\x1b[0m{token[9:]}", children=[{"name": said, "input": [said]}]),
    ]
    event = completed(steps=steps, workflow_name=f"flow {token}", x_top=said)
    event["data"]["execution"] |= {"triggered_by": said, "input": said, "output": {"api_key": "some words"}}
    page = page_of(event)
    site.ready(event)
    workflow = page.partition("/executions/")[0]
    pieces = [page, *(f"{page}/{part}" for part in ("steps", "steps/0", "steps/0?whole=true", "steps/2", "about"))]
    for address in (f"/?q={workflow.rpartition('/')[2]}", workflow, "/exports", f"{page}/timeline", *pieces):
        answer = person.client.get(address)
        assert answer.status_code == 200, address
        assert token not in answer.text, address
        assert token[9:] not in answer.text, address
        assert "some words" not in answer.text, address
        assert "redacted: " in answer.text, address
