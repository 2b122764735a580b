"""A real browser. Without one the tests are skipped, visibly; in CI, where one must be, they fail."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.watching import Watch
from tests.integration.gateway.site import Site, isolated_site
from tests.servers import S3Server

DATABASE = 6
"""Apart from other tests' databases."""

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


# Not for the session: while it lasts, an event loop is running, and no later test could start its own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        missing("No Chromium was found: install it, 'apt-get install chromium' on Debian, to run the browser's tests.")
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield one
        one.close()


def missing(reason: str) -> None:
    """Skip on a laptop, fail where everything must be there."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    one = browser.new_context(viewport={"width": 1280, "height": 800})
    yield one
    one.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture(scope="package")
def web(tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server, valkey_url: str) -> Iterator[Site]:
    """An installation whose lists hold what the browser's tests have sent, and nothing else."""
    with isolated_site(tmp_path_factory.mktemp("web"), s3_server, valkey_url, DATABASE) as running:
        yield running


@pytest.fixture
def watch(page: Page, web: Site) -> Iterator[Watch]:
    """Everything that must not happen on a page; at the end, none of it must have happened."""
    watching = Watch(page, (web.url, web.objects_url))
    yield watching
    assert watching.noticed == []


@pytest.fixture
def person(page: Page, web: Site) -> Page:
    """The page of somebody who is logged in."""
    log_in(page, web)
    return page


def log_in(page: Page, web: Site, token: str | None = None) -> None:
    """Log in as a person does."""
    page.goto(f"{web.url}/login")
    page.get_by_label("Token").fill(token or web.token)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Workflows").wait_for()
