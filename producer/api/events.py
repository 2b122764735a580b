"""Routes: taking events in, as CloudEvents or as an engine sends them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from producer.api.bridge import Body
from producer.api.dependencies import BEARER, Counters, GatewayParts
from producer.api.described import answered, choice
from producer.api.passing import tells_of_no_end
from producer.api.responses import Json
from producer.api.senders import sender_of
from producer.bodies import bounded, decompressed, lines
from producer.contract import jsontext
from producer.contract.errors import RunfolioError
from producer.contract.export import Export, Format, StepFilter
from producer.contract.problem import problem_of
from producer.engines import INSTANCE, take_in
from producer.events import (
    STARTED,
    Event,
    Mode,
    batch_events,
    binary_event,
    check_type,
    first_line,
    mode_of,
    structured_event,
)
from producer.gateway import Gateway
from producer.incoming import as_text, streamed_record
from producer.intake import Sender
from producer.metrics import Metrics

router = APIRouter(prefix="/v1", tags=["events"], dependencies=[BEARER])

_CLOUD_EVENT = {
    "parameters": [
        {
            "in": "header",
            "name": f"ce-{name}",
            "description": "In binary mode, that is beside JSON or NDJSON.",
            "schema": {"type": "string"},
        }
        for name in ("specversion", "type", "source", "id", "time")
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/cloudevents+json": {"schema": {"$ref": "#/components/schemas/CompletedEvent"}},
            "application/cloudevents-batch+json": {
                "schema": {
                    "type": "array",
                    "items": {
                        "anyOf": [
                            {"$ref": "#/components/schemas/CompletedEvent"},
                            {"description": "Anything else is answered by a problem in its place among the results."},
                        ]
                    },
                }
            },
            "application/json": {"schema": {"$ref": "#/components/schemas/ExecutionRecord"}},
            "application/x-ndjson": {
                "schema": {"type": "string", "description": "The record's first line, then steps."}
            },
        },
    },
}


@router.post(
    "/events",
    status_code=202,
    summary="Send a completed execution",
    openapi_extra=_CLOUD_EVENT,
    responses={202: answered("Accepted: stored, and its exports are being made", "AcceptedEvents")},
)
async def events(request: Request, gateway: GatewayParts, counters: Counters) -> Json:
    """CloudEvents 1.0 in any of its three content modes. 202 once the record and its exports are stored."""
    headers = dict(request.headers)
    body = Body(request, gateway.settings.longest_upload)
    name, sender, watched = sender_of(gateway, request, body.pieces())
    mode = mode_of(headers)
    pieces = decompressed(watched, headers.get("content-encoding"))
    if mode is Mode.BATCH:
        batch = partial(_batch, gateway, counters, pieces, sender)
        return Json({"results": await gateway.uploads.run(name, body, batch)}, status_code=202)
    take = partial(_TAKE[mode], gateway, headers, pieces, sender)
    counted = partial(_counted, counters, mode.name.lower(), take)
    return Json({"exports": await gateway.uploads.run(name, body, counted)}, status_code=202)


def _counted(counters: Metrics, via: str, take: Callable[[], list[Export]]) -> list[Export]:
    try:
        exports = take()
    except RunfolioError as error:
        counters.refused(via, error)
        raise
    counters.accepted(via, exports)
    return exports


def _whole(gateway: Gateway, pieces: Iterator[bytes], sender: Sender) -> bytes:
    """Read a body to its end. Nothing is made of it before its sender is known: parsing costs more than reading."""
    body = b"".join(bounded(pieces, gateway.settings.max_event_bytes, "MAX_EVENT_BYTES"))
    sender.authenticate()
    return body


def _structured(gateway: Gateway, _: dict[str, str], pieces: Iterator[bytes], sender: Sender) -> list[Export]:
    return gateway.intake.event(structured_event(_whole(gateway, pieces, sender)), sender)


def _binary(gateway: Gateway, headers: dict[str, str], pieces: Iterator[bytes], sender: Sender) -> list[Export]:
    event = binary_event(headers)
    check_type(event)
    return gateway.intake.event(event._replace(data=_whole(gateway, pieces, sender)), sender)


def _streamed(gateway: Gateway, headers: dict[str, str], pieces: Iterator[bytes], sender: Sender) -> list[Export]:
    event = binary_event(headers)
    check_type(event)
    if event.type == STARTED:  # It has no steps to stream: one line, read to the body's end as its signature asks.
        return gateway.intake.event(event._replace(data=_whole(gateway, pieces, sender)), sender)
    limits = gateway.settings
    stream = bounded(pieces, limits.max_stream_bytes, "MAX_STREAM_BYTES")
    first, rest = first_line(lines(stream, limits.max_step_bytes))
    return gateway.intake.completed(streamed_record(first, rest), event.time, sender)


def _batch(gateway: Gateway, counters: Metrics, pieces: Iterator[bytes], sender: Sender) -> list[Any]:
    body = _whole(gateway, pieces, sender)
    return [_one_of_batch(gateway, counters, event, sender) for event in batch_events(body)]


def _one_of_batch(gateway: Gateway, counters: Metrics, event: Event | RunfolioError, sender: Sender) -> Any:
    def take() -> list[Export]:
        if isinstance(event, RunfolioError):
            raise event
        return gateway.intake.event(event, sender)

    try:
        return {"exports": _counted(counters, Mode.BATCH.name.lower(), take)}
    except RunfolioError as error:
        return {"problem": problem_of(error)}


_TAKE = {
    Mode.STRUCTURED: _structured,
    Mode.BINARY_JSON: _binary,
    Mode.BINARY_NDJSON: _streamed,
}


class EngineQuery(BaseModel):
    """What an engine, which knows nothing of exports, is configured to say in the address that it posts to."""

    model_config = ConfigDict(extra="forbid")

    instance: Annotated[
        str | None,
        Field(description="Tells several installations of one engine apart.", json_schema_extra={"pattern": INSTANCE}),
    ] = None
    format: Annotated[str | None, Field(description="Export option.", json_schema_extra=choice(Format))] = None
    combine: Annotated[bool | None, Field(description="Export option.")] = None
    include: Annotated[list[str] | None, Field(description="Export option; may be repeated.")] = None
    steps: Annotated[str | None, Field(description="Export option.", json_schema_extra=choice(StepFilter))] = None
    callback_url: Annotated[
        str | None, Field(description="Is told when the export is settled.", json_schema_extra={"format": "uri"})
    ] = None


@router.post(
    "/engines/{engine}/events",
    status_code=202,
    summary="Send what an engine emits when an execution completes",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}},
    responses={202: answered("Accepted: stored, and its export is being made", "AcceptedExports")},
)
async def engine_events(
    request: Request,
    gateway: GatewayParts,
    counters: Counters,
    engine: Annotated[str, Path(description="The engine's name, or `auto`.")],
    query: Annotated[EngineQuery, Query()],
) -> Json:
    """Answer as for a CloudEvent; export options come as query parameters.

    GitHub's and GitLab's own webhooks may prove their sender by `X-Hub-Signature-256` and `X-Gitlab-Token`; what they
    deliver beside the end of a run is answered 202 without an export.
    """
    options = query.model_dump(exclude={"instance"}, exclude_none=True)
    body = Body(request, gateway.settings.longest_upload)
    name, sender, watched = sender_of(gateway, request, body.pieces(), engine)
    pieces = decompressed(watched, request.headers.get("content-encoding"))

    def take() -> list[Export]:
        payload = jsontext.decode(_whole(gateway, pieces, sender))
        if tells_of_no_end(engine, request.headers, payload):
            return []
        taken = take_in(engine, payload, instance=query.instance, sources=gateway.settings.source_urls)
        return gateway.intake.completed(as_text({**taken.record, "export": options}), None, sender, taken.told)

    counted = partial(_counted, counters, "engine", take)
    return Json({"exports": await gateway.uploads.run(name, body, counted)}, status_code=202)
