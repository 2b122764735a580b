"""Routes: download links. The link itself is the permission."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from producer.api.bridge import in_thread
from producer.api.dependencies import End, GatewayParts
from producer.api.described import EVENT_STREAM
from producer.api.exports import LastEventId
from producer.api.head import is_head
from producer.api.limiting import count_failure, count_link
from producer.api.responses import problem_response
from producer.api.stopping import Stopping
from producer.api.streams import event_stream
from producer.api.watching import Change, settled_within, watch, while_allowed
from producer.contract.audit import LINK, Action
from producer.contract.errors import NotFound, RunfolioError
from producer.contract.export import Export, State
from producer.contract.problem import NAMESPACE, Problem, problem_of
from producer.gateway import Gateway
from producer.links import Link
from producer.pages.links import problem_page, waiting_page

router = APIRouter(tags=["links"])

HOLD = 30.0
"""Seconds that a client which shows no page is held until the archive is ready."""

_DESCRIBED: dict[int | str, dict[str, Any]] = {
    200: {"description": "A page that shows progress, for browsers, while the archive is not ready"},
    302: {"description": "To the archive in storage, which downloads under its own name"},
    503: {"description": "Not ready yet; come again after Retry-After"},
}


@router.get("/d/{token}", summary="Follow a download link", response_class=Response, responses=_DESCRIBED)
async def download(request: Request, gateway: GatewayParts, end: End, token: str) -> Response:
    """302 to the archive once it is ready; until then a browser sees progress and any other client is held."""
    if "text/html" in request.headers.get("accept", ""):
        return await _shown(request, gateway, token)
    return await _held(request, gateway, end, token)


async def _shown(request: Request, gateway: Gateway, token: str) -> Response:
    try:
        _count(request, gateway, token)
        link = await in_thread(gateway.calls, gateway.links.find, token)
    except RunfolioError as error:
        return problem_page(problem_of(error))
    if link.dead is not None:
        return problem_page(problem_of(link.dead), link.export)
    return _to_archive(request, gateway, link) or waiting_page(link.export, token)


async def _held(request: Request, gateway: Gateway, end: Stopping, token: str) -> Response:
    _count(request, gateway, token)
    link = await _follow(gateway, token)
    if link.address is None:
        told = await settled_within(gateway, end, link.export, HOLD)
        link = await _follow(gateway, token, told)
    return _to_archive(request, gateway, link) or _not_ready(link.export)


def _to_archive(request: Request, gateway: Gateway, link: Link) -> Response | None:
    """Lead to the archive, and note that somebody went there; None while there is none."""
    if link.address is None:
        return None
    if not is_head(request.scope):
        gateway.audit.note(Action.DOWNLOADED, LINK, link.export)
    return RedirectResponse(link.address, 302)


def _count(request: Request, gateway: Gateway, token: str) -> None:
    """Count that a link is followed, by the export that it names; one that is none is a failed authentication."""
    try:
        named = gateway.links.signer.read(token)
    except NotFound:
        count_failure(request, gateway)
        raise
    count_link(request, gateway, named.export_id)


async def _follow(gateway: Gateway, token: str, told: Export | None = None) -> Link:
    return await in_thread(gateway.calls, gateway.links.follow, token, told)


def _not_ready(export: Export) -> Response:
    problem = Problem(
        f"{NAMESPACE}not-ready",
        "The archive is not ready yet",
        503,
        f"{export.progress.done} of {export.progress.total} steps are done.",
        None,
        "Ask again; 'curl -fLOJ --retry 10 LINK' does it by itself.",
    )
    return problem_response(problem, {"Retry-After": "1"})


@router.get("/d/{token}/events", summary="Follow a download's progress", responses={200: EVENT_STREAM})
async def progress(
    request: Request, gateway: GatewayParts, end: End, token: str, last_event_id: LastEventId = None
) -> Response:
    """Server-Sent Events with state and progress, nothing else of the export."""
    _count(request, gateway, token)
    link = await _follow(gateway, token)

    async def still_this_link(change: Change) -> bool:
        return change.export.download_url == link.export.download_url

    changes = while_allowed(watch(gateway, end, link.export.id, last_event_id), still_this_link)
    return event_stream(link.export, changes, last_event_id, content=_public)


def _public(export: Export) -> dict[str, Any]:
    reason = export.error.detail if export.status is State.FAILED and export.error else None
    return {"status": export.status, "progress": export.progress, "reason": reason}
