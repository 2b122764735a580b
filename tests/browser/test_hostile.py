"""Records of somebody who means harm: nothing of them runs, loads or hides anything, wherever they are shown."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import log_in
from tests.browser.examples import at, page_of, workflow_page_of
from tests.browser.watching import Watch
from tests.integration.gateway.examples import completed, unique
from tests.integration.gateway.site import Site
from tests.unit.contract.render.hostile import CORPUS

pytestmark = pytest.mark.browser

SCRIPT_RAN = "window.alert = () => { document.title = 'ran'; }"


def hostile(number: int, text: str) -> dict[str, Any]:
    """A step that holds a text in every field that takes one."""
    return {
        "name": f"{number} {text}",
        "status": "failed",
        "started_at": at(number),
        "finished_at": at(number + 1),
        "description": text,
        "input": {text: text},
        "output": text,
        "error": text,
        "log": f"\x1b[31m{text}\x1b[0m",
        "children": [{"name": text, "kind": text, "status": text, "input": text, "output": [text]}],
        text: text,
    }


def hostile_event() -> dict[str, Any]:
    everything = "\n\n".join(CORPUS)
    event = completed(
        f"hostile:{unique()}",
        workflow_name=CORPUS[0] + CORPUS[2],
        status="failed",
        steps=[hostile(number, text) for number, text in enumerate(CORPUS)],
        export=[{"format": "html", "combine": True, "include": ["reader"]}, {"format": "html"}],
    )
    event["data"]["execution"].update(
        triggered_by=CORPUS[3], input=everything, output=everything, error=everything, url="javascript:alert(1)"
    )
    return event


def test_nothing_of_a_record_runs_on_the_pages(page: Page, web: Site, watch: Watch) -> None:
    page.add_init_script(SCRIPT_RAN)
    event = hostile_event()
    assert web.send(event).status_code == 202
    log_in(page, web)
    expect(page.get_by_role("link", name=CORPUS[0])).to_be_visible()
    page.goto(f"{web.url}{workflow_page_of(event)}")
    page.locator(".input .cut").first.hover()
    expect(page.get_by_role("tooltip")).to_be_visible()
    page.goto(f"{web.url}{page_of(event)}")
    page.get_by_role("button", name="Expand all").click()
    lines = page.locator("details.line")
    expect(lines).to_have_count(len(CORPUS))
    for number in range(len(CORPUS)):
        lines.nth(number).scroll_into_view_if_needed()
        expect(lines.nth(number).locator("article")).to_be_attached()
    assert page.locator("a[href^='javascript' i], iframe, object, embed, form[action*=evil]").count() == 0
    page.get_by_role("button", name="Export as").click()
    expect(page.get_by_role("region", name="Preview")).to_contain_text("more")
    page.goto(f"{web.url}/exports")
    expect(page.get_by_role("row").filter(has_text=event["data"]["execution"]["id"])).to_have_count(2)
    assert "ran" not in page.title()
    assert watch.noticed == []


def test_nothing_of_a_record_runs_in_its_documents(
    page: Page, context: BrowserContext, web: Site, tmp_path: Path
) -> None:
    event = hostile_event()
    answer = web.send(event)
    for number, export in enumerate(answer.json()["exports"]):
        ready = web.settled(export)
        archive = tmp_path / f"{number}.zip"
        archive.write_bytes(web.client.get(ready["download_url"], follow_redirects=True).content)
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(tmp_path / str(number))
    context.add_init_script(SCRIPT_RAN)
    watching = Watch(page, (tmp_path.as_uri(),))
    files = sorted(tmp_path.glob("*/*.html"))
    assert len(files) == len(CORPUS) + 2
    for file in files:
        page.goto(file.as_uri())
        assert page.title() != "ran"
    page.goto((tmp_path / "0" / "index.html").as_uri())
    for number in range(1, len(CORPUS) + 1):
        page.evaluate("anchor => { location.hash = anchor; }", f"#step-{number}")
        expect(page.locator("main article")).to_have_id(f"step-{number}")
    assert page.title() != "ran"
    assert watching.noticed == []
