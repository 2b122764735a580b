"""Every page of the site, and how one gets there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from playwright.sync_api import Page, expect

from tests.browser.conftest import log_in
from tests.browser.examples import LONG_INPUT, assistant, assistant_steps, called_back, moment
from tests.fakes import Receiver, Reply
from tests.integration.gateway.examples import started
from tests.integration.gateway.site import Site


class Gallery(NamedTuple):
    """The site with something to see, the page that shows it, and what is undone at the end."""

    web: Site
    page: Page
    undo: ExitStack


View = Callable[[Gallery], None]


def furnish(web: Site) -> None:
    """Send executions of the last hours, so that the lists have something to show."""
    now = datetime.now(UTC).replace(microsecond=0)
    for number, name in enumerate(("Order sync", "Nightly import", "Weekly revenue report", "Virtual assistant")):
        for run in range(7):
            begin = now - timedelta(hours=3 * run + number, minutes=11 * run + 2)
            event = assistant(name, f"{name.split()[0].lower()}-{run}", input=INPUTS[run % len(INPUTS)])
            event["data"]["workflow"]["id"] = f"engine-{number}:{name.replace(' ', '-').lower()}"
            event["data"]["steps"] = assistant_steps(begin)
            event["data"]["execution"].update(
                started_at=moment(begin, 0),
                finished_at=moment(begin, 60),
                status=STATUSES[(run + number) % len(STATUSES)],
            )
            event["data"]["export"] = [{"format": "html", "combine": bool(run % 2)}] if run < 2 else []
            for export in web.send(event).json()["exports"]:
                web.settled(export)
    event = started("engine-3:virtual-assistant", "virtual-running")
    event["data"]["workflow"]["name"] = "Virtual assistant"
    event["data"]["execution"].update(started_at=moment(now, -40), input=INPUTS[0], triggered_by="ann@example.org")
    web.send(event)


INPUTS: Final = ("Write a report on the sales.", LONG_INPUT, {"customer": 17, "region": "north"})
STATUSES: Final = ("succeeded", "failed", "succeeded", "succeeded", "failed", "timed-out", "cancelled")
EXECUTION: Final = "/workflows/engine-3%3Avirtual-assistant/executions/virtual-0"


def login(gallery: Gallery) -> None:
    """Show the page that asks for a token."""
    gallery.page.context.clear_cookies()
    gallery.page.goto(f"{gallery.web.url}/login")


def workflows(gallery: Gallery) -> None:
    """Show all workflows."""
    gallery.page.goto(f"{gallery.web.url}/")


def nothing_found(gallery: Gallery) -> None:
    """Show a search without a result."""
    gallery.page.goto(f"{gallery.web.url}/?q=zebra")


def workflow(gallery: Gallery) -> None:
    """Show the executions of one workflow."""
    gallery.page.goto(f"{gallery.web.url}{EXECUTION.rpartition('/executions')[0]}")


def execution(gallery: Gallery) -> None:
    """Show an execution as it opens."""
    gallery.page.goto(f"{gallery.web.url}{EXECUTION}")
    expect(gallery.page.get_by_text("mailbox full")).to_be_visible()


def steps(gallery: Gallery) -> None:
    """Show the steps of an execution."""
    execution(gallery)
    gallery.page.get_by_role("button", name="Expand all").click()
    expect(gallery.page.get_by_text("It reads well.")).to_be_attached()
    gallery.page.get_by_role("heading", name="Steps", exact=True).scroll_into_view_if_needed()


def running(gallery: Gallery) -> None:
    """Show an execution that has not completed."""
    gallery.page.goto(f"{gallery.web.url}{EXECUTION.rpartition('/')[0]}/virtual-running")


def export_dialog(gallery: Gallery) -> None:
    """Show the choice of what to export."""
    execution(gallery)
    gallery.page.get_by_role("button", name="Export as").click()
    gallery.page.get_by_text("More options").click()
    expect(gallery.page.get_by_role("region", name="Preview")).to_contain_text("6 files")


def exported(gallery: Gallery) -> None:
    """Show an export that is ready."""
    export_dialog(gallery)
    with gallery.page.expect_download():
        gallery.page.get_by_role("dialog").get_by_role("button", name="Export", exact=True).click()
    expect(gallery.page.get_by_role("heading", name="Ready")).to_be_visible()


def exports(gallery: Gallery) -> None:
    """Show all exports."""
    gallery.page.goto(f"{gallery.web.url}/exports")


def deliveries(gallery: Gallery) -> None:
    """Show what became of an export's callbacks."""
    with Receiver(Reply(500)) as failing, Receiver(Reply(410)) as gone, Receiver() as fine:
        execution_id = called_back(gallery.web, failing, gone, fine)
    exports(gallery)
    gallery.page.get_by_role("button", name=f"Deliveries of {execution_id}").click()
    dialog = gallery.page.get_by_role("dialog", name="Deliveries")
    expect(dialog).to_contain_text("Next attempt")
    dialog.get_by_text("1 entry in the log").first.click()


def waiting(gallery: Gallery) -> None:
    """Show a link whose archive is not ready."""
    event = assistant()
    del event["data"]["export"]
    paused: AbstractContextManager[None] = gallery.web.worker.paused()
    gallery.undo.enter_context(paused)
    gallery.page.goto(gallery.web.sent(event)["download_url"])


def revoked(gallery: Gallery) -> None:
    """Show a link that was revoked."""
    event = assistant()
    del event["data"]["export"]
    export = gallery.web.ready(event)
    gallery.web.client.delete(f"/v1/exports/{export['id']}")
    gallery.page.goto(export["download_url"])


VIEWS: Final[tuple[View, ...]] = (
    login,
    workflows,
    nothing_found,
    workflow,
    execution,
    steps,
    running,
    export_dialog,
    exported,
    exports,
    deliveries,
    waiting,
    revoked,
)


def show(gallery: Gallery, view: View) -> None:
    """Open a view as somebody who is logged in, where it takes a login."""
    if view is not login and not gallery.page.context.cookies(gallery.web.url):
        log_in(gallery.page, gallery.web)
    view(gallery)
