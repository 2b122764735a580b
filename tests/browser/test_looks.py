"""How the pages look: light, dark, narrow, and to those who do not see them."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.sync_api import Page

from tests.browser import axe
from tests.browser.conftest import missing
from tests.browser.examples import assistant
from tests.browser.gallery import VIEWS, Gallery, View, furnish, show, workflows
from tests.browser.watching import Watch
from tests.integration.gateway.site import Site

pytestmark = pytest.mark.browser

PICTURES = Path(os.environ.get("RUNFOLIO_SCREENSHOTS") or "build/screenshots")
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
COLOURS = "() => { const style = getComputedStyle(document.body); return [style.backgroundColor, style.color]; }"


@pytest.fixture(scope="module")
def furnished(web: Site) -> Site:
    furnish(web)
    return web


@pytest.fixture
def gallery(page: Page, furnished: Site, watch: Watch) -> Iterator[Gallery]:
    watch.expected = ("410",)
    with ExitStack() as undo:
        yield Gallery(furnished, page, undo)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_a_page_is_for_everybody(gallery: Gallery, view: View) -> None:
    if not axe.SCRIPT.exists():
        missing("axe-core was not found: 'make install' brings it where npm is installed.")
    for scheme in SCHEMES:
        gallery.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        show(gallery, view)
        assert axe.violations(gallery.page) == []
        picture(gallery.page, f"{view.__name__}-{scheme}")
        gallery.undo.close()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_document_is_for_everybody(page: Page, web: Site, tmp_path: Path, scheme: Literal["light", "dark"]) -> None:
    if not axe.SCRIPT.exists():
        missing("axe-core was not found: 'make install' brings it where npm is installed.")
    event = assistant()
    event["data"]["export"] = [{"format": "html", "combine": True, "include": ["reader"]}, {"format": "html"}]
    for number, export in enumerate(web.send(event).json()["exports"]):
        ready = web.settled(export)
        archive = tmp_path / f"{number}.zip"
        archive.write_bytes(web.client.get(ready["download_url"], follow_redirects=True).content)
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(tmp_path / str(number))
    page.emulate_media(color_scheme=scheme)
    for file in sorted(tmp_path.glob("*/*.html")):
        page.goto(file.as_uri())
        assert axe.violations(page) == [], file.name
    page.goto(f"{(tmp_path / '0' / 'index.html').as_uri()}#step-1")
    page.get_by_role("cell", name="North").wait_for()
    assert axe.violations(page) == []


def picture(page: Page, name: str) -> None:
    """Keep what the page looks like."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"{name.replace('_', '-')}.png"
    page.screenshot(path=path, animations="disabled", caret="hide")
    assert path.stat().st_size > 5_000


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_a_page_fits_a_telephone(gallery: Gallery, view: View) -> None:
    gallery.page.set_viewport_size({"width": 390, "height": 800})
    show(gallery, view)
    assert gallery.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_dark_is_dark(gallery: Gallery) -> None:
    shades = {}
    for scheme in SCHEMES:
        gallery.page.emulate_media(color_scheme=scheme)
        show(gallery, workflows)
        colours = gallery.page.evaluate(COLOURS)
        shades[scheme] = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in colours]
    assert shades["light"][0] > 700 > shades["light"][1]
    assert shades["dark"][0] < 100 < shades["dark"][1]
