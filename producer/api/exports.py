"""Routes: exports, their progress as it happens, their manifest, their end."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator

from producer.access.entries import Scope
from producer.access.principal import Principal
from producer.api.bridge import in_thread
from producer.api.cookies import identified
from producer.api.dependencies import Caller, Cursor, End, GatewayParts, Limit
from producer.api.described import EVENT_STREAM, answered, choice, page_of
from producer.api.responses import Json
from producer.api.streams import event_stream
from producer.api.watching import Change, settled_within, watch, while_allowed
from producer.contract.board import Page
from producer.contract.errors import NotFound, Unauthenticated
from producer.contract.export import Export, State
from producer.exports import unknown_export
from producer.gateway import Gateway
from producer.listed import ListedExport, listed_export
from producer.manifests import manifest_of

router = APIRouter(prefix="/v1/exports", tags=["exports"])

MAX_WAIT = 60.0


def _known_form(export_id: str) -> str:
    """Let no other text through to storage keys; no export is called so, which is all that there is to say of it."""
    if not re.fullmatch("[0-9a-f]{32}", export_id):
        raise NotFound("There is no such export.", remedy="List the exports at /v1/exports.")
    return export_id


ExportId = Annotated[str, Path(description="32 hexadecimal digits."), AfterValidator(_known_form)]
LastEventId = Annotated[str | None, Header(description="The id of the last event that the client has.")]


@router.get("", summary="List exports, newest first", responses={200: page_of("ListedExport")})
async def exports(
    gateway: GatewayParts,
    caller: Caller,
    workflow: Annotated[str | None, Query(description="Only those of this workflow id.")] = None,
    status: Annotated[
        str | None, Query(description="Only those in this state.", json_schema_extra=choice(State))
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Json:
    """List exports of the workflows that the token may see; with `ingest` alone, those that it asked for itself."""
    if not caller.may(Scope.INGEST):
        caller.require_scope(Scope.READ)

    def page() -> Page[ListedExport]:
        found = gateway.board.exports.page(
            workflow_id=workflow, status=status, allowed=caller.may_see, cursor=cursor, limit=limit
        )
        shown = gateway.demands.listed(found.items)
        own = [one for one in shown if caller.may(Scope.READ) or one.requested_by == caller.name]
        return Page(own, found.next)

    return Json(await in_thread(gateway.calls, page))


@router.get(
    "/{export_id}",
    summary="Show an export, or wait for its end",
    responses={200: answered("The export", "ListedExport")},
)
async def export(
    gateway: GatewayParts,
    caller: Caller,
    end: End,
    export_id: ExportId,
    wait: Annotated[float, Query(ge=0, le=MAX_WAIT, description="Seconds to wait until it is ready or failed.")] = 0,
) -> Json:
    """Show the export as it is, at once or when it is settled."""
    view = await visible(gateway, caller, export_id)
    (shown,) = await in_thread(gateway.calls, gateway.demands.listed, [view])
    if wait and not view.status.settled:
        # Who waits gets the end as soon as it is there: who asked does not change, and nobody downloads before it.
        view = await settled_within(gateway, end, view, wait)
        shown = listed_export(view, shown.requested_by, shown.downloads)
    return Json(shown)


@router.get("/{export_id}/events", summary="Follow an export by Server-Sent Events", responses={200: EVENT_STREAM})
async def events(
    request: Request,
    gateway: GatewayParts,
    caller: Caller,
    end: End,
    export_id: ExportId,
    last_event_id: LastEventId = None,
) -> Response:
    """`queued`, `progress`, `ready`, `failed`, `deleted`; each carries the export. Ends when it is settled.

    Whoever has seen that already is answered 204, which tells an EventSource not to come again. A token or session that
    ends meanwhile ends its streams before the next event.
    """
    view = await visible(gateway, caller, export_id)

    async def still_known(_: Change) -> bool:
        try:
            await in_thread(gateway.calls, identified, request, gateway)
        except Unauthenticated:
            return False
        return True

    changes = while_allowed(watch(gateway, end, export_id, last_event_id), still_known)
    return event_stream(view, changes, last_event_id, content=lambda export: export)


@router.get(
    "/{export_id}/manifest",
    summary="Show the manifest of a finished archive",
    responses={200: answered("The manifest", None)},
)
async def manifest(gateway: GatewayParts, caller: Caller, export_id: ExportId) -> Response:
    """Show the archive's `manifest.json`, where the export included one."""
    view = await visible(gateway, caller, export_id)
    caller.require(Scope.READ, view.workflow.id)
    pieces = await in_thread(gateway.calls, manifest_of, gateway.objects, gateway.exports, export_id)
    return StreamingResponse(pieces, media_type="application/json")


@router.delete("/{export_id}", status_code=204, summary="Revoke the link and delete the archive")
async def delete(gateway: GatewayParts, caller: Caller, export_id: ExportId) -> Response:
    """Cancel an export that is not finished, take back one that is. Doing it again changes nothing."""
    await seen(gateway, caller, export_id)
    caller.require_scope(Scope.DELETE)
    await in_thread(gateway.calls, gateway.exports.revoke, export_id, caller.name)
    return Response(status_code=204)


async def visible(gateway: Gateway, caller: Principal, export_id: str) -> Export:
    """Return an export that the caller may read: with ``read``, or with ``ingest`` one that it asked for itself."""
    view = await seen(gateway, caller, export_id)
    if caller.may(Scope.INGEST) and not caller.may(Scope.READ):
        asked_by = await in_thread(gateway.calls, gateway.exports.requested_by, export_id)
        if asked_by == caller.name:
            return view
    caller.require_scope(Scope.READ)
    return view


async def seen(gateway: Gateway, caller: Principal, export_id: str) -> Export:
    """Return an export of a workflow that the caller may see; of any other, nobody tells whether there is one."""
    view = await in_thread(gateway.calls, gateway.exports.find, export_id)
    if not caller.may_see(view.workflow.id):
        raise unknown_export()
    return view
