"""What a download link shows to a person, from the first second to long after its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, expect

from producer.contract.export import State
from producer.contract.problem import Problem
from tests.browser.conftest import log_in
from tests.browser.examples import assistant, page_of
from tests.browser.watching import Watch
from tests.integration.gateway.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("watch")]


def exported() -> dict[str, Any]:
    """An execution that is exported as it arrives."""
    event = assistant()
    del event["data"]["export"]
    return event


def test_the_page_waits_and_then_downloads(page: Page, web: Site) -> None:
    event = exported()
    with web.worker.paused():
        export = web.sent(event)
        page.goto(export["download_url"])
        expect(page.get_by_role("heading", name="Preparing your download")).to_be_visible()
        expect(page.get_by_text("Virtual assistant")).to_be_visible()
        expect(page.get_by_role("status")).to_contain_text("0 of 6 steps")
        with page.expect_download() as download:
            web.worker.resume()
    assert download.value.suggested_filename.startswith("Virtual assistant_2025-04-09_14_59_56_")
    expect(page.get_by_role("heading", name="Your download has started")).to_be_visible()


def test_a_ready_link_downloads_at_once(page: Page, web: Site) -> None:
    export = web.ready(exported())
    with page.expect_download() as download:
        page.evaluate("address => { location.href = address; }", export["download_url"])
    assert download.value.suggested_filename == export["archive"]["filename"]


def test_a_revoked_link_leads_to_the_execution(page: Page, web: Site, watch: Watch) -> None:
    event = exported()
    export = web.ready(event)
    assert web.client.delete(f"/v1/exports/{export['id']}").status_code == 204
    watch.expected = ("410",)
    answer = page.goto(export["download_url"])
    assert answer is not None
    assert answer.status == 410
    expect(page.get_by_role("heading", name="The link is no longer valid")).to_be_visible()
    expect(page.get_by_text("This download was revoked.")).to_be_visible()
    page.get_by_role("link", name="Open the execution and export it again").click()
    page.get_by_label("Token").fill(web.token)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{web.url}{page_of(event)}")
    expect(page.get_by_role("button", name="Export as")).to_be_enabled()


def test_an_expired_link_says_so(page: Page, web: Site, watch: Watch) -> None:
    export = web.ready(exported())
    settle_as(web, export, status=State.EXPIRED)
    watch.expected = ("410",)
    page.goto(export["download_url"])
    expect(page.get_by_text("has expired")).to_be_visible()
    expect(page.get_by_role("link", name="Open the execution and export it again")).to_be_visible()


def test_a_failed_export_tells_its_reason(page: Page, web: Site, watch: Watch) -> None:
    export = web.ready(exported())
    reason = Problem("urn:runfolio:problem:internal", "Internal error", 500, "The disk is full.")
    settle_as(web, export, status=State.FAILED, error=reason, archive=None, expires_at=None)
    watch.expected = ("422",)
    page.goto(export["download_url"])
    expect(page.get_by_role("heading", name="The export failed")).to_be_visible()
    expect(page.get_by_text("The disk is full.")).to_be_visible()
    expect(page.get_by_role("link", name="Open the execution and export it again")).to_be_visible()


def settle_as(web: Site, export: dict[str, Any], **changes: Any) -> None:
    """Write other facts of an export, as a worker or the sweeper would."""
    outbox = web.app.state.gateway.exports.outbox
    settled = web.facts(export["id"])
    facts = msgspec.structs.replace(settled.facts, settled_at=datetime.now(UTC), **changes)
    assert outbox.settle(facts, settled)


def test_an_unknown_link_is_told_from_a_dead_one(page: Page, web: Site, watch: Watch) -> None:
    watch.expected = ("404",)
    page.goto(f"{web.url}/d/{'A' * 64}")
    expect(page.get_by_text("There is no such download.")).to_be_visible()
    expect(page.get_by_text("Check that the link was copied whole.")).to_be_visible()


def test_an_address_where_nothing_is_leads_back(page: Page, web: Site, watch: Watch) -> None:
    log_in(page, web)
    watch.expected = ("404",)
    page.goto(f"{web.url}/no/such/page")
    page.get_by_role("link", name="Go to all workflows").click()
    expect(page.get_by_role("heading", name="Workflows")).to_be_visible()
