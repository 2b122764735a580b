"""The audit log through the HTTP interface, and what readers of exports are told from it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from redis import Redis

from producer.contract.audit import read_batch
from producer.contract.board import places
from tests.integration.gateway.examples import NDJSON, completed, path_of, unique
from tests.integration.gateway.site import Site, eventually, running_site
from tests.servers import S3Server
from worker.counting import Counting

pytestmark = pytest.mark.integration

PAYLOAD: Final = Path(__file__).parents[2] / "fixtures/engines/codemie/execution_with_states.json"
Entry = dict[str, Any]


def entries(site: Site, **query: str | int) -> list[Entry]:
    """All entries since some moment, page by page."""
    found: list[Entry] = []
    cursor: dict[str, str] = {}
    while True:
        answer = site.client.get("/v1/audit", params={"limit": 200, **query, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


def of_export(site: Site, export: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """What was done with an export: action, who, and what it was accepted for."""
    site.app.state.gateway.audit.flush()
    return [
        (one["action"], one["who"], one.get("via", "")) for one in entries(site) if one["export_id"] == export["id"]
    ]


def shown(site: Site, export: Mapping[str, Any]) -> dict[str, Any]:
    site.app.state.gateway.audit.flush()
    answer = site.client.get(f"/v1/exports/{export['id']}").json()
    assert isinstance(answer, dict)
    return answer


def lines_of(event: dict[str, Any]) -> bytes:
    data = {name: value for name, value in event["data"].items() if name != "steps"}
    return b"".join(json.dumps(line).encode() + b"\n" for line in [data, *event["data"]["steps"]])


def test_every_way_of_sending_is_noted_once_and_a_redelivery_is_not(site: Site) -> None:
    whole, as_json, as_lines, in_batch = (completed() for _ in range(4))
    binary = {**NDJSON, "content-type": "application/json"}
    payload = json.loads(PAYLOAD.read_text())
    payload["execution"]["id"] = payload["execution"]["execution_id"] = unique()
    sent = []
    for _ in range(2):
        answers = [
            site.send(whole),
            site.client.post("/v1/events", content=json.dumps(as_json["data"]).encode(), headers=binary),
            site.client.post("/v1/events", content=lines_of(as_lines), headers=NDJSON),
            site.client.post("/v1/engines/auto/events", content=json.dumps(payload).encode()),
        ]
        batch = site.client.post(
            "/v1/events",
            content=json.dumps([in_batch]).encode(),
            headers={"content-type": "application/cloudevents-batch+json"},
        )
        assert {answer.status_code for answer in [*answers, batch]} == {202}
        sent = [answer.json()["exports"][0] for answer in answers] + batch.json()["results"][0]["exports"]

    for export in sent:
        assert of_export(site, export) == [("export.requested", "admin", "event")]


def test_what_happens_to_an_export_is_told_in_order(site: Site) -> None:
    event = completed(export=[])
    site.send(event)
    with site.with_token("read,export,delete") as person:
        name = json.loads(site.tokens_file.read_text())[-1]["name"]
        export = site.settled(person.post(f"{path_of(event)}/exports", json={}).json())
        person.post(f"{path_of(event)}/exports", json={})
        httpx.get(export["download_url"])
        person.delete(f"/v1/exports/{export['id']}")
        person.delete(f"/v1/exports/{export['id']}")
        httpx.get(export["download_url"])
        again = site.settled(person.post(f"{path_of(event)}/exports", json={}).json())

    assert again["status"] == "ready"
    assert of_export(site, export) == [
        ("export.requested", name, "request"),
        ("export.reused", name, ""),
        ("export.downloaded", "link", ""),
        ("export.revoked", name, ""),
        ("export.requested", name, "retry"),
    ]
    (first, *_) = [one for one in entries(site) if one["export_id"] == export["id"]]
    assert first.keys() == {"at", "action", "who", "via", "export_id", "workflow_id", "execution_id"}
    assert (first["workflow_id"], first["execution_id"]) == (export["workflow"]["id"], export["execution"]["id"])
    assert abs(datetime.now(UTC) - datetime.fromisoformat(first["at"])) < timedelta(minutes=1)


def test_readers_see_who_asked_first_and_how_often_it_was_downloaded(site: Site) -> None:
    export = site.ready(completed())
    for method in ("GET", "HEAD", "GET", "HEAD"):
        assert httpx.request(method, export["download_url"], headers={"accept": "text/html"}).status_code == 302
    site.client.post(f"/v1/workflows/{export['workflow']['id']}/executions/{export['execution']['id']}/exports")

    listed = shown(site, export)
    (item,) = site.client.get("/v1/exports", params={"workflow": export["workflow"]["id"]}).json()["items"]

    assert (listed["requested_by"], listed["downloads"]) == ("admin", 2)
    assert item == listed


def test_a_held_download_counts_once_and_a_page_or_a_refusal_not_at_all(site: Site) -> None:
    with site.worker.paused():
        export = site.sent(completed())
        assert httpx.get(export["download_url"], headers={"accept": "text/html"}).status_code == 200
        with ThreadPoolExecutor() as pool:
            held = [
                pool.submit(httpx.request, method, export["download_url"], timeout=40) for method in ("GET", "HEAD")
            ]
            time.sleep(0.3)
            site.worker.resume()
            assert [one.result(20).status_code for one in held] == [302, 302]
    assert httpx.get(f"{export['download_url']}x").status_code == 404

    assert shown(site, export)["downloads"] == 1


def test_a_count_appears_by_itself(site: Site) -> None:
    export = site.ready(completed())
    httpx.get(export["download_url"])

    eventually(lambda: bool(site.client.get(f"/v1/exports/{export['id']}").json()["downloads"] == 1), within=8)


def test_a_sender_sees_who_asked_for_its_own(site: Site) -> None:
    with site.with_token("ingest") as sender:
        own = site.send(completed(), sender).json()["exports"][0]
        name = json.loads(site.tokens_file.read_text())[-1]["name"]
        listed = sender.get("/v1/exports").json()["items"]

    assert [(one["id"], one["requested_by"], one["downloads"]) for one in listed] == [(own["id"], name, 0)]


def test_no_link_and_no_token_is_in_the_log(site: Site) -> None:
    export = site.ready(completed(secrets=["hunter2-hunter2"]))
    httpx.get(export["download_url"])
    site.app.state.gateway.audit.flush()

    log = b"".join(site.objects.get(one.key).data for one in site.objects.list("audit/"))

    assert export["id"].encode() in log
    token = export["download_url"].rpartition("/")[2]
    for secret in (token, export["download_url"], site.token, "hunter2", "127.0.0.1"):
        assert secret.encode() not in log


def test_entries_are_listed_by_time_and_page(site: Site) -> None:
    began = datetime.now(UTC)
    exports = [site.sent(completed()) for _ in range(5)]
    middle = datetime.now(UTC)
    later = [site.sent(completed()) for _ in range(3)]
    site.app.state.gateway.audit.flush()

    def ids(**query: str | int) -> list[str]:
        return [one["export_id"] for one in entries(site, **query)]

    assert ids(since=began.isoformat(), limit=2) == [one["id"] for one in [*exports, *later]]
    assert ids(since=middle.isoformat()) == [one["id"] for one in later]
    assert ids(since=began.isoformat(), until=middle.isoformat()) == [one["id"] for one in exports]
    assert ids(until="1970-01-01T00:00:00Z") == []
    assert ids(since="9999-12-31T23:59:59Z") == []
    assert exports[0]["id"] not in ids(since="0001-01-01T00:00:00+14:00", until=began.isoformat())
    assert exports[0]["id"] in ids(since="0001-01-01T00:00:00+14:00", until="9999-12-31T23:59:59-14:00")


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"until": "x"},
        {"cursor": "x"},
        {"cursor": "YXh4eHh4eHh4eHh4"},
        {"limit": 0},
        {"limit": 201},
    ],
)
def test_a_wrong_question_is_refused_by_name(site: Site, query: dict[str, str | int]) -> None:
    answer = site.client.get("/v1/audit", params=query)

    assert (answer.status_code, answer.json()["field"]) == (422, next(iter(query)))


def test_a_cursor_of_another_list_is_refused(site: Site) -> None:
    for _ in range(2):
        site.ready(completed())
    cursor = site.client.get("/v1/exports", params={"limit": 1}).json()["next"]

    assert site.client.get("/v1/audit", params={"cursor": cursor}).json()["field"] == "cursor"


@pytest.mark.parametrize(("scopes", "workflows"), [("read", "other:*"), ("ingest,export,delete", "*")])
def test_only_who_may_read_everything_reads_the_log(site: Site, scopes: str, workflows: str) -> None:
    with site.with_token(scopes, workflows) as client:
        answer = client.get("/v1/audit")

    assert (answer.status_code, answer.json().keys() >= {"type", "detail"}) == (403, True)


def test_what_was_noted_is_written_when_the_gateway_stops(
    site: Site, s3_server: S3Server, valkey_url: str, tmp_path: Path
) -> None:
    assert site.client.get("/readyz").status_code == 200  # The session's site has set the credentials.
    broker_url = f"{valkey_url.rpartition('/')[0]}/6"
    with running_site(tmp_path, s3_server, broker_url) as other:
        export = other.ready(completed())
        httpx.get(export["download_url"])
        waiting = other.app.state.gateway.audit.waiting

    log = [
        entry for one in site.objects.list("audit/") for entry in read_batch(one.key, site.objects.get(one.key).data)
    ]
    assert waiting > 0
    assert [entry.action for entry in log if entry.export_id == export["id"]] == [
        "export.requested",
        "export.downloaded",
    ]


def test_a_lost_board_is_counted_anew_from_the_log(site: Site) -> None:
    export = site.ready(completed())
    for _ in range(3):
        httpx.get(export["download_url"])
    assert shown(site, export)["downloads"] == 3
    tallies = site.app.state.gateway.board.tallies

    with Redis.from_url(site.broker_url) as broker:
        broker.delete(places.ASKED, places.DOWNLOADS, places.COUNTED, places.FLOOR, places.LIFE)
    assert tallies.of([export["id"]]) == [(None, 0)]
    httpx.get(export["download_url"])
    before = shown(site, export)
    for _ in range(3):  # Once would do; counting again must change nothing.
        Counting(site.objects, site.app.state.gateway.board).work(30)

    assert (before["requested_by"], before["downloads"]) == ("admin", 1)
    assert tallies.of([export["id"]]) == [("admin", 4)]
