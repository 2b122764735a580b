"""Events of ids alone at a real gateway, over real storage and a real broker: the worker asks the engine."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import httpx
import pytest

from producer.contract.tasks import EXPORT_QUEUE
from tests.fakes import Reply
from tests.fakes_engines import KEY, Asked, EngineServer, airflow, blob, github, n8n, prefect
from tests.integration.gateway.site import Site, eventually, isolated_site
from tests.servers import S3Server
from tests.unit.worker.sources.installation import AIRFLOW_EVENT, GITHUB_EVENT, N8N_EVENT, PREFECT_EVENT
from worker.sources.client import Client

pytestmark = pytest.mark.integration

DATABASE = 9
EVENTS = {"n8n": N8N_EVENT, "airflow": AIRFLOW_EVENT, "prefect": PREFECT_EVENT, "github": GITHUB_EVENT}
FILES = {"n8n": 23, "airflow": 23, "prefect": 12, "github": 2}


class Wired(NamedTuple):
    """A site and the engines that its worker may ask."""

    site: Site
    engines: dict[str, EngineServer]


@pytest.fixture(name="wired", scope="module")
def site_with_engines(
    tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server, valkey_url: str
) -> Iterator[Wired]:
    with ExitStack() as stack:
        logs = stack.enter_context(EngineServer(blob))
        apis: dict[str, Callable[[Asked], Any]] = {
            "n8n": n8n,
            "airflow": airflow,
            "prefect": prefect,
            "github": github(logs.url("")),
        }
        engines = {name: stack.enter_context(EngineServer(api)) for name, api in apis.items()}
        chosen: dict[str, Any] = {
            f"source_{name}_url": server.url("/api" if name == "prefect" else "") for name, server in engines.items()
        }
        chosen |= {f"source_{name}_token": KEY for name in engines}
        chosen["source_github_log_hosts"] = logs.url("")
        folder = tmp_path_factory.mktemp("sources")
        yield Wired(stack.enter_context(isolated_site(folder, s3_server, valkey_url, DATABASE, **chosen)), engines)


def send(site: Site, engine: str, payload: Any, **query: str) -> dict[str, Any]:
    answer = site.client.post(f"/v1/engines/{engine}/events", json=payload, params=query)
    assert answer.status_code == 202, answer.text
    (export,) = answer.json()["exports"]
    assert isinstance(export, dict)
    return export


def archive_of(export: dict[str, Any]) -> zipfile.ZipFile:
    answer = httpx.get(export["download_url"], follow_redirects=True, timeout=30)
    assert answer.status_code == 200
    assert export["archive"]["filename"] in unquote(answer.headers["content-disposition"])
    return zipfile.ZipFile(io.BytesIO(answer.content))


@pytest.mark.parametrize("engine", EVENTS)
def test_ids_go_in_and_an_archive_comes_out(wired: Wired, engine: str) -> None:
    site = wired.site
    accepted = send(site, engine, EVENTS[engine])
    ready = site.settled(accepted)
    assert ready["status"] == "ready", ready
    assert (ready["id"], ready["download_url"]) == (accepted["id"], accepted["download_url"])
    assert len(archive_of(ready).namelist()) == FILES[engine] == ready["archive"]["files"]
    path = (
        f"/v1/workflows/{quote(ready['workflow']['id'], safe='')}/executions/{quote(ready['execution']['id'], safe='')}"
    )
    shown = site.client.get(path).json()
    assert (shown["step_count"], shown["execution"]["status"]) == (FILES[engine], ready["execution"]["status"])
    before = len(wired.engines[engine].asked)
    again = send(site, engine, EVENTS[engine])
    assert (again["id"], again["status"]) == (accepted["id"], "ready")
    assert len(wired.engines[engine].asked) == before


def test_a_worker_that_dies_in_the_middle_is_made_good(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    site, event = wired.site, {**AIRFLOW_EVENT, "reason": "dies"}
    parts = site.worker.parts
    died: list[str] = []
    fetch = Client.fetch

    def die(self: Client, *args: Any, **kwargs: Any) -> Any:
        if len(wired.engines["airflow"].asked) >= stop_at:
            died.append("here")
            raise _DeadError
        return fetch(self, *args, **kwargs)

    with site.worker.paused():
        accepted = send(site, "airflow", event)
        stop_at = len(wired.engines["airflow"].asked) + 9
        monkeypatch.setattr(Client, "fetch", die)
        pending = parts.outbox.pending(accepted["id"], 0)
        assert pending is not None
        record = parts.records.read(pending.workflow.id, pending.execution.id, pending.digest)
        with pytest.raises(_DeadError):
            parts.completion.complete(record, pending, lambda: None)
        monkeypatch.undo()
        assert site.client.get(f"/v1/exports/{accepted['id']}").json()["status"] == "queued"
    assert died == ["here"]
    ready = site.settled(accepted)
    assert ready["status"] == "ready", ready
    assert len(archive_of(ready).namelist()) == FILES["airflow"]


class _DeadError(BaseException):
    """The end of a worker, in the middle of whatever it did."""


def test_an_engine_that_refuses_makes_a_failed_export_that_says_why(wired: Wired) -> None:
    server, event = wired.engines["n8n"], {**N8N_EVENT, "executionId": "6"}
    server.before = lambda _: Reply(401)
    failed = wired.site.settled(send(wired.site, "n8n", event))
    server.before = lambda _: None
    assert failed["status"] == "failed"
    assert failed["error"]["field"] == "RUNFOLIO_SOURCE_N8N_TOKEN"
    assert KEY not in str(failed)
    path = f"/v1/workflows/{quote(failed['workflow']['id'], safe='')}/executions/6/exports"
    again = wired.site.client.post(path, json={}).json()
    assert wired.site.settled(again)["status"] == "ready"


def test_an_instance_without_a_source_is_refused_with_the_settings_name(wired: Wired) -> None:
    asked = sum(len(server.asked) for server in wired.engines.values())
    answer = wired.site.client.post("/v1/engines/n8n/events", json=N8N_EVENT, params={"instance": "other"})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:runfolio:problem:invalid-record")
    assert "RUNFOLIO_SOURCE_N8N_URL" in answer.json()["remedy"]
    told = wired.site.client.post("/v1/engines/github/events", json=GITHUB_EVENT, params={"instance": "other"})
    assert told.status_code == 202
    assert wired.site.settled(told.json()["exports"][0])["progress"]["total"] == 0
    assert sum(len(server.asked) for server in wired.engines.values()) == asked


def test_the_gateway_asks_nobody(wired: Wired) -> None:
    asked = {name: len(server.asked) for name, server in wired.engines.items()}
    with wired.site.worker.paused():
        for engine, payload in EVENTS.items():
            send(wired.site, engine, payload, format="html")
        assert {name: len(server.asked) for name, server in wired.engines.items()} == asked
    eventually(lambda: wired.site.app.state.gateway.board.queue.oldest_queued(EXPORT_QUEUE) is None)
