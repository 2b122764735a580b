from __future__ import annotations

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.http import (
    HTTPMessage,
    to_binary_event,
    to_structured_event,
)
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract import jsontext
from producer.contract.errors import InvalidRecord, MalformedBody, RunfolioError, TooLarge, UnsupportedMediaType
from producer.events import (
    BATCH,
    COMPLETED,
    JSON,
    MAX_BATCH,
    NDJSON,
    STRUCTURED,
    Event,
    Mode,
    batch_events,
    binary_event,
    first_line,
    mode_of,
    structured_event,
)
from tests.house import record_of, step

RECORD = record_of([step("fetch", output='ü \u2028 "quoted"')])
TIME = datetime(2025, 4, 9, 14, 59, 56, tzinfo=UTC)
ATTRIBUTES = {"specversion": "1.0", "id": "1", "source": "/engine", "type": COMPLETED}


def made_by_the_sdk(data: Any = RECORD, **attributes: Any) -> CloudEvent:
    return CloudEvent({**ATTRIBUTES, "time": TIME, "datacontenttype": JSON, **attributes}, data)


def headers_of(message: HTTPMessage) -> dict[str, str]:
    return {name.lower(): value for name, value in message.headers.items()}


def structured(**members: Any) -> bytes:
    given_members = {**ATTRIBUTES, "data": RECORD, **members}
    return jsontext.encode({name: value for name, value in given_members.items() if value is not ...})


def test_what_the_sdk_writes_in_binary_mode_is_read() -> None:
    message = to_binary_event(made_by_the_sdk(id="é 1%", subject="x"))
    headers = headers_of(message)
    assert mode_of(headers) is Mode.BINARY_JSON
    event = binary_event(headers, message.body)
    assert (event.type, event.id, event.time) == (COMPLETED, "é 1%", TIME)
    assert jsontext.decode(event.data) == RECORD


def test_what_the_sdk_writes_in_structured_mode_is_read() -> None:
    message = to_structured_event(made_by_the_sdk())
    assert mode_of(headers_of(message)) is Mode.STRUCTURED
    event = structured_event(message.body)
    assert (event.type, event.id, event.time) == (COMPLETED, "1", TIME)
    assert jsontext.decode(event.data) == RECORD


def test_what_the_sdk_writes_as_binary_data_is_read() -> None:
    message = to_structured_event(made_by_the_sdk(jsontext.encode(RECORD)))
    assert b"data_base64" in message.body
    assert jsontext.decode(structured_event(message.body).data) == RECORD


def test_a_batch_of_what_the_sdk_writes_is_read() -> None:
    bodies = [to_structured_event(made_by_the_sdk(id=name)).body for name in ("a", "b")]
    events = list(batch_events(b"[" + b",".join(bodies) + b"]"))
    assert [event.id for event in events if isinstance(event, Event)] == ["a", "b"]


@pytest.mark.parametrize(
    ("content_type", "specversion", "mode"),
    [
        (f"{STRUCTURED}; charset=utf-8", False, Mode.STRUCTURED),
        (STRUCTURED.upper(), True, Mode.STRUCTURED),
        (BATCH, False, Mode.BATCH),
        (f"{JSON};charset=UTF-8", True, Mode.BINARY_JSON),
        (NDJSON, True, Mode.BINARY_NDJSON),
    ],
)
def test_the_content_type_tells_the_mode(content_type: str, specversion: bool, mode: Mode) -> None:
    headers = {"content-type": content_type, **({"ce-specversion": "1.0"} if specversion else {})}
    assert mode_of(headers) is mode


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": JSON},
        {"content-type": NDJSON},
        {"content-type": "text/plain", "ce-specversion": "1.0"},
        {"content-type": "application/cloudevents+avro"},
        {"ce-specversion": "1.0"},
    ],
)
def test_what_carries_no_event_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(UnsupportedMediaType) as raised:
        mode_of(headers)
    assert raised.value.field == "Content-Type"


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
def test_a_missing_attribute_is_named(name: str) -> None:
    with pytest.raises(InvalidRecord) as raised:
        structured_event(structured(**{name: ...}))
    assert raised.value.field == name
    headers = {f"ce-{key}": value for key, value in ATTRIBUTES.items() if key != name}
    with pytest.raises(InvalidRecord) as raised:
        binary_event(headers)
    assert raised.value.field == f"ce-{name}"


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"type": None}, "type"),
        ({"source": ""}, "source"),
        ({"time": "yesterday"}, "time"),
        ({"time": 5}, "time"),
        ({"time": None}, "time"),
        ({"time": {}}, "time"),
        ({"data": ...}, "data"),
        ({"data": ..., "data_base64": "***"}, "data_base64"),
        ({"data": ..., "data_base64": 5}, "data_base64"),
    ],
)
def test_a_wrong_attribute_is_named(members: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRecord) as raised:
        structured_event(structured(**members))
    assert raised.value.field == field
    (problem,) = batch_events(b"[" + structured(**members) + b"]")
    assert isinstance(problem, InvalidRecord)
    assert problem.field == f"[0].{field}"


def test_a_wrong_time_in_a_header_is_named() -> None:
    headers = {f"ce-{name}": value for name, value in ATTRIBUTES.items()} | {"ce-time": "25:00"}
    with pytest.raises(InvalidRecord) as raised:
        binary_event(headers)
    assert raised.value.field == "ce-time"


def test_an_event_without_a_time_has_none() -> None:
    assert structured_event(structured()).time is None
    assert binary_event({f"ce-{name}": value for name, value in ATTRIBUTES.items()}).time is None


def test_data_stays_as_it_was_written() -> None:
    body = b'{"specversion":"1.0","id":"1","source":"s","type":"t","data":{"n":  123456789012345678901234567890}}'
    assert structured_event(body).data == b'{"n":  123456789012345678901234567890}'


def test_base64_holds_any_bytes() -> None:
    data = base64.b64encode(b'{"x": "\xc3\xbc"}').decode()
    assert structured_event(structured(data=..., data_base64=data)).data == b'{"x": "\xc3\xbc"}'


def test_good_and_bad_events_of_a_batch_stand_each_for_itself() -> None:
    body = b"[" + b",".join([structured(), b"3", structured(id=...), structured(id="4")]) + b"]"
    first, second, third, fourth = batch_events(body)
    assert isinstance(first, Event)
    assert isinstance(second, MalformedBody)
    assert second.field == "[1]"
    assert isinstance(third, InvalidRecord)
    assert third.field == "[2].id"
    assert isinstance(fourth, Event)


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[", b'[{"a":}]'])
def test_a_batch_is_an_array(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        list(batch_events(body))


def test_an_empty_batch_has_no_events() -> None:
    assert list(batch_events(b"[]")) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{"])
def test_a_structured_body_is_an_object(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        structured_event(body)


def test_the_first_line_is_taken_off() -> None:
    line, rest = first_line(iter([b"1", b"2", b"3"]))
    assert (line, list(rest)) == (b"1", [b"2", b"3"])
    with pytest.raises(MalformedBody, match="empty"):
        first_line([])


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["specversion", "id", "source", "type", "time", "data", "data_base64", "subject", "X!", ""]),
        st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.lists(st.none()) | st.just({}),
    )
)
def test_any_members_are_an_event_or_an_error_of_ours(members: dict[str, Any]) -> None:
    body = json.dumps(ATTRIBUTES | members).encode()
    for read in (structured_event, lambda text: list(batch_events(b"[" + text + b"]"))):
        with suppress(RunfolioError):
            read(body)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=6).map(lambda name: f"ce-{name}"), st.text(max_size=10)))
def test_any_headers_are_an_event_or_an_error_of_ours(headers: dict[str, str]) -> None:
    known = {f"ce-{name}": value for name, value in ATTRIBUTES.items()}
    for several in (headers, known | headers):
        with suppress(RunfolioError):
            assert binary_event(several).id


def test_a_batch_has_a_limit() -> None:
    assert len(list(batch_events(b"[" + b",".join([b"0"] * MAX_BATCH) + b"]"))) == MAX_BATCH
    with pytest.raises(TooLarge, match="1001 events"):
        list(batch_events(b"[" + b",".join([b"0"] * (MAX_BATCH + 1)) + b"]"))
