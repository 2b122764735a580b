"""Page: the exports, with what can be done about them."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from producer.access.entries import Scope
from producer.addresses import execution_path, workflow_path
from producer.api.bridge import in_thread
from producer.contract import jsontext
from producer.contract.callbacks import EVENT_TYPES
from producer.contract.export import Extra, Format, Options, State, StepFilter
from producer.listed import ListedExport
from producer.pages.shell import LoggedIn, Shell, Visitor
from producer.pages.templating import html_page
from producer.pages.words import Moment, StatusWord, moment, shown_name, size_text, status_word
from producer.pages.workflows import FilterLink

router = APIRouter(include_in_schema=False)

_ROWS: Final = 50
_REPEATABLE: Final = frozenset({State.FAILED, State.EXPIRED, State.DELETED})
_EXTRAS: Final = {Extra.MANIFEST: "manifest", Extra.READER: "offline reader"}


class ExportRow(NamedTuple):
    """An export in the list. ``api`` is the address of its resource, ``source`` that of its execution's.

    ``called`` tells whether it has callbacks, ``tellable`` whether they may be delivered again.
    """

    id: str
    api: str
    source: str
    workflow: str
    workflow_href: str
    execution: str
    execution_href: str
    options: str
    options_json: str
    status: StatusWord
    settled: bool
    progress: str
    reason: str
    requested_by: str
    created: Moment | None
    size: str
    expires: Moment | None
    downloads: str
    link: str
    revocable: bool
    repeatable: bool
    called: bool
    tellable: bool


class ExportsPage(NamedTuple):
    """The page of all exports."""

    shell: Shell
    rows: list[ExportRow]
    filters: list[FilterLink]
    status: StatusWord | None
    first: bool
    next: str | None


@router.get("/exports")
async def exports(visitor: LoggedIn, status: str | None = None, cursor: str | None = None) -> Response:
    """Show the exports of the workflows that the session may see, newest first."""
    visitor.principal.require_scope(Scope.READ)
    page = await in_thread(visitor.gateway.calls, _exports_page, visitor, status or None, cursor)
    return html_page("exports.html", page)


def _exports_page(visitor: Visitor, status: str | None, cursor: str | None) -> ExportsPage:
    gateway = visitor.gateway
    found = gateway.board.exports.page(status=status, allowed=visitor.principal.may_see, cursor=cursor, limit=_ROWS)
    called = gateway.board.callbacks.noted([one.id for one in found.items])
    following = {**({"status": status} if status else {}), "cursor": found.next or ""}
    return ExportsPage(
        shell=visitor.shell("exports"),
        rows=[_row(one, visitor.zone, one.id in called) for one in gateway.demands.listed(found.items)],
        filters=_filters(status),
        status=status_word(status) if status else None,
        first=cursor is None,
        next=found.next and f"/exports?{urlencode(following)}",
    )


def _filters(chosen: str | None) -> list[FilterLink]:
    states = [FilterLink(one.value, f"/exports?status={one}", one == chosen) for one in State]
    return [FilterLink("all", "/exports", chosen is None), *states]


def _row(one: ListedExport, zone: ZoneInfo, called: bool) -> ExportRow:
    source = execution_path(one.workflow.id, one.execution.id)
    return ExportRow(
        id=one.id,
        api=f"/v1/exports/{one.id}",
        source=f"/v1{source}",
        workflow=shown_name(one.workflow.name),
        workflow_href=workflow_path(one.workflow.id),
        execution=shown_name(one.execution.id),
        execution_href=source,
        options=options_text(one.options),
        options_json=jsontext.encode(one.options).decode(),
        status=status_word(one.status),
        settled=one.status.settled,
        progress=f"{one.progress.done:,} of {one.progress.total:,} steps" if one.status is State.RUNNING else "",
        reason=one.error.detail if one.error else "",
        requested_by=shown_name(one.requested_by) if one.requested_by else "",
        created=moment(one.created_at, zone),
        size=size_text(one.archive.size) if one.archive else "",
        expires=moment(one.expires_at, zone) if one.status is State.READY else None,
        downloads="" if one.downloads is None else f"{one.downloads:,}",
        link=one.download_url if one.status not in _REPEATABLE else "",
        revocable=one.status is not State.DELETED,
        repeatable=one.status in _REPEATABLE,
        called=called,
        tellable=one.status in EVENT_TYPES,
    )


def options_text(options: Options) -> str:
    """Write export options in words: ``HTML, combined, failed steps only, with manifest``."""
    words = [
        "HTML" if options.format is Format.HTML else "Markdown",
        *(["combined"] if options.combine else []),
        *(["failed steps only"] if options.steps is StepFilter.FAILED else []),
        *(f"with {_EXTRAS[extra]}" for extra in options.include),
    ]
    return ", ".join(words)
