"""Routes: exports, their progress as it happens, their manifest, their end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response
from fastapi.responses import StreamingResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from producer.access.principal import Principal
from producer.access.entries import Scope
from producer.api.bridge import in_thread
from producer.api.dependencies import Caller, Cursor, GatewayParts, Limit
from producer.api.responses import Json
from producer.api.watching import Change, event_of, settled_within, watch
from producer.contract import jsontext
from producer.contract.errors import Forbidden
from producer.contract.export import Export
from producer.gateway import Gateway
from producer.manifests import manifest_of

router = APIRouter(prefix="/v1/exports", tags=["exports"])

ExportId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
MAX_WAIT = 60.0


@router.get("", summary="List exports, newest first")
async def exports(
    gateway: GatewayParts,
    caller: Caller,
    workflow: Annotated[str | None, Query(description="Only those of this workflow id.")] = None,
    status: Annotated[str | None, Query(description="Only those in this state.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Json:
    """Exports of the workflows that the token may see."""
    caller.require_scope(Scope.READ)

    def page() -> object:
        return gateway.board.exports.page(
            workflow_id=workflow, status=status, allowed=caller.may_see, cursor=cursor, limit=limit
        )

    return Json(await in_thread(gateway.calls, page))


@router.get("/{export_id}", summary="Show an export, or wait for its end")
async def export(
    gateway: GatewayParts,
    caller: Caller,
    export_id: ExportId,
    wait: Annotated[float, Query(ge=0, le=MAX_WAIT, description="Seconds to wait until it is ready or failed.")] = 0,
) -> Json:
    """The export as it is, at once or when it is settled."""
    view = await visible(gateway, caller, export_id)
    if wait and not view.status.settled:
        view = await settled_within(gateway, export_id, wait)
    return Json(view)


@router.get("/{export_id}/events", summary="Follow an export by Server-Sent Events")
async def events(
    gateway: GatewayParts,
    caller: Caller,
    export_id: ExportId,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """`queued`, `progress`, `ready`, `failed`, `deleted`; each carries the export. Ends when it is settled."""
    await visible(gateway, caller, export_id)

    async def stream() -> AsyncIterator[ServerSentEvent]:
        async for change in watch(gateway, export_id, last_event_id):
            yield sse(change, jsontext.encode(change.export).decode())

    return EventSourceResponse(stream(), headers={"X-Accel-Buffering": "no"})


def sse(change: Change, data: str) -> ServerSentEvent:
    """Write a change as an event of the stream."""
    return ServerSentEvent(data=data, event=event_of(change.export), id=change.id)


@router.get("/{export_id}/manifest", summary="Show the manifest of a finished archive")
async def manifest(gateway: GatewayParts, caller: Caller, export_id: ExportId) -> Response:
    """The archive's `manifest.json`, where the export included one."""
    view = await visible(gateway, caller, export_id)
    caller.require(Scope.READ, view.workflow.id)
    pieces = await in_thread(gateway.calls, manifest_of, gateway.objects, gateway.exports, export_id)
    return StreamingResponse(pieces, media_type="application/json")


@router.delete("/{export_id}", status_code=204, summary="Revoke the link and delete the archive")
async def delete(gateway: GatewayParts, caller: Caller, export_id: ExportId) -> Response:
    """Cancels an export that is not finished. Doing it again changes nothing."""
    view = await in_thread(gateway.calls, gateway.exports.find, export_id)
    caller.require(Scope.DELETE, view.workflow.id)
    await in_thread(gateway.calls, gateway.exports.revoke, export_id)
    return Response(status_code=204)


async def visible(gateway: Gateway, caller: Principal, export_id: str) -> Export:
    """Return an export that the caller may read: with ``read``, or with ``ingest`` one that it asked for itself."""
    view = await in_thread(gateway.calls, gateway.exports.find, export_id)
    try:
        caller.require(Scope.READ, view.workflow.id)
    except Forbidden:
        caller.require(Scope.INGEST, view.workflow.id)
        asked_by = await in_thread(gateway.calls, gateway.exports.requested_by, export_id)
        if asked_by != caller.name:
            raise
    return view
