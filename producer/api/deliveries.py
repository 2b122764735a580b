"""Routes: what became of an export's callbacks, and telling receivers once more."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request

from producer.access.entries import Scope
from producer.api.bridge import in_thread, small_body
from producer.api.dependencies import Caller, GatewayParts
from producer.api.described import answered, json_content
from producer.api.exports import ExportId, seen, visible
from producer.api.responses import Json
from producer.contract import jsontext
from producer.contract.errors import InvalidOptions, InvalidRecord
from producer.deliveries import Redelivery

router = APIRouter(prefix="/v1/exports", tags=["exports"])

_MAX_BODY_BYTES: Final = 1024


@router.get(
    "/{export_id}/deliveries",
    summary="Show what became of an export's callbacks",
    responses={200: answered("Attempts, oldest first, and how each callback stands", "DeliveryLog")},
)
async def deliveries(gateway: GatewayParts, caller: Caller, export_id: ExportId) -> Json:
    """Show the last 20 attempts of each callback, 200 in all, and the callbacks, with the next attempt of what waits.

    Of a receiver's address only scheme and host are told: the rest often is its secret.
    """
    await visible(gateway, caller, export_id)
    return Json(await in_thread(gateway.calls, gateway.deliveries.of, export_id))


@router.post(
    "/{export_id}/deliveries",
    status_code=202,
    summary="Tell an export's callbacks once more",
    openapi_extra={"requestBody": {"content": json_content("Redelivery")}},
    responses={202: answered("What is told once more", "Redelivered")},
)
async def redeliver(request: Request, gateway: GatewayParts, caller: Caller, export_id: ExportId) -> Json:
    """Deliver all callbacks of an export that is ready or has failed again, or the one that is named.

    The message is the export as it is now, under the `webhook-id` that it had, and is tried as often as a new one.
    """
    await seen(gateway, caller, export_id)
    caller.require_scope(Scope.EXPORT)
    body = await small_body(request, _MAX_BODY_BYTES)
    again = await in_thread(gateway.calls, gateway.deliveries.again, export_id, _asked(body), caller.name)
    return Json(again, status_code=202)


def _asked(body: bytes) -> Redelivery:
    value: Any = jsontext.decode(body) if body.strip() else {}
    try:
        return jsontext.convert(value, Redelivery)
    except InvalidRecord as error:
        raise InvalidOptions(
            error.detail,
            field=error.field or "body",
            remedy='Send {} for all callbacks, {"callback": "<name>"} for one.',
        ) from None
