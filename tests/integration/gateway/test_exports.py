"""Exports: shown, listed, followed, deleted; and where they are announced."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import httpx
import pytest
from redis import Redis

from tests.integration.gateway.examples import completed, path_of, step, unique
from tests.integration.gateway.site import Site, eventually, told

pytestmark = pytest.mark.integration


class ServerSentEvent(NamedTuple):
    id: str
    event: str
    data: dict[str, Any]


def events_of(answer: httpx.Response) -> Iterator[ServerSentEvent]:
    """Read events as an EventSource does."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if line.startswith(":"):
            continue
        if not line:
            if "data" in fields:
                yield ServerSentEvent(fields["id"], fields["event"], json.loads(fields["data"]))
            fields = {}
            continue
        name, _, value = line.partition(": ")
        fields[name] = value


def follow(
    site: Site, path: str, heard: Callable[[], object] = lambda: None, last_seen: str = ""
) -> list[ServerSentEvent]:
    """Follow a stream to its end; ``heard`` is told of each event when it comes."""
    headers = {"Last-Event-ID": last_seen} if last_seen else {}
    with site.client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        events = []
        for event in events_of(answer):
            events.append(event)
            heard()
        return events


def test_a_ready_export_tells_all_of_its_archive(site: Site) -> None:
    export = site.ready(completed())

    assert export["archive"].keys() == {"filename", "size", "sha256", "files"}
    assert export["progress"] == {"done": 1, "total": 1}
    assert export["created_at"] <= export["ready_at"] < export["expires_at"]
    assert export["error"] is None
    assert site.client.get(f"/v1/exports/{export['id']}").json() == export


@pytest.mark.parametrize("export_id", ["0" * 32, "short", "Z" * 32, "A" * 32, "..%2F" * 6 + "ab"])
def test_an_unknown_export_is_not_found(site: Site, export_id: str) -> None:
    for method, path in [("GET", ""), ("GET", "/events"), ("GET", "/manifest"), ("DELETE", "")]:
        answer = site.client.request(method, f"/v1/exports/{export_id}{path}")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:runfolio:problem:not-found")


def test_a_request_is_held_until_the_export_is_ready(site: Site) -> None:
    with site.worker.paused():
        export = site.sent(completed())
        unwaited = site.client.get(f"/v1/exports/{export['id']}").json()
        began = time.monotonic()
        held = site.client.get(f"/v1/exports/{export['id']}", params={"wait": 0.4}).json()
        waited = time.monotonic() - began
        with ThreadPoolExecutor() as pool:
            asked = pool.submit(site.settled, export)
            time.sleep(0.1)
            site.worker.resume()
            told = asked.result()

    assert unwaited["status"] == held["status"] == "queued"
    assert 0.35 < waited < 3
    assert told["status"] == "ready"


@pytest.mark.parametrize("wait", ["-1", "61", "x"])
def test_a_wait_out_of_bounds_is_refused(site: Site, wait: str) -> None:
    export = site.ready(completed())

    assert site.client.get(f"/v1/exports/{export['id']}", params={"wait": wait}).json()["field"] == "wait"


def test_exports_are_listed_newest_first_by_workflow_and_status(site: Site) -> None:
    workflow_id = unique("workflow")
    exports = [site.ready(completed(workflow_id)) for _ in range(3)]
    site.client.delete(f"/v1/exports/{exports[1]['id']}")

    def listed(**query: str | int) -> list[str]:
        answer = site.client.get("/v1/exports", params={"workflow": workflow_id, **query})
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    ids = [export["id"] for export in exports]
    assert listed() == ids[::-1]
    assert listed(status="ready") == [ids[2], ids[0]]
    assert listed(status="deleted") == [ids[1]]
    first = site.client.get("/v1/exports", params={"workflow": workflow_id, "limit": 2}).json()
    assert listed(limit=2, cursor=first["next"]) == [ids[0]]


def test_an_export_is_followed_from_queued_to_ready_by_several(site: Site) -> None:
    with site.worker.paused():
        export = site.sent(completed(steps=[step(f"s{n}") for n in range(300)]))
        path = f"/v1/exports/{export['id']}/events"
        heard_one = threading.Semaphore(0)
        with ThreadPoolExecutor() as pool:
            followers = [pool.submit(follow, site, path, heard_one.release) for _ in range(4)]
            assert all(heard_one.acquire(timeout=10) for _ in followers)
            site.worker.resume()
            heard = [follower.result(20) for follower in followers]

    ready = site.settled(export)
    for events in heard:
        assert events[0].event == "queued"
        assert {event.event for event in events[1:-1]} <= {"progress"}
        assert (events[-1].event, events[-1].data) == ("ready", told(ready))
        assert len({event.id for event in events}) == len(events)
        done = [event.data["progress"]["done"] for event in events]
        assert done == sorted(done)


def test_a_follower_who_comes_back_misses_and_repeats_nothing(site: Site) -> None:
    with site.worker.paused():
        export = site.sent(completed())
        path = f"/v1/exports/{export['id']}/events"
        with site.client.stream("GET", path) as answer:
            first = next(events_of(answer))
        with ThreadPoolExecutor() as pool:
            follower = pool.submit(follow, site, path, last_seen=first.id)
            time.sleep(0.2)
            site.worker.resume()
            events = follower.result(20)

    assert first.event == "queued"
    assert first.id not in {event.id for event in events}
    assert events[-1].event == "ready"
    # The end is told again to whoever did not hear it, and an EventSource that did is told to stay away.
    assert [event.event for event in follow(site, path, last_seen=first.id)] == ["ready"]
    assert site.client.get(path, headers={"Last-Event-ID": events[-1].id}).status_code == 204


def test_an_event_id_holds_nothing_of_the_link(site: Site) -> None:
    export = site.ready(completed())
    token = export["download_url"].rpartition("/")[2]

    (event,) = follow(site, f"/v1/exports/{export['id']}/events")

    assert not any(token[at : at + 4] in event.id for at in range(len(token) - 3))


def test_a_deletion_is_told_to_followers(site: Site) -> None:
    with site.worker.paused():
        export = site.sent(completed())
        path = f"/v1/exports/{export['id']}"
        heard_one = threading.Semaphore(0)
        with ThreadPoolExecutor() as pool:
            follower = pool.submit(follow, site, f"{path}/events", heard_one.release)
            assert heard_one.acquire(timeout=10)
            assert site.client.delete(path).status_code == 204
            events = follower.result(20)

    assert [event.event for event in events] == ["queued", "deleted"]


def test_a_deleted_export_stays_deleted_until_it_is_asked_for_again(site: Site) -> None:
    event = completed()
    export = site.ready(event)
    path = f"/v1/exports/{export['id']}"

    deleted = site.client.delete(path)
    again = site.client.delete(path)
    gone = httpx.get(export["download_url"])
    redelivered = site.sent(event)
    revived = site.settled(site.client.post(f"{path_of(event)}/exports", json={}).json())

    assert (deleted.status_code, deleted.content, again.status_code) == (204, b"", 204)
    assert (gone.status_code, gone.json()["type"]) == (410, "urn:runfolio:problem:gone")
    assert "again" in gone.json()["remedy"]
    assert (redelivered["id"], redelivered["status"]) == (export["id"], "deleted")
    assert (revived["id"], revived["status"]) == (export["id"], "ready")
    assert revived["download_url"] != export["download_url"]
    assert httpx.get(export["download_url"]).status_code == 410
    assert httpx.get(revived["download_url"]).status_code == 302


def test_deleting_a_queued_export_cancels_it(site: Site) -> None:
    with site.worker.paused():
        export = site.sent(completed())
        assert site.client.delete(f"/v1/exports/{export['id']}").status_code == 204
    barrier = site.ready(completed())  # By now the worker has taken the message of the cancelled one too.

    now = site.client.get(f"/v1/exports/{export['id']}").json()
    assert (now["status"], now["archive"]) == ("deleted", None)
    assert barrier["status"] == "ready"
    assert httpx.get(export["download_url"]).status_code == 410


def test_the_manifest_is_shown_where_the_archive_has_one(site: Site) -> None:
    event = completed(steps=[step("a"), step("b", "failed")], export=[{"include": ["manifest"]}, {}])
    with_manifest, without = site.send(event).json()["exports"]
    ready = site.settled(with_manifest)
    site.settled(without)

    answer = site.client.get(f"/v1/exports/{with_manifest['id']}/manifest")
    manifest = answer.json()

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert manifest["complete"] is True
    assert [one["step"] for one in manifest["files"]] == ["a", "b"]
    assert manifest["included"] == manifest["expected"] == 2
    assert ready["archive"]["files"] == 3
    assert site.client.get(f"/v1/exports/{without['id']}/manifest").status_code == 404


def test_the_manifest_of_an_unfinished_export_is_a_conflict(site: Site) -> None:
    with site.worker.paused():
        export = site.sent(completed(export={"include": ["manifest"]}))
        answer = site.client.get(f"/v1/exports/{export['id']}/manifest")

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:runfolio:problem:conflict")


def test_the_broker_carries_the_ready_export(site: Site) -> None:
    heard: list[dict[str, Any]] = []
    with Redis.from_url(site.broker_url) as broker, broker.pubsub() as channel:
        channel.subscribe("runfolio:exports")
        export = site.ready(completed())

        def heard_of() -> bool:
            message = channel.get_message(ignore_subscribe_messages=True, timeout=0.1)
            if message is not None:
                heard.append(json.loads(message["data"]))
            return any(one["id"] == export["id"] for one in heard)

        eventually(heard_of)

    assert told(export) in heard


def test_the_same_event_at_once_is_one_export_and_one_archive(site: Site) -> None:
    event = completed(steps=[step(f"s{n}", output="x" * 2000) for n in range(100)])
    together = threading.Barrier(30)

    def send(_: int) -> str:
        together.wait()
        answer = site.send(event)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["exports"][0]["id"])

    with ThreadPoolExecutor(30) as pool:
        ids = {*pool.map(send, range(30))}
    (export_id,) = ids
    site.settled({"id": export_id})

    archives = [one.key for one in site.objects.list(f"exports/{export_id}/") if one.key.endswith(".zip")]
    assert len(archives) == 1
    eventually(lambda: [*site.objects.list(f"pending/{export_id}")] == [])
