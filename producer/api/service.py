"""Routes: health, metrics, schemas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import anyio
from anyio import to_thread
from fastapi import APIRouter, Response

from producer.access.entries import Scope
from producer.api.bridge import in_thread
from producer.api.dependencies import Caller, Counters, GatewayParts
from producer.api.responses import Json
from producer.contract.errors import BrokerUnavailable, StorageUnavailable, Unavailable
from producer.contract.record import json_schema
from producer.contract.tasks import EXPORT_QUEUES, QUEUES
from producer.gateway import Gateway
from producer.metrics import CONTENT_TYPE, Metrics

router = APIRouter(tags=["service"])

READY_WITHIN: Final = 4.0
"""Seconds that storage and broker have to answer whoever asks for readiness, who has little patience."""

_JSON_SCHEMA: Final = "application/schema+json"
_SILENT: Final = f"The {{}} did not answer within {READY_WITHIN:.0f} seconds."
_LOOK: Final = "Check that it runs, and how the gateway reaches it."


@router.get("/healthz", summary="Whether the gateway lives")
async def healthz() -> Json:
    """200 as long as the process answers."""
    return Json({"status": "alive"})


@router.get("/readyz", summary="Whether broker and storage can be reached")
async def readyz(gateway: GatewayParts) -> Json:
    """Answer 200 and how many workers and sweepers are alive, or 503 with a problem that names what is away."""
    alive: dict[str, int] = {}
    away: list[Unavailable] = []

    async def ask(question: Callable[[], None], silence: Unavailable) -> None:
        try:
            with anyio.fail_after(READY_WITHIN):
                await to_thread.run_sync(question, abandon_on_cancel=True)
        except TimeoutError:
            away.append(silence)
        except Unavailable as error:
            away.append(error)

    async with anyio.create_task_group() as questions:
        questions.start_soon(ask, gateway.objects.check, StorageUnavailable(_SILENT.format("storage"), remedy=_LOOK))
        questions.start_soon(
            ask, lambda: alive.update(_heartbeats(gateway)), BrokerUnavailable(_SILENT.format("broker"), remedy=_LOOK)
        )
    if away:
        raise away[0] if len(away) == 1 else Unavailable(" ".join(one.detail for one in away), remedy=_LOOK)
    return Json({"status": "ready", **alive})


def _heartbeats(gateway: Gateway) -> dict[str, int]:
    alive = gateway.board.heartbeats.alive
    both = alive("worker")
    return {
        "workers": both + alive("small-worker"),
        "large_workers": both + alive("large-worker"),
        "sweepers": alive("sweeper"),
    }


@router.get("/metrics", summary="Metrics in the Prometheus text format", response_class=Response)
async def metrics(gateway: GatewayParts, caller: Caller, counters: Counters) -> Response:
    """Counters and times of this gateway process, and the standing of all exports; needs `read` on every workflow."""
    caller.require_everywhere(Scope.READ)
    await in_thread(gateway.calls, _take_stock, gateway, counters)
    return Response(counters.exposition(), media_type=CONTENT_TYPE)


def _take_stock(gateway: Gateway, counters: Metrics) -> None:
    board = gateway.board
    try:
        lengths = {queue: board.queue.length(queue) for queue in QUEUES}
        # Callbacks carry no time; they wait for their receivers rather than for a worker.
        ages = {queue: board.queue.age(queue) for queue in EXPORT_QUEUES}
        counters.standing(board.exports.counts(), lengths, ages)
    except BrokerUnavailable:
        counters.unknown_standing()


@router.get(
    "/v1/schemas/execution-record.json",
    summary="JSON Schema of the execution record",
    response_class=Response,
    responses={200: {"description": "The schema", "content": {_JSON_SCHEMA: {"schema": {"type": "object"}}}}},
)
async def schema() -> Json:
    """Show the schema that is generated from the models which check every record."""
    return Json(json_schema(), media_type=_JSON_SCHEMA)
