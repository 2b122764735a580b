"""Download links: /d/{token}."""

from __future__ import annotations

import io
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest

from producer.api import links
from producer.contract.errors import InvalidRecord
from producer.contract.export import State
from producer.contract.problem import problem_of
from producer.pages.static import asset
from tests.integration.gateway.examples import completed, path_of, step
from tests.integration.gateway.site import Site
from tests.integration.gateway.test_exports import events_of

pytestmark = pytest.mark.integration

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def assert_private(answer: httpx.Response) -> None:
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"


def fail(site: Site, export_id: str, reason: str) -> None:
    """Settle a queued export as failed, as a worker does."""
    outbox = site.app.state.gateway.exports.outbox
    pending = outbox.pending(export_id, 0)
    assert outbox.settle(pending.settle(State.FAILED, datetime.now(UTC), error=problem_of(InvalidRecord(reason))), None)
    outbox.forget_pending(pending)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", [{}, BROWSER])
def test_a_ready_link_redirects_to_the_archive(site: Site, method: str, headers: dict[str, str]) -> None:
    export = site.ready(completed(workflow_name="Jahresbericht für \U0001f984"))

    answer = httpx.request(method, export["download_url"], headers=headers)

    assert (answer.status_code, answer.content) == (302, b"")
    assert_private(answer)
    file = httpx.get(answer.headers["location"])
    assert file.headers["content-type"] == "application/zip"
    assert f"filename*=UTF-8''{quote(export['archive']['filename'])}" in file.headers["content-disposition"]
    assert len(file.content) == export["archive"]["size"]
    assert zipfile.ZipFile(io.BytesIO(file.content)).testzip() is None


def test_the_storage_address_is_signed_for_sixty_seconds(site: Site) -> None:
    export = site.ready(completed())

    address = httpx.URL(httpx.get(export["download_url"]).headers["location"])

    assert address.params["X-Amz-Expires"] == "60"


def test_a_browser_is_shown_progress_while_it_waits(site: Site) -> None:
    with site.worker.paused():
        export = site.sent(completed(workflow_name="<b>bold</b>"))
        answer = httpx.get(export["download_url"], headers=BROWSER)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert_private(answer)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "&lt;b&gt;bold&lt;/b&gt;" in answer.text
    assert "<b>bold" not in answer.text
    assert "0 of 1 steps" in answer.text
    for name in ("document.css", "app.css", "waiting.js", "icon.svg"):
        assert f'"{asset(name)}"' in answer.text
        assert httpx.get(f"{site.url}{asset(name)}").status_code == 200


def test_the_waiting_page_hears_state_and_progress_only(site: Site) -> None:
    with site.worker.paused():
        export = site.sent(completed(workflow_name="confidential name"))
        with httpx.stream("GET", f"{export['download_url']}/events", timeout=20) as answer:
            assert answer.status_code == 200
            assert_private(answer)
            events = events_of(answer)
            first = next(events)
            site.worker.resume()
            *_, last = events

    assert (first.event, first.data) == (
        "queued",
        {"status": "queued", "progress": {"done": 0, "total": 1}, "reason": None},
    )
    assert (last.event, last.data["progress"]) == ("ready", {"done": 1, "total": 1})
    assert last.data.keys() == {"status", "progress", "reason"}


def test_any_other_client_is_held_and_redirected(site: Site) -> None:
    with site.worker.paused():
        export = site.sent(completed())
        with ThreadPoolExecutor() as pool:
            held = [
                pool.submit(httpx.request, method, export["download_url"], timeout=40) for method in ("GET", "HEAD")
            ]
            time.sleep(0.3)
            assert not any(one.done() for one in held)
            site.worker.resume()
            answers = [one.result(20) for one in held]

    assert [answer.status_code for answer in answers] == [302, 302]


def test_a_client_that_was_held_long_enough_is_told_to_come_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "HOLD", 0.3)
    with site.worker.paused():
        export = site.sent(completed(steps=[step(), step()]))
        answer = httpx.get(export["download_url"])

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert_private(answer)
    problem = answer.json()
    assert (problem["type"], problem["detail"]) == ("urn:runfolio:problem:not-ready", "0 of 2 steps are done.")


def test_a_failed_export_tells_the_reason(site: Site) -> None:
    with site.worker.paused():
        export = site.sent(completed())
        fail(site, export["id"], "Step 7 cannot be rendered.")
        answer = httpx.get(export["download_url"])
        page = httpx.get(export["download_url"], headers=BROWSER)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (page.status_code, page.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert_private(answer)
    assert_private(page)
    assert "Step 7 cannot be rendered." in answer.json()["detail"]
    assert "Step 7 cannot be rendered." in page.text


def expire(site: Site, export_id: str) -> None:
    """Let a link's time pass."""
    outbox = site.app.state.gateway.exports.outbox
    settled = site.facts(export_id)
    assert outbox.settle(settled.facts.replace(expires_at=datetime.now(UTC) - timedelta(seconds=1)), settled)


@pytest.mark.parametrize("end", ["expired", "failed"])
def test_what_has_ended_stays_so_until_somebody_asks_for_it_again(site: Site, end: str) -> None:
    event = completed()
    with site.worker.paused():
        export = site.sent(event)
        if end == "failed":
            fail(site, export["id"], "No reason.")
    if end == "expired":
        site.settled(export)
        expire(site, export["id"])

    followed = httpx.get(export["download_url"])
    redelivered = site.sent(event)
    asked = site.client.post(f"{path_of(event)}/exports", json={})
    revived = site.settled(asked.json())

    assert followed.status_code == (410 if end == "expired" else 422)
    assert "again" in followed.json()["remedy"]
    assert (redelivered["id"], redelivered["status"]) == (export["id"], end)
    assert (asked.status_code, asked.json()["id"]) == (202, export["id"])
    assert revived["status"] == "ready"
    assert httpx.get(export["download_url"]).status_code == 410
    assert httpx.get(revived["download_url"]).status_code == 302


@pytest.mark.parametrize("token", ["x", "A" * 64, "A" * 63, "%20", "a%2Fb", "\U0001f984"])
@pytest.mark.parametrize("headers", [{}, BROWSER])
def test_an_unknown_token_is_not_found(site: Site, token: str, headers: dict[str, str]) -> None:
    answer = httpx.get(f"{site.url}/d/{token}", headers=headers)
    events = httpx.get(f"{site.url}/d/{token}/events", headers=headers)

    assert (answer.status_code, events.status_code) == (404, 404)
    assert_private(answer)
    assert_private(events)


def test_every_tampered_token_is_not_found(site: Site) -> None:
    link = site.ready(completed())["download_url"]
    address, _, token = link.rpartition("/")

    with httpx.Client() as client:
        for position, letter in enumerate(token):
            other = "B" if letter == "A" else "A"
            answer = client.get(f"{address}/{token[:position]}{other}{token[position + 1 :]}")
            assert answer.status_code == 404, position


def test_a_link_takes_no_other_method(site: Site) -> None:
    link = site.ready(completed())["download_url"]

    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = httpx.request(method, link)
        assert (answer.status_code, answer.json()["status"]) == (405, 405)
        assert_private(answer)
