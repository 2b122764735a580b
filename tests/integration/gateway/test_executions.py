"""Workflows, executions and exporting a previous one."""

from __future__ import annotations

import io
import zipfile
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.integration.gateway.examples import completed, path_of, started, step, unique
from tests.integration.gateway.site import Site, told

pytestmark = pytest.mark.integration

STRANGE_IDS = [
    "a/b",
    "a%2Fb",
    "50%",
    ".hidden",
    "...",
    "%2E%2E",
    "../../etc/passwd",
    "line\nbreak\ttab",
    "a b+c&d=e?f#g;h",
    "\u0646\u0635",
    "\U0001f984" * 256,
    "back\\slash",
    "'\"<b>",
]


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_callback_that_cannot_be_made_is_refused_beforehand(site: Site, dry_run: bool) -> None:
    event = completed(export=[])
    site.send(event)
    answer = site.client.post(
        f"{path_of(event)}/exports", json={"callback_url": "no address"}, params={"dry_run": dry_run}
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "callback_url")


@pytest.mark.parametrize("strange", STRANGE_IDS, ids=range(len(STRANGE_IDS)))
def test_any_id_is_stored_and_found_exactly(site: Site, strange: str) -> None:
    event = completed(f"{strange}", f"{strange}")
    path = f"/v1/workflows/{quote(strange, safe='')}/executions"

    export = site.ready(event)
    shown = site.client.get(f"{path}/{quote(strange, safe='')}")
    listed = site.client.get(path).json()["items"]
    again = site.client.post(f"{path}/{quote(strange, safe='')}/exports", json={})
    of_workflow = site.client.get("/v1/exports", params={"workflow": strange}).json()["items"]

    assert shown.status_code == 200, shown.text
    assert shown.json()["workflow"]["id"] == strange
    assert shown.json()["execution"]["id"] == strange
    assert strange in {one["execution_id"] for one in listed}
    assert (again.status_code, again.json()["id"]) == (200, export["id"])
    assert export["id"] in {one["id"] for one in of_workflow}


def test_an_encoded_slash_is_no_separator(site: Site) -> None:
    site.ready(completed("left/right", unique("execution")))

    assert site.client.get("/v1/workflows/left%2Fright/executions").json()["items"]
    assert site.client.get("/v1/workflows/left/right/executions").status_code == 404


def test_dots_in_a_path_are_no_way_up(site: Site) -> None:
    request = httpx.Request("GET", site.url, headers=site.client.headers)
    request.url = request.url.copy_with(raw_path=b"/v1/workflows/%2E%2E/executions/%2E%2E")

    answer = site.client.send(request)

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_an_id_that_is_not_utf8_is_not_found(site: Site) -> None:
    assert site.client.get("/v1/workflows/%ff/executions").status_code == 404


def test_workflows_are_listed_newest_first_page_by_page(site: Site) -> None:
    mark = unique("paged")
    ids = [f"{mark}-{number}" for number in range(5)]
    for number, workflow_id in enumerate(ids):
        event = completed(workflow_id, export=[])
        event["data"]["execution"]["started_at"] = f"2025-01-0{number + 1}T00:00:00Z"
        site.send(event)

    found: list[str] = []
    cursor = None
    for _ in range(5):
        query = {"q": mark, "limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = site.client.get("/v1/workflows", params=query).json()
        assert len(page["items"]) <= 2
        found += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert found == ids[::-1]
    assert site.client.get("/v1/workflows", params={"q": unique("nothing")}).json() == {"items": [], "next": None}


def test_executions_are_filtered_by_status(site: Site) -> None:
    workflow_id = unique("workflow")
    for status in ("succeeded", "failed", "timed-out", "failed"):
        site.send(completed(workflow_id, status=status, export=[]))
    site.send(started(workflow_id, unique("execution")))
    path = f"/v1/workflows/{workflow_id}/executions"

    def count(**query: str) -> int:
        return len(site.client.get(path, params=query).json()["items"])

    assert (count(), count(status="failed"), count(status="timed-out"), count(status="running")) == (5, 2, 1, 1)
    assert count(status="cancelled") == 0


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=-1", "limit=abc", "limit=", "cursor=nonsense", "status=done"]
)
@pytest.mark.parametrize("path", ["/v1/workflows/w/executions", "/v1/exports"])
def test_a_wrong_query_is_a_problem_that_names_it(site: Site, path: str, query: str) -> None:
    answer = site.client.get(f"{path}?{query}")

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["field"] == query.partition("=")[0]


def test_steps_are_shown_by_offset_and_limit(site: Site) -> None:
    event = completed(steps=[step(f"step {number}", custom=number) for number in range(120)], export=[])
    event["data"]["unknown"] = {"kept": True}
    site.send(event)

    def page(**query: int) -> dict[str, Any]:
        answer: dict[str, Any] = site.client.get(path_of(event), params=query).json()
        return answer

    first, middle, last, beyond = page(), page(offset=50, limit=20), page(offset=110), page(offset=500)
    assert [one["name"] for one in first["steps"]] == [f"step {number}" for number in range(50)]
    assert (first["next"], first["step_count"], first["steps_by_status"]) == (50, 120, {"succeeded": 120})
    assert first["fields"]["unknown"] == {"kept": True}
    assert [one["custom"] for one in middle["steps"]] == [*range(50, 70)]
    assert (middle["next"], len(last["steps"]), last["next"]) == (70, 10, None)
    assert (beyond["steps"], beyond["next"]) == ([], None)
    assert site.client.get(path_of(event), params={"offset": -1}).status_code == 422


def test_a_dry_run_foresees_the_archive_and_makes_nothing(site: Site) -> None:
    event = completed(
        steps=[step(f"s{n}", "failed" if n % 3 else "succeeded", output="x" * 500) for n in range(130)], export=[]
    )
    site.send(event)
    options = {"format": "html", "include": ["manifest"], "steps": "failed"}

    foreseen = site.client.post(f"{path_of(event)}/exports", json=options, params={"dry_run": "true"})
    before = site.client.get("/v1/exports", params={"workflow": event["data"]["workflow"]["id"]}).json()["items"]
    export = site.settled(site.client.post(f"{path_of(event)}/exports", json=options).json())
    with zipfile.ZipFile(io.BytesIO(httpx.get(export["download_url"], follow_redirects=True).content)) as archive:
        names = archive.namelist()

    assert (foreseen.status_code, before) == (200, [])
    expected = foreseen.json()
    assert expected["filename"] == export["archive"]["filename"]
    assert expected["files"] == export["archive"]["files"] == len(names)
    assert expected["names"] == names[:100]
    assert export["archive"]["size"] / 8 < expected["estimated_size"] < export["archive"]["size"] * 8


def test_exporting_again_is_202_and_where_the_archive_is_there_200(site: Site) -> None:
    event = completed(export=[])
    site.send(event)
    with site.worker.paused():
        first = site.client.post(f"{path_of(event)}/exports", json={"combine": True})
        second = site.client.post(f"{path_of(event)}/exports", json={"combine": True})
    export = site.settled(first.json())
    third = site.client.post(f"{path_of(event)}/exports", json={"combine": True, "include": []})

    assert (first.status_code, second.status_code, third.status_code) == (202, 202, 200)
    assert first.json()["id"] == second.json()["id"] == third.json()["id"]
    assert third.json() == told(export)


def test_an_empty_body_asks_for_the_defaults(site: Site) -> None:
    event = completed()
    export = site.ready(event)

    assert site.client.post(f"{path_of(event)}/exports").json()["id"] == export["id"]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"[]", 422, "body"),
        (b"{", 400, "body"),
        (b'{"format": "pdf"}', 422, "format"),
        (b'{"colour": "red"}', 422, None),
        (b'{"callback_url": "ftp://x"}', 422, "callback_url"),
        (b" " * 70_000, 413, "body"),
    ],
)
def test_wrong_options_are_problems(site: Site, body: bytes, status: int, field: str | None) -> None:
    event = completed(export=[])
    site.send(event)

    answer = site.client.post(f"{path_of(event)}/exports", content=body)

    assert (answer.status_code, answer.json().get("field")) == (status, field), answer.text


def test_an_unknown_execution_is_not_found(site: Site) -> None:
    path = f"/v1/workflows/{unique()}/executions/{unique()}"

    assert site.client.get(path).status_code == 404
    assert site.client.post(f"{path}/exports", json={}).status_code == 404


def test_changed_content_is_a_new_revision_and_a_replay_moves_nothing(site: Site) -> None:
    workflow_id, execution_id = unique("workflow"), unique("execution")
    old = completed(workflow_id, execution_id, steps=[step(output="old")])
    new = completed(workflow_id, execution_id, steps=[step(output="new")])

    first = site.ready(old)
    second = site.ready(new)
    replayed = site.sent(old)
    shown = site.client.get(path_of(old)).json()

    assert first["id"] == replayed["id"] != second["id"]
    assert replayed["status"] == "ready"
    assert shown["steps"][0]["output"] == "new"
    assert httpx.get(first["download_url"]).status_code == 302
    assert site.client.post(f"{path_of(old)}/exports", json={}).json()["id"] == second["id"]


def test_secrets_are_masked_and_revealed_only_to_whoever_may(site: Site) -> None:
    token = f"gh{'p_'}{'a1B2c3D4e5F6' * 3}"
    steps = [step(f"use {token}", output={"password": "some words"}, log=f"token \x1b[1m{token[:9]}\x1b[0m{token[9:]}")]
    event = completed(steps=steps, workflow_name=f"flow {token}")
    event["data"]["execution"] |= {"triggered_by": token, "input": {"api_key": "some words"}}
    path = path_of(event)
    export = site.ready(event)
    archive = zipfile.ZipFile(io.BytesIO(httpx.get(export["download_url"], follow_redirects=True).content))
    listed = site.client.get(path.rpartition("/")[0]).text
    workflows = site.client.get("/v1/workflows", params={"q": event["data"]["workflow"]["id"]}).text
    foreseen = site.client.post(f"{path}/exports", params={"dry_run": True}, json={}).json()
    shown = site.client.get(path)
    with site.with_token("read,export") as reader:
        refused = reader.get(path, params={"reveal": True})
        masked = reader.get(path, params={"reveal": False})
    with site.with_token("reveal") as blind:
        unread = blind.get(path, params={"reveal": True})
    revealed = site.client.get(path, params={"reveal": True}).json()

    for text in (shown.text, masked.text, listed, workflows, str(export), str(foreseen), str(archive.namelist())):
        assert token not in text
        assert "some words" not in text
        assert "redacted" in text
    assert shown.json()["steps"][0]["output"] == {"password": "[redacted: secret-field]"}
    assert foreseen["names"] == archive.namelist()
    assert foreseen["filename"] == export["archive"]["filename"]
    assert (refused.status_code, unread.status_code) == (403, 403)
    assert refused.json()["type"] == "urn:runfolio:problem:forbidden"
    assert "reveal" in refused.json()["detail"]
    assert revealed["steps"] == steps
    assert revealed["execution"]["input"] == {"api_key": "some words"}
