"""POST /v1/events: three content modes, encodings, refusals."""

from __future__ import annotations

import base64
import gzip
import io
import json
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.integration.gateway.examples import NDJSON, STRUCTURED, completed, path_of, started, step, unique
from tests.integration.gateway.site import Site

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = pytest.mark.integration

PAYLOAD: Final = Path(__file__).parents[2] / "fixtures/engines/codemie/execution_with_states.json"


def lines_of(event: dict[str, Any]) -> bytes:
    data = {name: value for name, value in event["data"].items() if name != "steps"}
    return b"".join(json.dumps(line).encode() + b"\n" for line in [data, *event["data"]["steps"]])


def test_an_accepted_event_answers_its_exports_with_their_links(site: Site) -> None:
    event = completed()

    answer = site.send(event)

    assert answer.status_code == 202
    assert answer.headers["content-type"] == "application/json"
    (export,) = answer.json()["exports"]
    assert export["status"] in {"queued", "running", "ready"}
    assert export["workflow"] == {"id": event["data"]["workflow"]["id"], "name": "virtual assistant"}
    assert export["execution"] == {"id": event["data"]["execution"]["id"], "status": "succeeded"}
    assert export["options"] == {"format": "markdown", "combine": False, "include": [], "steps": "all"}
    assert export["download_url"].startswith(f"{site.url}/d/")
    assert export["progress"]["total"] == 1
    assert {"archive", "expires_at", "error", "created_at", "ready_at"} < export.keys()


def test_all_content_modes_name_the_same_export(site: Site) -> None:
    event = completed()
    body = json.dumps(event["data"]).encode()
    binary = {**NDJSON, "content-type": "application/json; charset=utf-8"}

    structured = site.sent(event)
    as_json = site.client.post("/v1/events", content=body, headers=binary)
    as_lines = site.client.post("/v1/events", content=lines_of(event), headers=NDJSON)
    batch = site.client.post(
        "/v1/events",
        content=json.dumps([event]),
        headers={"content-type": "application/cloudevents-batch+json"},
    )

    assert {as_json.status_code, as_lines.status_code, batch.status_code} == {202}
    assert as_json.json()["exports"][0]["id"] == structured["id"]
    assert as_lines.json()["exports"][0]["id"] == structured["id"]
    assert batch.json()["results"][0]["exports"][0]["id"] == structured["id"]


@pytest.mark.parametrize(
    ("coding", "compress"), [("gzip", gzip.compress), ("GZIP", gzip.compress), ("zstd", zstd.compress)]
)
def test_bodies_may_be_compressed(site: Site, coding: str, compress: Callable[[bytes], bytes]) -> None:
    event = completed()
    plain = site.sent(event)

    answer = site.client.post(
        "/v1/events", content=compress(lines_of(event)), headers={**NDJSON, "content-encoding": coding}
    )

    assert answer.status_code == 202, answer.text
    assert answer.json()["exports"][0]["id"] == plain["id"]


def test_a_torn_gzip_stream_is_malformed(site: Site) -> None:
    torn = gzip.compress(lines_of(completed()))[:-9]

    answer = site.client.post("/v1/events", content=torn, headers={**NDJSON, "content-encoding": "gzip"})

    assert (answer.status_code, answer.json()["type"]) == (400, "urn:runfolio:problem:malformed-body")


def test_a_chunked_stream_of_twenty_thousand_steps_is_exported(site: Site) -> None:
    event = completed(steps=[])

    def body() -> Iterator[bytes]:
        yield lines_of(event)
        for position in range(20_000):
            yield json.dumps(step(f"step {position % 50}", output=f"result {position}")).encode() + b"\n"

    answer = site.client.post("/v1/events", content=body(), headers=NDJSON)
    export = site.settled(answer.json()["exports"][0])

    assert export["status"] == "ready"
    assert export["progress"] == {"done": 20_000, "total": 20_000}
    assert export["archive"]["files"] == 20_000


def test_an_event_may_ask_for_several_exports_or_none(site: Site) -> None:
    several = site.send(completed(export=[{"format": "html"}, {"combine": True}])).json()["exports"]
    stored_only = completed(export=[])

    assert [export["options"]["format"] for export in several] == ["html", "markdown"]
    assert [export["options"]["combine"] for export in several] == [False, True]
    assert site.send(stored_only).json() == {"exports": []}
    assert site.client.get(path_of(stored_only)).status_code == 200


def test_a_batch_that_nobody_signed_is_refused_whole(site: Site) -> None:
    forged = {
        "content-type": "application/cloudevents-batch+json",
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(time.time())),
        "webhook-signature": "v1," + base64.b64encode(bytes(32)).decode(),
    }
    with httpx.Client(base_url=site.url) as stranger:
        answer = stranger.post("/v1/events", content=b"[{},{}]", headers=forged)
    assert (answer.status_code, "results" in answer.json()) == (401, False)


def test_a_batch_answers_each_event_in_order(site: Site) -> None:
    unfinished = completed(status="running")
    nameless = completed()
    del nameless["data"]["workflow"]
    batch = [completed(), unfinished, 7, nameless, completed(export=[])]

    answer = site.client.post(
        "/v1/events", content=json.dumps(batch), headers={"content-type": "application/cloudevents-batch+json"}
    )

    results = answer.json()["results"]
    assert answer.status_code == 202
    assert [*map(list, results)] == [["exports"], ["problem"], ["problem"], ["problem"], ["exports"]]
    assert results[1]["problem"]["status"] == 409
    assert results[2]["problem"]["status"] == 400
    assert results[3]["problem"]["status"] == 422
    assert results[4]["exports"] == []


@pytest.mark.parametrize("status", ["queued", "running", "waiting"])
def test_an_unfinished_execution_is_refused(site: Site, status: str) -> None:
    event = completed(status=status)

    answer = site.send(event)

    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:runfolio:problem:not-completed"
    assert problem["field"] == "execution.status"
    assert status in problem["detail"]
    assert problem["remedy"]
    assert site.client.get(path_of(event)).status_code == 404


@pytest.mark.parametrize("content_type", ["application/cloudevents+json", "application/x-ndjson"])
def test_a_started_execution_is_listed_until_it_completes(site: Site, content_type: str) -> None:
    workflow_id, execution_id = unique("workflow"), unique("execution")
    event = started(workflow_id, execution_id)

    if content_type == "application/x-ndjson":
        body, headers = lines_of({"data": {**event["data"], "steps": []}}), {**NDJSON, "ce-type": event["type"]}
    else:
        body, headers = json.dumps(event).encode(), STRUCTURED
    answer = site.client.post("/v1/events", content=body, headers=headers)
    listed = site.client.get(f"/v1/workflows/{workflow_id}/executions").json()["items"]
    refused = site.client.post(f"{path_of(event)}/exports", json={})
    site.ready(completed(workflow_id, execution_id))
    listed_then = site.client.get(f"/v1/workflows/{workflow_id}/executions").json()["items"]

    assert (answer.status_code, answer.json()) == (202, {"exports": []})
    assert [(one["execution_id"], one["status"]) for one in listed] == [(execution_id, "running")]
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:runfolio:problem:not-completed")
    assert [(one["execution_id"], one["status"]) for one in listed_then] == [(execution_id, "succeeded")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"steps": [step(), step("b", "done")]}, "steps[1].status"),
        ({"steps": [{"status": "succeeded"}]}, "steps[0].name"),
        ({"steps": None}, "steps"),
        ({"workflow": {"id": ""}}, "workflow.id"),
        ({"workflow": {"id": "x" * 1025}}, "workflow.id"),
        ({"execution": {"id": "..", "status": "failed"}}, "execution.id"),
        ({"secrets": "text"}, "secrets"),
    ],
)
def test_a_wrong_record_is_named_where_it_is_wrong(site: Site, change: dict[str, Any], field: str) -> None:
    event = completed()
    event["data"] = {**event["data"], **change}

    answer = site.send(event)

    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == field


def test_wrong_export_options_are_refused_and_nothing_is_stored(site: Site) -> None:
    event = completed(export=[{}, {"format": "pdf"}])

    answer = site.send(event)

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:runfolio:problem:invalid-options")
    assert answer.json()["field"] == "export[1].format"
    assert site.client.get(path_of(event)).status_code == 404


@pytest.mark.parametrize(
    ("headers", "body", "status", "name"),
    [
        ({"content-type": "text/plain"}, b"x", 415, "unsupported-media-type"),
        ({"content-type": "application/json"}, b"{}", 415, "unsupported-media-type"),
        ({}, b"", 415, "unsupported-media-type"),
        ({**STRUCTURED, "content-encoding": "br"}, b"{}", 415, "unsupported-media-type"),
        (STRUCTURED, b"{", 400, "malformed-body"),
        (STRUCTURED, b"\xff\xfe", 400, "malformed-body"),
        (STRUCTURED, b"[]", 400, "malformed-body"),
        (STRUCTURED, b"", 400, "malformed-body"),
        (STRUCTURED, b"{}", 422, "invalid-record"),
        (NDJSON, b"", 400, "malformed-body"),
        (NDJSON, b"\n\n", 400, "malformed-body"),
        ({**NDJSON, "ce-type": "other"}, b"{}", 422, "invalid-record"),
        ({**NDJSON, "ce-specversion": "2.0"}, b"{}", 422, "invalid-record"),
    ],
)
def test_what_is_no_event_is_a_problem(
    site: Site, headers: dict[str, str], body: bytes, status: int, name: str
) -> None:
    answer = site.client.post("/v1/events", content=body, headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:runfolio:problem:{name}")
    assert answer.json()["remedy"]


def test_a_step_above_its_limit_is_named(site: Site) -> None:
    event = completed(steps=[step(), step("big", output="x" * (17 * 1024 * 1024))])

    answer = site.client.post("/v1/events", content=lines_of(event), headers=NDJSON)

    assert (answer.status_code, answer.json()["field"]) == (413, "steps[1]")
    assert "MAX_STEP_BYTES" in answer.json()["remedy"]


def test_a_body_above_its_limit_is_refused(site: Site) -> None:
    event = completed(steps=[step(output="x" * 1024 * 1024) for _ in range(17)])

    answer = site.send(event)

    assert answer.status_code == 413
    assert "MAX_EVENT_BYTES" in answer.json()["remedy"]


def test_secrets_are_masked_before_anything_is_stored(site: Site) -> None:
    secret = "correct-horse-battery"
    event = completed(steps=[step(output=f"token is {secret}", log=secret)], secrets=[secret])
    event["data"]["execution"]["input"] = {"password": secret}

    export = site.ready(event)

    shown = site.client.get(path_of(event)).text
    content = httpx.get(export["download_url"], follow_redirects=True).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        written = archive.read("fetch_success.md").decode()
    stored = b"".join(
        site.objects.get(one.key).data for one in site.objects.list(f"executions/{event['data']['workflow']['id']}/")
    )
    assert secret not in shown
    assert secret not in written
    assert secret.encode() not in stored
    assert all("[masked]" in text for text in (shown, written, stored.decode()))


@pytest.mark.parametrize("engine", ["codemie", "auto"])
def test_an_engine_posts_its_own_payload(site: Site, engine: str) -> None:
    payload = json.loads(PAYLOAD.read_text())
    payload["execution"]["execution_id"] = unique("run")
    query: dict[str, Any] = {"format": "html", "include": ["manifest"], "instance": "prod-eu"}

    answer = site.client.post(f"/v1/engines/{engine}/events", json=payload, params=query)

    assert answer.status_code == 202, answer.text
    (export,) = answer.json()["exports"]
    assert export["workflow"]["id"].startswith("codemie@prod-eu:")
    assert (export["options"]["format"], export["options"]["include"]) == ("html", ["manifest"])
    assert site.settled(export)["status"] == "ready"


def test_an_unknown_engine_is_not_found(site: Site) -> None:
    answer = site.client.post("/v1/engines/nothing/events", json={})

    assert (answer.status_code, answer.json()["field"]) == (404, "engine")


def test_an_unknown_query_of_an_engine_is_refused(site: Site) -> None:
    answer = site.client.post("/v1/engines/auto/events", json={}, params={"fromat": "html"})

    assert (answer.status_code, answer.json()["field"]) == (422, "fromat")
