"""The page of all exports."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from producer.access.tokens import Scope
from tests.browser.axe import violations
from tests.browser.conftest import log_in
from tests.browser.examples import assistant, called_back, tell
from tests.browser.watching import Watch
from tests.fakes import Receiver, Reply
from tests.integration.gateway.examples import unique
from tests.integration.gateway.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("watch")]


def exported(web: Site) -> str:
    """Export an execution as it arrives, and return its id."""
    event = assistant()
    event["data"]["export"] = {"format": "html", "combine": True}
    web.ready(event)
    return str(event["data"]["execution"]["id"])


def row_of(page: Page, execution_id: str) -> Locator:
    return page.get_by_role("row").filter(has_text=execution_id)


def test_an_export_is_listed_with_its_facts(person: Page, web: Site, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=web.url)
    execution_id = exported(web)
    person.goto(f"{web.url}/")
    person.get_by_role("navigation", name="Site").get_by_role("link", name="Exports").click()
    row = row_of(person, execution_id)
    for words in ("Virtual assistant", "ready", "HTML, combined", "by admin", "KB", "in 7 days"):
        expect(row).to_contain_text(words)
    row.get_by_role("button", name="Copy link").click()
    expect(row.get_by_role("button", name="Copied")).to_be_visible()
    link = person.evaluate("navigator.clipboard.readText()")
    assert web.client.get(link).status_code == 302


def test_downloads_are_counted(person: Page, web: Site) -> None:
    event = assistant()
    event["data"]["export"] = {}
    export = web.ready(event)
    for _ in range(3):
        assert web.client.get(export["download_url"]).status_code == 302
    row = row_of(person, event["data"]["execution"]["id"])
    for _ in range(20):
        person.goto(f"{web.url}/exports")
        if "3" in row.get_by_role("cell").nth(6).inner_text():
            break
        person.wait_for_timeout(250)
    expect(row.get_by_role("cell").nth(6)).to_have_text("3")


def test_revoking_ends_a_link_and_exporting_again_makes_a_new_one(person: Page, web: Site) -> None:
    execution_id = exported(web)
    person.goto(f"{web.url}/exports")
    row = row_of(person, execution_id)
    link = row.get_by_role("button", name="Copy link").get_attribute("data-copy-text")
    assert link is not None
    row.get_by_role("button", name=f"Revoke {execution_id}").click()
    dialog = person.get_by_role("dialog", name="Revoke this export?")
    dialog.get_by_role("button", name="Keep it").click()
    expect(row).to_contain_text("ready")
    row.get_by_role("button", name=f"Revoke {execution_id}").click()
    dialog.get_by_role("button", name="Revoke").click()
    expect(person.get_by_role("status").first).to_contain_text("Its link does not work any more.")
    expect(row).to_contain_text("deleted")
    assert web.client.get(link).status_code == 410
    with person.expect_download() as download:
        row.get_by_role("button", name="Export again").click()
    assert download.value.suggested_filename.endswith(f"{execution_id}.zip")
    person.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(row).to_contain_text("ready")
    new = row.get_by_role("button", name="Copy link").get_attribute("data-copy-text")
    assert new != link
    assert web.client.get(link).status_code == 410
    assert web.client.get(str(new)).status_code == 302


def test_an_export_under_way_changes_by_itself(person: Page, web: Site) -> None:
    event = assistant()
    del event["data"]["export"]
    with web.worker.paused():
        web.sent(event)
        person.goto(f"{web.url}/exports")
        row = row_of(person, event["data"]["execution"]["id"])
        expect(row).to_contain_text("queued")
    expect(row).to_contain_text("ready", timeout=10_000)


def test_states_are_filtered(person: Page, web: Site) -> None:
    execution_id = exported(web)
    person.goto(f"{web.url}/exports")
    person.get_by_role("navigation", name="Filter by state").get_by_role("link", name="ready").click()
    expect(row_of(person, execution_id)).to_be_visible()
    person.get_by_role("link", name="expired").click()
    expect(row_of(person, execution_id)).to_have_count(0)


def test_without_the_scopes_there_is_only_what_may_be_done(page: Page, web: Site) -> None:
    execution_id = exported(web)
    log_in(page, web, web.tokens.create(unique("reader"), [Scope.READ], ["*"]))
    page.goto(f"{web.url}/exports")
    row = row_of(page, execution_id)
    expect(row.get_by_role("button")).to_have_count(1)
    expect(row.get_by_role("button", name=re.compile("Copy link"))).to_be_visible()


def test_deliveries_are_shown_and_made_again(person: Page, web: Site) -> None:
    with Receiver(Reply(410), Reply(204)) as gone, Receiver(Reply(204)) as fine:
        execution_id = called_back(web, gone, fine)
        person.goto(f"{web.url}/exports")
        row_of(person, execution_id).get_by_role("button", name=f"Deliveries of {execution_id}").click()
        dialog = person.get_by_role("dialog", name="Deliveries")
        expect(dialog.get_by_role("listitem").filter(has_text="delivered")).to_contain_text(fine.url(""))
        item = dialog.get_by_role("list", name="Callbacks").locator(":scope > li").filter(has_text=gone.url(""))
        for words in ("given up", "The receiver answered 410"):
            expect(item).to_contain_text(words)
        expect(dialog).not_to_contain_text("hunter2")
        assert violations(person) == []
        item.get_by_role("button", name=f"Deliver again to {gone.url('')}").click()
        expect(dialog.get_by_role("status")).to_have_text(f"Delivering again to {gone.url('')}.")
        expect(item).to_contain_text("waiting")
        export_id = export_of(web, execution_id)
        assert [one["status"] for one in tell(web, export_id)] == ["delivered", "delivered"]
        expect(item).to_contain_text("delivered", timeout=10_000)
        item.get_by_text("2 entries in the log").click()
        expect(item.get_by_role("listitem")).to_have_count(2)
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_have_count(0)
        assert len(gone.received) == 2
        assert len(fine.received) == 1


def export_of(web: Site, execution_id: str) -> str:
    """Return the id of an execution's export."""
    (found,) = [
        one["id"]
        for one in web.client.get("/v1/exports", params={"limit": 200}).json()["items"]
        if one["execution"]["id"] == execution_id
    ]
    return str(found)


def test_what_waits_tells_its_next_attempt(person: Page, web: Site) -> None:
    with Receiver(Reply(500)) as receiver:
        execution_id = called_back(web, receiver)
        person.goto(f"{web.url}/exports")
        button = row_of(person, execution_id).get_by_role("button", name=f"Deliveries of {execution_id}")
        button.press("Enter")
        dialog = person.get_by_role("dialog", name="Deliveries")
        for words in ("waiting", "The receiver answered 500.", "Next attempt"):
            expect(dialog).to_contain_text(words)
        assert dialog.get_by_text("Next attempt").get_by_role("time").get_attribute("datetime")
        person.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(button).to_be_focused()


def test_an_export_without_callbacks_has_no_such_button(person: Page, web: Site) -> None:
    execution_id = exported(web)
    person.goto(f"{web.url}/exports")
    expect(row_of(person, execution_id).get_by_role("button", name=re.compile("Deliveries"))).to_have_count(0)


def test_without_the_scope_deliveries_are_only_shown(page: Page, web: Site) -> None:
    with Receiver() as receiver:
        execution_id = called_back(web, receiver)
    log_in(page, web, web.tokens.create(unique("reader"), [Scope.READ], ["*"]))
    page.goto(f"{web.url}/exports")
    row_of(page, execution_id).get_by_role("button", name=f"Deliveries of {execution_id}").click()
    dialog = page.get_by_role("dialog", name="Deliveries")
    expect(dialog).to_contain_text("delivered")
    expect(dialog.get_by_role("button")).to_have_count(1)


def test_a_log_that_cannot_be_loaded_is_said(person: Page, web: Site, watch: Watch) -> None:
    watch.expected = ("503",)
    with Receiver() as receiver:
        execution_id = called_back(web, receiver)
    person.route("**/deliveries", lambda route: route.fulfill(status=503, json={"detail": "The storage is away."}))
    person.goto(f"{web.url}/exports")
    row_of(person, execution_id).get_by_role("button", name=f"Deliveries of {execution_id}").click()
    expect(person.get_by_role("dialog").get_by_role("alert")).to_have_text("The storage is away.")
