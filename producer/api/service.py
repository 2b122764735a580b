"""Routes: health, metrics, schemas."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from producer.access.entries import Scope
from producer.api.bridge import in_thread
from producer.api.dependencies import Caller, GatewayParts
from producer.api.responses import Json
from producer.contract.record import json_schema
from producer.gateway import Gateway

router = APIRouter(tags=["service"])


@router.get("/healthz", summary="Whether the gateway lives")
async def healthz() -> Json:
    """200 as long as the process answers."""
    return Json({"status": "alive"})


@router.get("/readyz", summary="Whether broker and storage can be reached")
async def readyz(gateway: GatewayParts) -> Json:
    """200, or 503 with the problem of the first that does not answer."""
    return Json(await in_thread(gateway.calls, _readiness, gateway))


def _readiness(gateway: Gateway) -> dict[str, object]:
    gateway.objects.check()
    alive = gateway.board.heartbeats.alive
    return {"status": "ready", "workers": alive("worker"), "sweepers": alive("sweeper")}


@router.get("/metrics", summary="Metrics in the Prometheus text format", response_class=Response)
async def metrics(caller: Caller) -> Response:
    """Counters and times of this gateway process; needs `read` on every workflow."""
    caller.require_everywhere(Scope.READ)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/v1/schemas/execution-record.json", summary="JSON Schema of the execution record")
async def schema() -> Json:
    """Generated from the models that check every record."""
    return Json(json_schema(), media_type="application/schema+json")
