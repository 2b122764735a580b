"""From a user's file to the body of a request: the export options go to where the gateway looks for them."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final
from urllib.parse import quote

from msgspec import Raw

from producer.contract import jsontext
from producer.contract.errors import InvalidOptions
from runfolio.inputs import PIECE, Engine, Input, Kind

SOURCE: Final = "runfolio-send"
COMPLETED: Final = "runfolio.execution.completed.v1"

Choices = Mapping[str, Any]
"""Export options as the user gave them; what was not given is not there, and empty where nothing was given."""

_CONTENT_TYPES: Final = {Kind.EVENT: "application/cloudevents+json", Kind.BATCH: "application/cloudevents-batch+json"}


def record_headers(source: Input, choices: Choices) -> dict[str, str]:
    """Return the headers of a binary-mode CloudEvent (CloudEvents 1.0.2, HTTP binding 1.0.2, section 3.1) of a record.

    The event's id follows from the content and the options, so that sending twice is one event.
    """
    digest = hashlib.sha256(jsontext.canonical(choices))
    for piece in source.pieces():
        digest.update(piece)
    return {
        "Content-Type": "application/x-ndjson",
        "ce-specversion": "1.0",
        "ce-id": str(uuid.uuid5(uuid.NAMESPACE_URL, digest.hexdigest())),
        "ce-source": SOURCE,
        "ce-type": COMPLETED,
    }


def record_body(source: Input, choices: Choices) -> Iterator[bytes]:
    """Yield a record as NDJSON, the form that may be of any size, with the options on its first line.

    Options of the record's own stay unless the user gave some.
    """
    return _body_of_object(source, choices) if source.kind is Kind.RECORD else _body_of_lines(source, choices)


def _body_of_object(source: Input, choices: Choices) -> Iterator[bytes]:
    members = jsontext.members(source.whole(), where=source.name)
    steps = jsontext.elements(bytes(members.pop("steps")), where=f"{source.name}: steps")
    yield _on_one_line(jsontext.encode(_with_choices(members, choices))) + b"\n"
    line = bytearray()
    for step in steps:
        line += _on_one_line(bytes(step)) + b"\n"
        if len(line) >= PIECE:
            yield bytes(line)
            line.clear()
    if line:
        yield bytes(line)


def _on_one_line(text: bytes) -> bytes:
    """Write a JSON text without the line ends that lie between its parts."""
    return jsontext.encode(jsontext.decode(text)) if b"\n" in text else text


def _body_of_lines(source: Input, choices: Choices) -> Iterator[bytes]:
    pieces = source.pieces()
    first, rest = _first_line(pieces)
    members = jsontext.members(first, where=f"{source.name}: line 1")
    return chain([jsontext.encode(_with_choices(members, choices)) + b"\n", rest], pieces)


def _first_line(pieces: Iterator[bytes]) -> tuple[bytes, bytes]:
    """Split off the first line that is not blank, and return what of the pieces read comes after it."""
    read = bytearray()
    for piece in pieces:
        read += piece
        text = read.lstrip()
        line, end, rest = text.partition(b"\n")
        if end:
            return bytes(line), bytes(rest)
    return bytes(read.strip()), b""


def _with_choices(members: dict[str, Raw], choices: Choices) -> dict[str, Any]:
    return {**members, "export": choices} if choices else members


def event_headers(source: Input) -> dict[str, str]:
    """Return the headers of CloudEvents that bring their attributes along, one or a batch of them."""
    return {"Content-Type": _CONTENT_TYPES[source.kind]}


def event_body(source: Input, choices: Choices) -> bytes:
    """Return CloudEvents with the options put into their data. Raises InvalidOptions where that is not possible."""
    data = source.whole()
    if not choices:
        return data
    if source.kind is Kind.EVENT:
        return jsontext.encode(_event_with_choices(jsontext.members(data, where=source.name), choices))
    events = [jsontext.members(bytes(one)) for one in jsontext.elements(data, where=source.name)]
    return jsontext.encode([_event_with_choices(event, choices) for event in events])


def _event_with_choices(event: dict[str, Raw], choices: Choices) -> dict[str, Any]:
    if "data" not in event:
        raise InvalidOptions(
            "Options cannot be given for an event without plain 'data'.",
            remedy="Leave the options out, or write the record into the event's 'data'.",
        )
    return {**event, "data": _with_choices(jsontext.members(bytes(event["data"]), where="data"), choices)}


def payload_path(engine: Engine) -> str:
    """Return where an engine's own payloads are taken."""
    return f"/v1/engines/{quote(engine.name, safe='')}/events"


def payload_params(engine: Engine, choices: Choices) -> dict[str, Any]:
    """Return the query that goes with an engine's own payload: its instance and the options."""
    instance = {} if engine.instance is None else {"instance": engine.instance}
    return {**choices, **instance}
