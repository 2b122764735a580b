"""Ids of any text: stored, listed, shown, exported and downloaded as what they are, within their own prefix."""

from __future__ import annotations

import io
import zipfile
from html import unescape
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from producer.contract import keys
from producer.contract.record import MAX_ID_BYTES
from tests.integration.gateway.examples import completed, unique
from tests.integration.gateway.site import Site
from tests.integration.gateway.visitors import visiting

pytestmark = pytest.mark.integration

EMOJI = "\U0001f98a" * (MAX_ID_BYTES // 4)
HOSTILE = ["../../etc", "a/b", "a//b/", "/", "..%2f..", "%2e%2e", "%", "%00", "\x00", "\n\r\t", " ", "a\\b", "?#&;="]
IDS = st.one_of(
    st.sampled_from([*HOSTILE, EMOJI, "x" * MAX_ID_BYTES, "exports", "pending", "e\u0301", "\u202e", "\ufeff"]),
    st.text(alphabet=st.sampled_from("/.%\n\\ aé\U0001f98a\x00:*?"), min_size=1, max_size=40),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
).filter(lambda text: text not in {".", ".."} and len(text.encode()) <= MAX_ID_BYTES)

bounded = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def address(workflow_id: str, execution_id: str) -> str:
    return f"/workflows/{quote(workflow_id, safe='')}/executions/{quote(execution_id, safe='')}"


@bounded
@given(workflow_tail=IDS, execution_id=IDS)
@example(workflow_tail=EMOJI[:-10], execution_id=EMOJI)
@example(workflow_tail="/../../exports/", execution_id="../started.json")
@example(workflow_tail="%2e%2e/", execution_id="\n")
def test_an_execution_is_found_by_its_ids_and_by_no_others(site: Site, workflow_tail: str, execution_id: str) -> None:
    # Each example has a workflow of its own; its beginning is cut off where the whole would be too long.
    workflow_id = f"{unique()}{workflow_tail}".encode()[:MAX_ID_BYTES].decode(errors="ignore")
    export = site.ready(completed(workflow_id, execution_id))
    assert (export["workflow"]["id"], export["execution"]["id"]) == (workflow_id, execution_id)

    path = address(workflow_id, execution_id)
    shown: dict[str, Any] = site.client.get(f"/v1{path}").json()
    assert (shown["workflow"]["id"], shown["execution"]["id"]) == (workflow_id, execution_id)
    listed = site.client.get(f"/v1/workflows/{quote(workflow_id, safe='')}/executions").json()["items"]
    assert [one["execution_id"] for one in listed] == [execution_id]
    assert site.client.get(f"/v1{address(workflow_id, execution_id + 'x')}").status_code == 404
    exports = site.client.get("/v1/exports", params={"workflow": workflow_id}).json()["items"]
    assert [one["id"] for one in exports] == [export["id"]]

    assert_stored_within(site, workflow_id, execution_id)
    assert_downloads(export)


def assert_stored_within(site: Site, workflow_id: str, execution_id: str) -> None:
    """Every object of the execution lies under its prefix, which no other execution has."""
    prefix = keys.execution_prefix(workflow_id, execution_id)
    begin, workflow, execution, end = prefix.split("/")
    assert (begin, end) == ("executions", "")
    for segment, identifier in ((workflow, workflow_id), (execution, execution_id)):
        assert segment not in {"", ".", ".."}
        assert unquote(segment) == identifier or segment.startswith("sha256-")
    of_workflow = {one.key for one in site.objects.list(f"executions/{workflow}/")}
    assert of_workflow
    assert all(key.startswith(prefix) for key in of_workflow), of_workflow


def assert_downloads(export: dict[str, Any]) -> None:
    followed = httpx.get(export["download_url"], follow_redirects=True)
    assert followed.status_code == 200
    with zipfile.ZipFile(io.BytesIO(followed.content)) as archive:
        assert archive.testzip() is None
        assert all("/" not in name and "\\" not in name for name in archive.namelist())


@bounded
@given(execution_id=IDS)
@example(execution_id=EMOJI)
@example(execution_id="<script>alert(1)</script>")
def test_the_page_of_an_execution_is_its_own(site: Site, execution_id: str) -> None:
    workflow_id = f"{unique()}/\U0001f98a"
    site.send(completed(workflow_id, execution_id, export=[]))
    with visiting(site) as person:
        page = person.page(address(workflow_id, execution_id))
        workflow = person.client.get(f"/workflows/{quote(workflow_id, safe='')}").text
        assert person.client.get(address(workflow_id, execution_id + "x")).status_code == 404
    assert page.inline() == []
    assert address(workflow_id, execution_id) in unescape(workflow)


@pytest.mark.parametrize("where", ["workflow", "execution"])
@pytest.mark.parametrize("identifier", ["x" * (MAX_ID_BYTES + 1), EMOJI + "x", "", ".", ".."])
def test_an_id_that_is_none_is_refused_by_its_name(site: Site, where: str, identifier: str) -> None:
    event = completed()
    event["data"][where]["id"] = identifier
    answer = site.send(event)
    assert (answer.status_code, answer.json()["field"]) == (422, f"{where}.id")
    ids = {"workflow": event["data"]["workflow"]["id"], "execution": event["data"]["execution"]["id"]}
    if identifier not in {"", ".", ".."}:
        assert site.client.get(f"/v1{address(ids['workflow'], ids['execution'])}").status_code == 404
