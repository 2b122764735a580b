"""Routes: taking events in, as CloudEvents or as an engine sends them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from producer.api.bridge import body_pieces, in_thread
from producer.api.dependencies import GatewayParts
from producer.api.responses import Json
from producer.api.senders import sender_of
from producer.bodies import bounded, decompressed, lines
from producer.contract import jsontext
from producer.contract.errors import RunfolioError
from producer.contract.export import Export
from producer.contract.problem import problem_of
from producer.engines import convert
from producer.events import (
    STARTED,
    Event,
    Mode,
    batch_events,
    binary_event,
    first_line,
    mode_of,
    structured_event,
)
from producer.gateway import Gateway
from producer.intake import Sender, as_text, check_type, streamed_record

router = APIRouter(prefix="/v1", tags=["events"])

_CLOUD_EVENT = {
    "requestBody": {
        "required": True,
        "content": {
            "application/cloudevents+json": {"schema": {"$ref": "#/components/schemas/CompletedEvent"}},
            "application/cloudevents-batch+json": {
                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/CompletedEvent"}}
            },
            "application/json": {"schema": {"$ref": "#/components/schemas/ExecutionRecord"}},
            "application/x-ndjson": {
                "schema": {"type": "string", "description": "The record's first line, then steps."}
            },
        },
    }
}


@router.post("/events", status_code=202, summary="Send a completed execution", openapi_extra=_CLOUD_EVENT)
async def events(request: Request, gateway: GatewayParts) -> Json:
    """CloudEvents 1.0 in any of its three content modes. 202 once the record and its exports are stored."""
    headers = dict(request.headers)
    mode = mode_of(headers)
    sender, watched = sender_of(gateway.authenticator, request, body_pieces(request))
    pieces = decompressed(watched, headers.get("content-encoding"))
    answer = await in_thread(gateway.uploads, _TAKE[mode], gateway, headers, pieces, sender)
    return Json(answer, status_code=202)


def _whole(gateway: Gateway, pieces: Iterator[bytes]) -> bytes:
    return b"".join(bounded(pieces, gateway.settings.max_event_bytes, "MAX_EVENT_BYTES"))


def _structured(gateway: Gateway, _: dict[str, str], pieces: Iterator[bytes], sender: Sender) -> Any:
    return _answer(gateway.intake.event(structured_event(_whole(gateway, pieces)), sender))


def _binary(gateway: Gateway, headers: dict[str, str], pieces: Iterator[bytes], sender: Sender) -> Any:
    event = binary_event(headers)
    check_type(event)
    return _answer(gateway.intake.event(event._replace(data=_whole(gateway, pieces)), sender))


def _streamed(gateway: Gateway, headers: dict[str, str], pieces: Iterator[bytes], sender: Sender) -> Any:
    event = binary_event(headers)
    check_type(event)
    limits = gateway.settings
    stream = bounded(pieces, limits.max_stream_bytes, "MAX_STREAM_BYTES")
    first, rest = first_line(lines(stream, limits.max_step_bytes))
    if event.type == STARTED:
        return _answer(gateway.intake.event(event._replace(data=first), sender))
    return _answer(gateway.intake.completed(streamed_record(first, rest), event.time, sender))


def _batch(gateway: Gateway, _: dict[str, str], pieces: Iterator[bytes], sender: Sender) -> Any:
    results = [_one_of_batch(gateway, event, sender) for event in batch_events(_whole(gateway, pieces))]
    return {"results": results}


def _one_of_batch(gateway: Gateway, event: Event | RunfolioError, sender: Sender) -> Any:
    try:
        if isinstance(event, RunfolioError):
            raise event
        return _answer(gateway.intake.event(event, sender))
    except RunfolioError as error:
        return {"problem": problem_of(error)}


def _answer(exports: list[Export]) -> dict[str, list[Export]]:
    return {"exports": exports}


_TAKE = {
    Mode.STRUCTURED: _structured,
    Mode.BINARY_JSON: _binary,
    Mode.BINARY_NDJSON: _streamed,
    Mode.BATCH: _batch,
}


@router.post(
    "/engines/{engine}/events",
    status_code=202,
    summary="Send what an engine emits when an execution completes",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}},
)
async def engine_events(
    request: Request,
    gateway: GatewayParts,
    engine: Annotated[str, Path(description="The engine's name, or `auto`.")],
    instance: Annotated[str | None, Query(description="Tells several installations of one engine apart.")] = None,
    format: Annotated[str | None, Query(description="Export option.")] = None,  # noqa: A002 # the option's public name
    combine: Annotated[bool | None, Query(description="Export option.")] = None,
    include: Annotated[list[str] | None, Query(description="Export option; may be repeated.")] = None,
    steps: Annotated[str | None, Query(description="Export option.")] = None,
    callback_url: Annotated[str | None, Query(description="Is told when the export is settled.")] = None,
) -> Json:
    """The same answer as for a CloudEvent; export options come as query parameters."""
    given = {"format": format, "combine": combine, "include": include, "steps": steps, "callback_url": callback_url}
    options = {name: value for name, value in given.items() if value is not None}
    sender, watched = sender_of(gateway.authenticator, request, body_pieces(request))
    pieces = decompressed(watched, request.headers.get("content-encoding"))

    def take() -> Any:
        payload = jsontext.decode(_whole(gateway, pieces))
        record = convert(engine, payload, instance=instance)
        incoming = as_text({**record, "export": options})
        return _answer(gateway.intake.completed(incoming, None, sender))

    return Json(await in_thread(gateway.uploads, take), status_code=202)
