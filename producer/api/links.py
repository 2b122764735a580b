"""Routes: download links. The link itself is the permission."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from producer.api.bridge import in_thread
from producer.api.dependencies import End, GatewayParts
from producer.api.described import EVENT_STREAM
from producer.api.exports import LastEventId
from producer.api.pages import problem_page, waiting_page
from producer.api.responses import error_response, problem_response
from producer.api.stopping import Stopping
from producer.api.streams import event_stream
from producer.api.watching import settled_within, watch
from producer.contract.errors import RunfolioError
from producer.contract.export import Export, State
from producer.contract.problem import NAMESPACE, Problem, problem_of
from producer.gateway import Gateway
from producer.links import Link

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
    wants_page = "text/html" in request.headers.get("accept", "")
    try:
        return await _download(gateway, end, token, wants_page=wants_page)
    except RunfolioError as error:
        return problem_page(problem_of(error)) if wants_page else error_response(error)


async def _download(gateway: Gateway, end: Stopping, token: str, *, wants_page: bool) -> Response:
    link = await _follow(gateway, token)
    if link.address is None and wants_page:
        return waiting_page(link.export, token)
    if link.address is None:
        await settled_within(gateway, end, link.export, HOLD)
        link = await _follow(gateway, token)
    return _not_ready(link.export) if link.address is None else RedirectResponse(link.address, 302)


async def _follow(gateway: Gateway, token: str) -> Link:
    return await in_thread(gateway.calls, gateway.links.follow, token)


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
async def progress(gateway: GatewayParts, end: End, token: str, last_event_id: LastEventId = None) -> Response:
    """Server-Sent Events with state and progress, nothing else of the export."""
    link = await _follow(gateway, token)
    changes = watch(gateway, end, link.export.id, last_event_id)
    return event_stream(link.export, changes, last_event_id, content=_public)


def _public(export: Export) -> dict[str, Any]:
    reason = export.error.detail if export.status is State.FAILED and export.error else None
    return {"status": export.status, "progress": export.progress, "reason": reason}
