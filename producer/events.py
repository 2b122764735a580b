"""CloudEvents over HTTP (CloudEvents 1.0.2, HTTP protocol binding 1.0.2): from a request to events.

The package ``cloudevents`` checks attributes and reads headers. Data stays bytes: a record is parsed once, by intake,
and a stream is never held. Which of the three content modes a request uses is told by its Content-Type (section 3).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final, NamedTuple

import msgspec
from cloudevents.core.bindings.http import HTTPMessage, from_binary
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from msgspec import Raw

from producer.contract import jsontext
from producer.contract.errors import InvalidRecord, MalformedBody, TooLarge, UnsupportedMediaType

COMPLETED: Final = "runfolio.execution.completed.v1"
STARTED: Final = "runfolio.execution.started.v1"

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"

MAX_BATCH: Final = 1000
"""Events in one batch."""

_REMEDY: Final = "See 'Send an event' in the README, or CloudEvents 1.0, section 'Required attributes'."


class Mode(Enum):
    """The content mode of a request, and with it how its body is read."""

    STRUCTURED = "structured"
    BATCH = "batch"
    BINARY_JSON = "binary, JSON"
    BINARY_NDJSON = "binary, NDJSON"


class Event(NamedTuple):
    """One event: its attributes, and its data as JSON text. ``data`` is empty where the data streams beside it."""

    type: str
    id: str
    time: datetime | None
    data: bytes


def media_type(content_type: str | None) -> str:
    """Return a Content-Type without its parameters, in lower case."""
    return (content_type or "").partition(";")[0].strip().lower()


def mode_of(headers: Mapping[str, str]) -> Mode:
    """Tell how a request carries its events. Raises UnsupportedMediaType."""
    kind = media_type(headers.get("content-type"))
    if kind == STRUCTURED:
        return Mode.STRUCTURED
    if kind == BATCH:
        return Mode.BATCH
    if "ce-specversion" in headers and kind in {JSON, NDJSON}:
        return Mode.BINARY_JSON if kind == JSON else Mode.BINARY_NDJSON
    raise UnsupportedMediaType(
        f"Content-Type '{kind}' carries no CloudEvent here"
        + ("." if "ce-specversion" in headers else ", and there is no ce-specversion header."),
        field="Content-Type",
        remedy=f"Send {STRUCTURED}, {BATCH}, or {JSON} or {NDJSON} with ce-* headers.",
    )


def binary_event(headers: Mapping[str, str], data: bytes = b"") -> Event:
    """Read the attributes of a binary-mode request from its headers. Raises InvalidRecord naming the header."""
    attributes = {name: value for name, value in headers.items() if name.startswith("ce-")}
    _require({name.removeprefix("ce-") for name in attributes}, "ce-")
    event = _checked(lambda: from_binary(HTTPMessage(attributes, b""), JSONFormat(), CloudEvent), "ce-")
    return _event(event, "ce-time" in attributes, data)


def structured_event(body: bytes) -> Event:
    """Read a structured-mode body. Raises MalformedBody or InvalidRecord naming the attribute."""
    return _structured(jsontext.members(body), "")


def batch_events(body: bytes) -> Iterator[Event | InvalidRecord | MalformedBody]:
    """Read a batch-mode body: each event, or what is wrong with it. Raises MalformedBody where it is no array."""
    elements = jsontext.elements(body)
    if len(elements) > MAX_BATCH:
        raise TooLarge(
            f"The batch has {len(elements)} events; {MAX_BATCH} are the limit.",
            field="body",
            remedy="Send several batches.",
        )
    for position, raw in enumerate(elements):
        try:
            yield _structured(jsontext.members(bytes(raw), where=f"[{position}]"), f"[{position}].")
        except (InvalidRecord, MalformedBody) as error:
            yield error


def _structured(members: Mapping[str, Raw], prefix: str) -> Event:
    attributes = {name: jsontext.decode(bytes(raw)) for name, raw in members.items() if name not in _DATA_MEMBERS}
    _require(attributes, prefix)
    event = _checked(lambda: _RawFormat().event(attributes), prefix)
    return _event(event, "time" in attributes, _data(members, prefix))


_DATA_MEMBERS: Final = frozenset({"data", "data_base64"})


class _RawFormat(JSONFormat):
    """The SDK's JSON format over attributes that are parsed already, so that it need not parse the data."""

    def event(self, attributes: dict[str, Any]) -> CloudEvent:
        return self.read(CloudEvent, jsontext.encode(attributes))  # type: ignore[return-value] # the factory decides


def _require(names: Container[str], prefix: str) -> None:
    # The SDK is made to write events as well: what is missing, it makes up.
    for name in ("specversion", "id", "source", "type"):
        if name not in names:
            raise InvalidRecord(f"{prefix}{name} is missing.", field=f"{prefix}{name}", remedy=_REMEDY)


def _checked(read: Any, prefix: str) -> CloudEvent:
    try:
        event: CloudEvent = read()
    except CloudEventValidationError as error:
        name, reasons = next(iter(error.errors.items()))
        raise InvalidRecord(f"{prefix}{name}: {reasons[0]}.", field=f"{prefix}{name}", remedy=_REMEDY) from None
    except (ValueError, TypeError, AttributeError) as error:
        # The SDK lets errors of its time parser and of wrongly typed attributes through.
        raise InvalidRecord(
            f"A CloudEvents attribute is wrong: {error}.", field=f"{prefix}time", remedy=_REMEDY
        ) from None
    return event


def _event(event: CloudEvent, has_time: bool, data: bytes) -> Event:
    return Event(event.get_type(), event.get_id(), event.get_time() if has_time else None, data)


def _data(members: Mapping[str, Raw], prefix: str) -> bytes:
    if "data" in members:
        return bytes(members["data"])
    if "data_base64" in members:
        try:
            return msgspec.json.decode(members["data_base64"], type=bytes)
        except msgspec.DecodeError:
            raise InvalidRecord(
                f"{prefix}data_base64 is not base64.", field=f"{prefix}data_base64", remedy=_REMEDY
            ) from None
    raise InvalidRecord(f"{prefix}data is missing.", field=f"{prefix}data", remedy="Put the execution record there.")


def first_line(lines: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Split a stream of lines into the header line and the steps. Raises MalformedBody where it is empty."""
    rest = iter(lines)
    line = next(rest, None)
    if line is None:
        raise MalformedBody("The body is empty.", field="body", remedy="Send the record's first line, then its steps.")
    return line, rest


_TYPES: Final = f"Send the type '{COMPLETED}' or '{STARTED}'."


def check_type(event: Event) -> None:
    """Raise InvalidRecord where an event is of a type that Runfolio does not know."""
    if event.type not in {COMPLETED, STARTED}:
        raise InvalidRecord(f"The event type '{event.type}' is not known.", field="type", remedy=_TYPES)
