"""Health, metrics, description, headers, and answers to what is not there."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from openapi_spec_validator import validate
from prometheus_client.parser import text_string_to_metric_families

from producer.contract.board.exports import ExportBoard
from producer.contract.errors import BrokerUnavailable
from producer.contract.export import State
from producer.contract.tasks import EXPORT_QUEUE
from tests.integration.gateway.examples import completed, unique
from tests.integration.gateway.site import Site, eventually

pytestmark = pytest.mark.integration


class Addresses(HTMLParser):
    """Collects what a page loads and links to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "script" or any(name == "src" for name, _ in attrs), "The policy lets no inline script run."
        self.found += [value or "" for name, value in attrs if name in {"src", "href"}]


def test_the_gateway_is_alive_and_ready(site: Site) -> None:
    alive = httpx.get(f"{site.url}/healthz")
    ready = httpx.get(f"{site.url}/readyz")

    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/v1/workflows", "/static/page.css", "/nowhere"])
def test_head_answers_as_get_does_without_a_body(site: Site, path: str) -> None:
    got, headed = site.client.get(path), site.client.head(path)

    assert (headed.status_code, headed.content) == (got.status_code, b"")
    assert headed.headers["content-type"] == got.headers["content-type"]


def test_head_of_an_event_stream_ends(site: Site) -> None:
    with site.worker.paused():
        export = site.sent(completed())
        answer = site.client.head(f"/v1/exports/{export['id']}/events", timeout=3)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert site.client.get("/healthz", timeout=3).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v1", 404),
        ("GET", "/v1/exports/", 404),
        ("GET", "/static/../app.py", 404),
        ("GET", "/static/none.css", 404),
        ("GET", "/%00", 404),
        ("PUT", "/v1/events", 405),
        ("GET", "/v1/events", 405),
        ("OPTIONS", "/v1/exports", 405),
        ("PROPFIND", "/v1/exports", 405),
    ],
)
def test_what_is_not_there_is_a_problem(site: Site, method: str, path: str, status: int) -> None:
    answer = site.client.request(method, path)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:runfolio:problem:")
    assert problem["title"]
    assert problem["detail"]
    assert ("allow" in answer.headers) == (status == 405)


def test_a_method_that_is_not_taken_is_told_those_that_are(site: Site) -> None:
    assert site.client.post("/healthz").headers["allow"] == "GET, HEAD"
    assert site.client.get("/v1/events").headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/openapi.json", "/static/page.css", "/v1/exports", "/nowhere"])
def test_every_answer_has_safe_headers(site: Site, path: str) -> None:
    answer = site.client.get(path)

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "strict-transport-security" not in answer.headers, "the site is not HTTPS"
    assert "server" not in answer.headers
    assert answer.headers.get("cache-control") == ("no-store" if path.startswith("/v1/") else None)


def test_the_docs_page_loads_everything_from_here(site: Site) -> None:
    page = httpx.get(f"{site.url}/docs")
    addresses = Addresses(page.text).found

    assert len(addresses) >= 4
    assert "script-src 'self';" in page.headers["content-security-policy"]
    for address in addresses:
        assert not urlsplit(address).netloc
        assert httpx.get(site.url + address).status_code == 200
    assert "http" not in re.sub(r"http-equiv", "", page.text)


def test_the_description_is_valid_and_describes_bodies(site: Site) -> None:
    description: dict[str, Any] = httpx.get(f"{site.url}/openapi.json").json()

    validate(description)
    assert description["openapi"].startswith("3.0.")  # Later versions are not read by the bundled page.
    paths = description["paths"]
    content = paths["/v1/events"]["post"]["requestBody"]["content"]
    assert content.keys() == {
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "application/json",
        "application/x-ndjson",
    }
    export = paths["/v1/exports/{export_id}"]["get"]["responses"]
    assert export["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ListedExport"}
    schemas = description["components"]["schemas"]
    assert {*schemas["ListedExport"]["properties"]} == {*schemas["Export"]["properties"], "requested_by", "downloads"}
    assert "application/problem+json" in export["default"]["content"]
    operations = [one for path in paths.values() for one in path.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)


def test_the_record_schema_is_served(site: Site) -> None:
    answer = httpx.get(f"{site.url}/v1/schemas/execution-record.json")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/schema+json")
    assert answer.json()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def samples(site: Site) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = site.client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_metrics_count_requests_events_exports_and_bytes(site: Site) -> None:
    before = samples(site)
    site.ready(completed(export={"format": "html"}))
    site.send(completed(status="running"))
    site.client.get(f"/v1/workflows/{unique()}/executions")
    site.client.get(f"/{unique('nowhere')}")
    after = samples(site)

    def grown(name: str, **labels: str) -> float:
        key = (name, frozenset(labels.items()))
        return after.get(key, 0) - before.get(key, 0)

    requests = "runfolio_http_request_duration_seconds_count"
    assert grown("runfolio_events_total", via="structured", outcome="accepted") == 1
    assert grown("runfolio_events_total", via="structured", outcome="not-completed") == 1
    assert grown("runfolio_exports_requested_total", by="event", format="html") == 1
    assert grown("runfolio_http_received_bytes_total") > 500
    assert grown(requests, method="POST", route="/v1/events", status="202") == 1
    template = "/v1/workflows/{workflow_id:segment}/executions"
    assert grown(requests, method="GET", route=template, status="200") == 1
    assert grown(requests, method="GET", route="none", status="404") == 1
    assert "process_resident_memory_bytes" in {name for name, _ in after}


def test_what_clients_send_never_becomes_a_label(site: Site) -> None:
    mark = unique("mark")
    site.client.request("PROPFIND", f"/{mark}")
    site.client.get(f"/v1/workflows/{mark}/executions")
    site.client.post(f"/v1/engines/{mark}/events", json={})

    text = site.client.get("/metrics").text
    assert mark not in text
    assert "PROPFIND" not in text


def test_metrics_tell_the_standing_of_all_exports_and_queues(site: Site) -> None:
    def standing() -> tuple[float, float, float]:
        now = samples(site)
        keys = [
            ("runfolio_exports", frozenset({("status", "queued")})),
            ("runfolio_exports", frozenset({("status", "ready")})),
            ("runfolio_queue_messages", frozenset({("queue", EXPORT_QUEUE)})),
        ]
        return now[keys[0]], now[keys[1]], now[keys[2]]

    queued, ready, waiting = standing()
    with site.worker.paused():
        export = site.sent(completed())
        assert standing() == (queued + 1, ready, waiting + 1)
        age = ("runfolio_queue_age_seconds", frozenset({("queue", EXPORT_QUEUE)}))
        eventually(lambda: 0.2 < samples(site)[age] < 60)
    site.settled(export)
    assert standing() == (queued, ready + 1, waiting)
    assert samples(site)[age] == 0


def test_metrics_tell_no_standing_that_nobody_knows(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: object) -> dict[State, int]:
        raise BrokerUnavailable("The broker is switched off.")

    assert any(name == "runfolio_exports" for name, _ in samples(site))
    monkeypatch.setattr(ExportBoard, "counts", away)
    now = samples(site)
    assert not any(name in {"runfolio_exports", "runfolio_queue_messages"} for name, _ in now)
    assert any(name == "runfolio_http_received_bytes_total" for name, _ in now)
