"""Logging in, finding an execution, looking at it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from producer.access.tokens import Scope
from tests.browser.conftest import log_in
from tests.browser.examples import LONG_INPUT, assistant, at, page_of, stored, workflow_page_of
from tests.browser.watching import Watch
from tests.integration.board.examples import execution
from tests.integration.gateway.examples import completed, started, step, unique
from tests.integration.gateway.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("watch")]


def test_a_token_logs_in_and_log_out_ends_it(page: Page, web: Site, watch: Watch) -> None:
    page.goto(f"{web.url}/exports")
    expect(page).to_have_title("Log in · Runfolio")
    page.get_by_label("Token").fill("rf_wrong")
    watch.expected = ("401",)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("not known here")
    page.get_by_label("Token").fill(web.token)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Exports")).to_be_visible()
    expect(page.get_by_text("Logged in as admin")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.goto(f"{web.url}/exports")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_login_link_works_once(page: Page, web: Site, watch: Watch, context: BrowserContext) -> None:
    link = web.client.post("/v1/login-links").json()["url"]
    page.goto(link)
    expect(page.get_by_role("heading", name="Workflows")).to_be_visible()
    assert "code" not in page.url
    context.clear_cookies()
    watch.expected = ("401",)
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_role("alert")).to_contain_text("used already")


def test_a_workflow_is_found_by_its_name(person: Page, web: Site) -> None:
    name = f"Quarterly {unique('report')}"
    event = stored(web, assistant(name))
    person.goto(f"{web.url}/")
    person.get_by_label("Search workflows by name or id").fill(name[3:].upper())
    person.keyboard.press("Enter")
    card = person.get_by_role("listitem").filter(has_text=name)
    expect(card).to_contain_text("1 execution")
    expect(card).to_contain_text("failed")
    person.get_by_role("link", name=name).click()
    expect(person.get_by_role("heading", level=1, name=name)).to_be_visible()
    row = person.get_by_role("row").filter(has_text=event["data"]["execution"]["id"])
    expect(row).to_contain_text("failed")
    expect(row).to_contain_text("Write a report on the sales.")
    expect(row).to_contain_text("ann@example.org")
    row.get_by_role("link", name="View").click()
    expect(person.get_by_text(event["data"]["execution"]["id"], exact=True)).to_be_visible()


def test_a_search_that_finds_nothing_says_so(person: Page, web: Site) -> None:
    person.goto(f"{web.url}/?q=there-is-no-such-workflow")
    expect(person.get_by_text("No workflow matches")).to_be_visible()
    person.get_by_role("link", name="Show all workflows").click()
    expect(person).to_have_url(f"{web.url}/")


def test_executions_are_filtered_and_paged(person: Page, web: Site) -> None:
    workflow = f"paged:{unique()}"
    for number in range(60):
        status = "failed" if number % 2 else "succeeded"
        stored(web, completed(workflow, f"run-{number:02d}", status=status, export=[]))
    person.goto(f"{web.url}{workflow_page_of(completed(workflow))}")
    expect(person.get_by_role("row")).to_have_count(51)
    person.get_by_role("link", name="Older executions").click()
    expect(person.get_by_role("row")).to_have_count(11)
    person.get_by_role("link", name="Newest").click()
    expect(person.get_by_role("row")).to_have_count(51)
    person.get_by_role("navigation", name="Filter by status").get_by_role("link", name="failed").click()
    expect(person.get_by_role("row")).to_have_count(31)
    expect(person.get_by_role("cell", name="succeeded")).to_have_count(0)
    person.get_by_role("link", name="timed out").click()
    expect(person.get_by_text("No execution here is “timed out”")).to_be_visible()


def test_a_long_input_is_shown_in_full_on_hover_and_on_focus(person: Page, web: Site) -> None:
    event = stored(web, assistant(input=LONG_INPUT))
    person.goto(f"{web.url}{workflow_page_of(event)}")
    cell = person.get_by_text("Write a report on the sales of the northern region.").first
    expect(person.get_by_text("That is all.")).to_have_count(0)
    cell.hover()
    expect(person.get_by_role("tooltip")).to_contain_text("That is all.")
    person.mouse.move(0, 0)
    expect(person.get_by_role("tooltip")).to_be_hidden()
    cell.focus()
    expect(person.get_by_role("tooltip")).to_contain_text("That is all.")
    person.keyboard.press("Escape")
    expect(person.get_by_role("tooltip")).to_be_hidden()


def test_a_running_execution_cannot_be_exported_and_says_why(person: Page, web: Site) -> None:
    workflow = f"running:{unique()}"
    assert web.send(started(workflow, "run-1")).status_code == 202
    person.goto(f"{web.url}{workflow_page_of(completed(workflow))}")
    expect(person.get_by_role("button", name="Download run-1")).to_be_disabled()
    person.get_by_role("link", name="View run-1").click()
    button = person.get_by_role("button", name="Export as")
    expect(button).to_be_disabled()
    expect(button).to_have_accessible_description("It is running, and can be exported when it has completed.")


def test_an_execution_shows_what_happened(person: Page, web: Site, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=web.url)
    event = stored(web, assistant())
    person.goto(f"{web.url}{page_of(event)}")
    expect(person.get_by_role("heading", name="Execution input")).to_be_visible()
    summary = person.locator("dl")
    for words in ("failed", "ann@example.org", "2025-04-09 14:59:56 UTC", "1 min", "6 steps"):
        expect(summary).to_contain_text(words)
    person.get_by_role("button", name="Copy the execution's id").click()
    expect(person.get_by_role("button", name="Copied")).to_be_visible()
    assert person.evaluate("navigator.clipboard.readText()") == event["data"]["execution"]["id"]


def test_the_history_leads_to_the_other_executions(person: Page, web: Site) -> None:
    event = stored(web, assistant(input="The first one"))
    later = assistant(input="The second one", started_at=at(3600), finished_at=at(3660))
    later["data"]["workflow"] = event["data"]["workflow"]
    stored(web, later)
    person.goto(f"{web.url}{page_of(event)}")
    history = person.get_by_role("navigation", name="History")
    expect(history.get_by_role("listitem")).to_have_count(2)
    expect(history.locator("[aria-current=page]")).to_contain_text("The first one")
    history.get_by_role("link").filter(has_text="The second one").click()
    expect(person.get_by_text(later["data"]["execution"]["id"], exact=True)).to_be_visible()


def test_the_timeline_has_a_bar_for_each_run(person: Page, web: Site) -> None:
    event = stored(web, assistant())
    person.goto(f"{web.url}{page_of(event)}")
    timeline = person.get_by_role("img", name="Timeline: 5 runs of 4 steps, 1 failed.")
    expect(timeline.locator("rect")).to_have_count(5)
    expect(timeline.locator("rect.is-failed")).to_have_count(1)
    heights = [timeline.locator("rect").nth(number).get_attribute("y") for number in range(5)]
    assert heights[1] == heights[2], "The runs of one step share a lane."
    boxes = [timeline.locator("rect").nth(number).bounding_box() for number in (0, 1, 3, 2)]
    starts = [box["x"] for box in boxes if box]
    assert starts == sorted(starts)
    expect(person.get_by_text("1 step has no times")).to_be_visible()
    timeline.locator("rect").nth(3).click()
    line = person.locator("details").filter(has=person.get_by_role("heading", name="Rewrite"))
    expect(line).to_contain_text("The north grew by 12 %.")
    expect(person).to_have_url(re.compile("#step-3$"))


def test_steps_open_and_close(person: Page, web: Site) -> None:
    event = stored(web, assistant())
    person.goto(f"{web.url}{page_of(event)}")
    lines = person.locator("details.line")
    expect(lines).to_have_count(6)
    # What went wrong is open from the start; the output is not far, but not in the way.
    expect(lines.nth(4)).to_contain_text("mailbox full")
    expect(person.get_by_text("Write a first version.")).to_be_hidden()
    lines.nth(0).get_by_role("heading", name="Draft").click()
    expect(lines.nth(0).get_by_role("cell", name="North")).to_be_visible()
    expect(lines.nth(0).locator("input[type=checkbox]")).to_be_disabled()
    person.get_by_role("button", name="Expand all").click()
    expect(lines.nth(3)).to_contain_text("It reads well.")
    assert lines.evaluate_all("lines => lines.every(line => line.open)")
    person.get_by_role("button", name="Collapse all").click()
    assert not lines.evaluate_all("lines => lines.some(line => line.open)")


def test_a_link_to_a_step_opens_it(person: Page, web: Site) -> None:
    event = stored(web, assistant())
    person.goto(f"{web.url}{page_of(event)}#step-3")
    expect(person.locator("details.line").nth(2)).to_contain_text("The north grew by 12 %.")


@pytest.mark.slow
def test_ten_thousand_steps_open_at_once_and_load_as_one_scrolls(person: Page, web: Site) -> None:
    steps = [
        step(f"step {number % 50}", started_at=at(number), finished_at=at(number + 1), output=f"needle {number}")
        for number in range(10_000)
    ]
    fresh = [stored(web, completed(f"large:{unique()}", steps=steps, export=[])) for _ in range(3)]

    def opening() -> None:
        person.goto(f"{web.url}{page_of(fresh.pop())}", wait_until="domcontentloaded")
        expect(person.locator("details.line").first).to_be_visible()

    assert seconds_of(person, web, opening) < 1.0
    expect(person.locator(".bars rect")).to_have_count(10_000)
    assert person.locator("details.line").count() < 1_000
    person.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    # By its place, not by its words: to look for words reads the ten thousand bars each time.
    last = person.locator(".chunk").last.locator("details.line").last
    expect(last.locator(".number")).to_have_text("10,000")
    last.locator("summary").click()
    expect(last).to_contain_text("needle 9999")
    person.evaluate("location.hash = '#step-5001'")
    expect(person.locator(".chunk").nth(50).locator("details.line").first).to_contain_text("needle 5000")
    person.get_by_role("button", name="Expand all").click()
    expect(person.locator("details.line").first).to_contain_text("needle 0")
    assert person.locator(".content article").count() < 500, "Only what is in sight is loaded."


@pytest.mark.slow
def test_a_workflow_of_many_executions_is_fast(person: Page, web: Site) -> None:
    workflow = f"many:{unique()}"
    seeded(web, workflow, 100_000)

    def opening() -> None:
        person.goto(f"{web.url}{workflow_page_of(completed(workflow))}", wait_until="domcontentloaded")
        expect(person.get_by_role("row")).to_have_count(51)

    assert seconds_of(person, web, opening) < 1.0
    expect(person.get_by_text("100,000 executions")).to_be_visible()
    for _ in range(3):
        person.get_by_role("link", name="Older executions").click()
    expect(person.get_by_role("row")).to_have_count(51)


def seconds_of(person: Page, web: Site, opening: Callable[[], None]) -> float:
    """Time the opening of a page: the quickest of three, for what else the machine does can only add to it."""
    times = []
    for _ in range(3):
        person.goto(f"{web.url}/")
        began = time.monotonic()
        opening()
        times.append(time.monotonic() - began)
    return min(times)


def seeded(web: Site, workflow: str, count: int) -> None:
    """List executions as the sweeper's rebuild does, without storing each."""
    board = web.app.state.gateway.board
    for number in range(count):
        board.executions.put(execution(number, workflow_id=workflow))


def test_a_token_without_the_scope_is_told_on_the_page(page: Page, web: Site) -> None:
    token = web.tokens.create(unique("reader"), [Scope.READ], ["*"])
    event = stored(web, assistant())
    log_in(page, web, token)
    page.goto(f"{web.url}{page_of(event)}")
    button = page.get_by_role("button", name="Export as")
    expect(button).to_be_disabled()
    expect(button).to_have_accessible_description("Your token does not have the scope “export”.")
