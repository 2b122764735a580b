"""From an execution to the file on one's disk."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.examples import assistant, page_of, stored, workflow_page_of
from tests.browser.watching import Watch
from tests.integration.gateway.examples import completed, step, unique
from tests.integration.gateway.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("watch")]


def dialog_of(page: Page) -> Locator:
    return page.get_by_role("dialog")


def saved(page: Page, folder: Path, button: Locator) -> zipfile.ZipFile:
    """Press a button and return the archive that the browser saves by itself."""
    with page.expect_download() as download:
        button.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return zipfile.ZipFile(path)


def test_an_execution_becomes_one_html_file(person: Page, web: Site, tmp_path: Path, context: BrowserContext) -> None:
    event = stored(web, assistant("Sales report"))
    person.goto(f"{web.url}{page_of(event)}")
    person.get_by_role("button", name="Export as").click()
    dialog = dialog_of(person)
    expect(dialog.get_by_role("radio", name="Markdown (.md)")).to_be_checked()
    dialog.get_by_role("radio", name="HTML (.html)").check()
    dialog.get_by_role("checkbox", name="Combine results into a single file").check()
    name = f"Sales report_2025-04-09_14_59_56_{event['data']['execution']['id']}"
    expect(dialog.get_by_role("region", name="Preview")).to_contain_text(f"{name}.zip")
    expect(dialog.get_by_role("region", name="Preview")).to_contain_text(re.compile("1 file, about .* KB: "))
    archive = saved(person, tmp_path, dialog.get_by_role("button", name="Export", exact=True))
    assert archive.namelist() == [f"{name}.html"]
    expect(dialog.get_by_role("heading", name="Ready")).to_be_visible()
    expect(dialog.get_by_role("status")).to_contain_text("The download has started: 1 file")
    archive.extractall(tmp_path)
    opened = context.new_page()
    opened.goto((tmp_path / f"{name}.html").as_uri())
    expect(opened.get_by_role("heading", level=1, name="Sales report")).to_be_visible()
    expect(opened.get_by_role("heading", name="Failures")).to_be_visible()
    expect(opened.get_by_role("cell", name="North")).to_be_visible()


def test_the_link_beside_the_download_is_the_same_archive(
    person: Page, web: Site, tmp_path: Path, context: BrowserContext
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=web.url)
    event = stored(web, assistant())
    person.goto(f"{web.url}{page_of(event)}")
    person.get_by_role("button", name="Export as").click()
    dialog = dialog_of(person)
    first = saved(person, tmp_path, dialog.get_by_role("button", name="Export", exact=True))
    assert len(first.namelist()) == 6
    dialog.get_by_role("button", name="Copy link").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    link = person.evaluate("navigator.clipboard.readText()")
    assert link == dialog.get_by_label("Download link").input_value()
    answer = web.client.get(link, headers={"Authorization": ""}, follow_redirects=True)
    assert answer.content == Path(first.filename or "").read_bytes()


def test_the_list_exports_too_and_the_preview_tells_the_truth(person: Page, web: Site, tmp_path: Path) -> None:
    event = stored(web, assistant())
    execution_id = event["data"]["execution"]["id"]
    person.goto(f"{web.url}{workflow_page_of(event)}")
    person.get_by_role("button", name=f"Download {execution_id}").click()
    dialog = dialog_of(person)
    preview = dialog.get_by_role("region", name="Preview")
    expect(preview).to_contain_text("6 files")
    expect(preview).to_contain_text("Draft_success.md, Review_1_success.md, Rewrite_success.md and 3 more")
    dialog.get_by_text("More options").click()
    dialog.get_by_role("checkbox", name="Failed steps only").check()
    expect(preview).to_contain_text("1 file,")
    expect(preview).to_contain_text("Publish_failed.md")
    dialog.get_by_role("checkbox", name="Include manifest").check()
    dialog.get_by_role("checkbox", name="Include offline reader").check()
    expect(preview).to_contain_text("3 files,")
    archive = saved(person, tmp_path, dialog.get_by_role("button", name="Export", exact=True))
    assert sorted(archive.namelist()) == ["Publish_failed.md", "index.html", "manifest.json"]
    assert json.loads(archive.read("manifest.json"))["options"]["steps"] == "failed"
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_the_progress_of_a_slow_export_is_live(person: Page, web: Site) -> None:
    steps = [step(f"step {number}", output="# Title\n\n" + "word *word* " * 800) for number in range(1_500)]
    event = stored(web, completed(f"slow:{unique()}", steps=steps, export=[]))
    person.goto(f"{web.url}{page_of(event)}")
    seen: list[str] = []

    def note(words: str) -> None:
        seen.append(words)

    person.expose_function("seen", note)
    person.evaluate(
        """() => new MutationObserver(() => window.seen(document.getElementById("export-words").textContent))
            .observe(document.getElementById("export-words"), { childList: true })"""
    )
    with web.worker.paused():
        person.get_by_role("button", name="Export as").click()
        dialog = dialog_of(person)
        dialog.get_by_role("radio", name="HTML (.html)").check()
        expect(dialog.get_by_role("region", name="Preview")).to_contain_text("step 0_success.html")
        dialog.get_by_role("button", name="Export", exact=True).click()
        expect(dialog.get_by_role("status")).to_contain_text("Waiting for a worker: 0 of 1,500 steps")
        with person.expect_download(timeout=60_000) as download:
            web.worker.resume()
    assert download.value.suggested_filename.endswith(".zip")
    expect(dialog.get_by_role("heading", name="Ready")).to_be_visible()
    counts = [int(found[1].replace(",", "")) for words in seen if (found := re.search(r"archive: ([\d,]+) of", words))]
    assert counts == sorted(counts)
    assert any(0 < count < 1_500 for count in counts), seen


def test_what_is_there_already_downloads_at_once(person: Page, web: Site, tmp_path: Path) -> None:
    event = assistant()
    event["data"]["export"] = {"format": "html"}
    web.ready(event)
    person.goto(f"{web.url}{page_of(event)}")
    person.get_by_role("button", name="Export as").click()
    dialog = dialog_of(person)
    dialog.get_by_role("radio", name="HTML (.html)").check()
    with web.worker.paused():
        archive = saved(person, tmp_path, dialog.get_by_role("button", name="Export", exact=True))
    assert len(archive.namelist()) == 6


def test_a_refusal_is_told_in_the_dialog(person: Page, web: Site, watch: Watch) -> None:
    event = stored(web, assistant())
    person.goto(f"{web.url}{page_of(event)}")
    watch.expected = ("503",)
    problem = {"title": "The storage does not answer", "status": 503, "detail": "It is away.", "remedy": "Try again."}
    person.route("**/exports", lambda route: route.fulfill(status=503, json=problem))
    person.get_by_role("button", name="Export as").click()
    dialog = dialog_of(person)
    dialog.get_by_role("button", name="Export", exact=True).click()
    expect(dialog.get_by_role("alert")).to_have_text("It is away. Try again.")
    person.unroute("**/exports")
    with person.expect_download():
        dialog.get_by_role("button", name="Export", exact=True).click()


def test_the_keyboard_alone_is_enough(page: Page, web: Site) -> None:
    name = f"Keyboard {unique()}"
    stored(web, assistant(name))
    page.goto(f"{web.url}/login")
    page.keyboard.type(web.token)  # The field has the focus already.
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Workflows")).to_be_visible()
    tab_to(page, page.get_by_label("Search workflows by name or id"))
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=*")
    tab_to(page, page.get_by_role("link", name=name))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name="View"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="Export as"))
    page.keyboard.press("Enter")
    dialog = dialog_of(page)
    expect(dialog.get_by_role("region", name="Preview")).to_contain_text("6 files")
    tab_to(page, dialog.get_by_role("radio", name="Markdown (.md)"))
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("radio", name="HTML (.html)")).to_be_checked()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Export as")).to_be_focused()
    page.keyboard.press("Enter")
    with page.expect_download() as download:
        tab_to(page, dialog.get_by_role("button", name="Export", exact=True))
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.startswith(name)
    expect(dialog.get_by_role("heading", name="Ready")).to_be_visible()
    page.keyboard.press("Escape")
    tab_to(page, page.locator("details.line").first.locator("summary"))
    page.keyboard.press("Enter")
    expect(page.locator("details.line").first).to_contain_text("Write a first version.")


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until something has the focus, as far as a person would."""
    target.wait_for()
    for _ in range(60):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"The keyboard does not reach {target}.")
