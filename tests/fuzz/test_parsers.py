"""What reads foreign input, fuzzed: it is read, or refused in our own words, soon and in bounded memory."""

from __future__ import annotations

import gzip
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import pytest
from backports import zstd
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from producer.bodies import decompressed, lines
from producer.contract import jsontext, keys
from producer.contract.drafting import draft
from producer.contract.errors import RunfolioError
from producer.contract.export import RenderProfile, RequestedExport
from producer.contract.names import archive_name, attachment, portable
from producer.contract.record import StartedExecution
from producer.contract.records import Records
from producer.contract.redaction.redactor import Redactor
from producer.contract.shown import ShownRecord
from producer.engines import AUTO, ENGINES, convert
from producer.events import (
    COMPLETED,
    Event,
    batch_events,
    binary_event,
    check_type,
    first_line,
    mode_of,
    structured_event,
)
from producer.incoming import Incoming, Most, as_text, receive, split_record, streamed_record
from tests.fakes import MemoryObjects
from tests.fuzz.budget import CAMPAIGNS, SHARE_GUIDED, SHARE_OF_HTTP, Campaign, peak, seconds
from tests.fuzz.mutations import NASTY, any_value, from_number, mutation, text_of, torn
from tests.unit.producer.engines.payloads import FIXTURES, load
from tests.unit.producer.engines.stepfunctions_payloads import body
from tests.unit.producer.engines.test_serverless_workflow import RUN
from worker.pages import archive_of

pytestmark = pytest.mark.slow

SLOWEST: Final = 10.0
"""Seconds that one case may take, on a machine that has other work."""

MOST_GROWTH: Final = 300
"""MiB that the process may grow by while one part is fuzzed."""

AT_A_TIME: Final = 100
REDACTOR: Final = Redactor()

RECORD: Final[dict[str, Any]] = {
    "workflow": {"id": "w", "name": "A workflow"},
    "execution": {
        "id": "e",
        "status": "failed",
        "started_at": "2026-01-31T22:00:00Z",
        "finished_at": "2026-01-31T22:01:00.5+02:00",
        "input": {"q": "x"},
        "output": "# Done\n\n| a | b |\n| - | - |\n| 1 | 2 |",
        "error": {"message": "no"},
        "url": "https://engine.example/e",
    },
    "steps": [
        {"name": "fetch", "status": "succeeded", "iteration": 1, "input": {"a": [1, 2.5, None]}, "output": "**b**"},
        {"name": "fetch", "status": "failed", "iteration": 2, "error": "t", "log": "\x1b[32mok\x1b[0m\r\n"},
        {
            "name": "../CON",
            "status": "timed-out",
            "description": "d",
            "children": [{"name": "c", "output": {"k": "v"}}],
        },
    ],
    "export": [{"format": "html", "combine": True, "include": ["manifest", "reader"]}, {"steps": "failed"}],
    "secrets": ["hunter2-hunter2"],
}
EVENT: Final[dict[str, Any]] = {
    "specversion": "1.0",
    "type": "runfolio.execution.completed.v1",
    "source": "/fuzz",
    "id": "1",
    "time": "2026-01-31T22:00:00Z",
    "data": RECORD,
}
BEGUN: Final = {"workflow": {"id": "w"}, "execution": {"id": "e"}}
STARTED: Final[dict[str, Any]] = {**EVENT, "type": "runfolio.execution.started.v1", "data": BEGUN}
ENCODED: Final = {**{name: value for name, value in EVENT.items() if name != "data"}, "data_base64": "e30="}


def budget(share: float) -> float:
    """Return the seconds of a part: its share of what is for reading bodies."""
    return seconds() * (1 - SHARE_OF_HTTP - SHARE_GUIDED) * share


def fuzz(part: str, inputs: st.SearchStrategy[Any], act: Callable[[Any], object], share: float) -> None:
    """Draw inputs until the time is over. Each must be taken, or refused by RunfolioError."""
    count, taken, slowest, before, began = 0, 0, 0.0, peak(), time.monotonic()

    def once(value: Any) -> None:
        nonlocal count, taken, slowest
        count += 1
        started = time.monotonic()
        with suppress(RunfolioError):
            act(value)
            taken += 1
        slowest = max(slowest, time.monotonic() - started)
        assert slowest < SLOWEST

    chosen = settings(
        max_examples=AT_A_TIME,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    rounds = 0
    while rounds == 0 or time.monotonic() - began < budget(share):
        seeded(rounds)(chosen(given(inputs)(once)))()
        rounds += 1
    grown = peak() - before
    CAMPAIGNS.append(Campaign(part, count, taken, time.monotonic() - began, slowest, grown))
    assert grown < MOST_GROWTH
    assert taken > 0, "all is refused, so that nothing was tried"


def accept(incoming: Incoming) -> None:
    """Take a record in as the gateway does, read it back, and make an archive of it as a worker does."""
    received = receive(incoming, Most(1_000_000, 500))
    objects = MemoryObjects()
    records = Records(objects)
    now = datetime(2026, 1, 31, tzinfo=UTC)
    written_record = records.write(received.header, received.steps, moment=None, confirm=lambda: now).record
    ids = written_record.workflow_id, written_record.execution_id
    assert all(key.startswith(keys.execution_prefix(*ids)) for key in set(objects.keys()))
    stored = records.read(*ids, written_record.stored.digest)
    assert sum(1 for _ in stored.steps()) == stored.stored.step_count
    for requested in received.requested[:2]:
        unpacked(b"".join(archive(records.newest(*ids), requested)))


def archive(record: Any, requested: RequestedExport) -> Iterator[bytes]:
    profile = RenderProfile(redaction=REDACTOR.identity)
    shown = ShownRecord(record, REDACTOR)
    now = record.stored.accepted_at
    pending = draft(shown, requested.options, profile, nonce="", download_url="", created_at=now, requested_by="")
    return iter(archive_of(record, pending, lambda _, __: None, REDACTOR))


def unpacked(data: bytes) -> None:
    """Hold an archive against what is promised of every one: whole, portable names, nothing twice, nothing outside."""
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        names = opened.namelist()
        for name in names:
            opened.read(name).decode()
            assert 0 < len(name.encode()) <= 240
            assert not set('/\\:*?"<>|') & set(name)
            assert not any(ord(sign) < 32 for sign in name)
            assert name not in {".", ".."}
        assert len({name.casefold() for name in names}) == len(names)


def read_events(body: bytes) -> None:
    """Read a body in the structured mode, or in the batch mode where it is a list, and take in what it holds."""
    if not body.startswith(b"["):
        take(structured_event(body))
        return
    for event in batch_events(body):
        with suppress(RunfolioError):
            if isinstance(event, Event):
                take(event)


def take(event: Event) -> None:
    check_type(event)
    if event.type == COMPLETED:
        accept(split_record(event.data))
    else:
        jsontext.convert(jsontext.decode(event.data), StartedExecution)


def test_cloud_events() -> None:
    examples = [EVENT, STARTED, ENCODED, [EVENT, EVENT], [EVENT, 1]]
    bodies = from_number(lambda draw: torn(draw, text_of(draw, mutation(draw, examples))))
    fuzz("CloudEvents, structured and batch", bodies, read_events, 0.2)


def test_binary_mode() -> None:
    names = st.sampled_from(["ce-specversion", "ce-type", "ce-source", "ce-id", "ce-time", "ce-x", "content-type"])
    values = st.sampled_from([*NASTY, "1.0", EVENT["type"], STARTED["type"], "/a", "application/x-ndjson"]) | st.text()
    good = {"ce-specversion": "1.0", "ce-type": EVENT["type"], "ce-source": "/a", "ce-id": "1"}

    def act(changes: dict[str, str]) -> None:
        headers = {**good, "content-type": "application/json", **changes}
        mode_of(headers)
        check_type(binary_event(headers))

    fuzz("CloudEvents, binary", st.dictionaries(names, values, max_size=5), act, 0.05)


def test_ndjson() -> None:
    header = {name: value for name, value in RECORD.items() if name != "steps"}

    def stream(draw: Random) -> tuple[bytes, int]:
        first = text_of(draw, changed_now_and_then(draw, [header]))
        rest = [text_of(draw, changed_now_and_then(draw, RECORD["steps"])) for _ in range(draw.randrange(8))]
        whole = b"\n".join([first, *rest])
        return torn(draw, whole) if draw.random() < 0.3 else whole, draw.randrange(1, 5_000)

    def act(given_body: tuple[bytes, int]) -> None:
        data, size = given_body
        pieces = (data[at : at + size] for at in range(0, len(data), size))
        first, rest = first_line(lines(pieces, 1_000_000))
        accept(streamed_record(first, rest))

    fuzz("NDJSON", from_number(stream), act, 0.15)


def changed_now_and_then(draw: Random, examples: list[Any]) -> Any:
    """Mostly a good value: one bad line spoils a whole body."""
    return mutation(draw, examples) if draw.random() < 0.3 else draw.choice(examples)


def test_records() -> None:
    texts = from_number(lambda draw: text_of(draw, mutation(draw, [RECORD])))
    fuzz("records, and their archives", texts, lambda text: accept(split_record(text)), 0.25)


PUT_TOGETHER: Final[dict[str, list[Any]]] = {
    "serverless-workflow": [RUN],
    "stepfunctions": [body("test_map_state_break_condition"), body("test_cross_account_service_lambda_invoke_retry")],
}
"""Payloads of engines of which only parts were recorded."""


def payloads(engine: str) -> list[Any]:
    """The payloads of an engine that are JSON and not too large to be changed at many places."""
    if engine in PUT_TOGETHER:
        return PUT_TOGETHER[engine]
    files = sorted(path for path in (FIXTURES / engine).glob("**/*.json") if path.stat().st_size < 60_000)
    return [load(str(path.relative_to(FIXTURES))) for path in files]


@pytest.mark.parametrize("engine", ENGINES)
def test_engine_adapters(engine: str) -> None:
    examples = payloads(engine)

    def act(given_payload: tuple[bytes, str]) -> None:
        payload, name = given_payload
        accept(as_text(jsontext.decode(jsontext.encode(convert(name, jsontext.decode(payload))))))

    def payload(draw: Random) -> tuple[bytes, str]:
        return text_of(draw, mutation(draw, examples)), draw.choice([engine, engine, AUTO])

    fuzz(f"adapter: {engine}", from_number(payload), act, 0.25 / len(ENGINES))


def test_names() -> None:
    text = st.text() | st.sampled_from(NASTY) | st.text(alphabet="./\\:*?\x00 \u202e\u200dé", max_size=300)
    moment = datetime(2026, 1, 31, tzinfo=UTC)

    def act(given_names: tuple[str, str, int]) -> None:
        name, identifier, most = given_names
        made = portable(name, most)
        assert 0 < len(made.encode()) <= most
        assert portable(made, most) == made
        whole = archive_name(name, moment, UTC, identifier)
        for one in (made, whole):
            assert not set('/\\:*?"<>|\x00\u202e') & set(one)
        assert whole.endswith(".zip")
        assert len(whole.encode()) <= 240
        attachment(whole).encode("ascii")

    fuzz("names", st.tuples(text, text, st.integers(10, 240)), act, 0.05)


def test_compressed_bodies() -> None:
    def act(given_body: tuple[bytes, str]) -> None:
        data, coding = given_body
        size = sum(map(len, decompressed([data], coding)))
        assert size < 10_000_000

    text = jsontext.encode(RECORD)
    good = [gzip.compress(text), zstd.compress(text), gzip.compress(text) * 3, b"", b"\x1f\x8b", b"x" * 100]

    def squeezed(draw: Random) -> tuple[bytes, str]:
        return torn(draw, draw.choice(good)), draw.choice(["gzip", "zstd", "br"])

    fuzz("gzip and zstd", from_number(squeezed), act, 0.05)


def test_values_survive() -> None:
    def act(value: Any) -> None:
        text = jsontext.encode(value)
        assert jsontext.decode(text) == value
        assert jsontext.decode(jsontext.canonical(value)) == value

    # A lone surrogate is no text that could be written; what is read of one is another test.
    values = from_number(any_value).filter(lambda value: "\\ud83d" not in json.dumps(value))
    fuzz("JSON values", values, act, 0.05)
