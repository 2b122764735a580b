from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract import jsontext
from producer.contract.errors import (
    DamagedRecord,
    InvalidRecord,
    NotFound,
    RunfolioError,
    StorageUnavailable,
    Unauthenticated,
)
from producer.contract.objects import ObjectStore
from producer.contract.record import StepDocument, read_header, read_step
from producer.contract.records import INLINE_LIMIT, Record, Records, Written, step_of
from producer.contract.steps import entries_of
from tests.fakes import MemoryObjects
from tests.house import record_of, step

AT = datetime(2025, 4, 9, 15, tzinfo=UTC)


def documents(steps: list[dict[str, Any]]) -> Iterator[StepDocument]:
    for position, one in enumerate(steps):
        yield read_step(one, position)


def write(
    objects: ObjectStore,
    steps: list[dict[str, Any]],
    *,
    at: datetime = AT,
    confirm: Callable[[], None] = lambda: None,
    **fields: Any,
) -> Written:
    value = record_of(**fields)
    header = read_header({"workflow": value["workflow"], "execution": value["execution"]})

    def accept() -> datetime:
        confirm()
        return at

    return Records(objects).write(header, documents(steps), moment=None, confirm=accept)


def small(count: int = 3) -> list[dict[str, Any]]:
    return [step(f"s{number}", "failed" if number % 2 else "succeeded", x_raw=number) for number in range(count)]


def large(count: int = 4_000) -> list[dict[str, Any]]:
    draw = random.Random(7)  # noqa: S311 # test data must repeat, not be secret
    return [
        step(f"s{number % 9}", "failed" if number % 50 == 0 else "succeeded", output="x" * draw.randrange(400))
        for number in range(count)
    ]


def raws(record: Record, selection: Any = None) -> list[Any]:
    return [document.raw for _, document in record.steps(selection)]


def test_a_small_record_is_one_object() -> None:
    objects = MemoryObjects()
    written = write(objects, small())
    assert written.created
    assert objects.keys() == (f"executions/wf/e1/{written.record.stored.digest}.json",)
    again = Records(objects).read("wf", "e1", written.record.stored.digest)
    assert raws(again) == small()
    assert again.stored.by_status == {"succeeded": 2, "failed": 1}
    assert again.stored.step_count == 3
    assert again.stored.size == sum(len(jsontext.encode(one)) + 1 for one in small())


def test_a_large_record_is_steps_index_and_header() -> None:
    objects = MemoryObjects()
    steps = large()
    record = write(objects, steps).record
    suffixes = sorted(key.rpartition(".")[2] for key in objects.keys())  # noqa: SIM118 # it is no dictionary
    assert suffixes == ["index", "json", "ndjson"]
    again = Records(objects).read("wf", "e1", record.stored.digest)
    assert raws(again) == steps
    assert raws(again) == steps, "a record can be read any number of times"
    assert [entry.name for entry in again.entries()] == [one["name"] for one in steps]
    assert again.stored.step_count == len(steps)


@pytest.mark.parametrize("excess", [-1, 0, 1])
def test_the_limit_decides_where_steps_lie(excess: int) -> None:
    objects = MemoryObjects()
    frame = len(jsontext.encode(step("a", output=""))) + 1
    steps = [step("a", output="x" * (INLINE_LIMIT - frame + excess))]
    record = write(objects, steps).record
    assert (record.stored.upload is None) == (excess <= 0)
    assert raws(record) == steps


def test_both_forms_have_the_same_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    one = write(MemoryObjects(), small(40)).record.stored
    monkeypatch.setattr("producer.contract.records.INLINE_LIMIT", 10)
    other = write(MemoryObjects(), small(40)).record.stored
    assert (one.upload is None, other.upload is None) == (True, False)
    assert one.digest == other.digest


def test_the_digest_is_that_of_the_canonical_lines() -> None:
    value = record_of(small())
    lines = [{"workflow": value["workflow"], "execution": value["execution"]}, *value["steps"]]
    expected = hashlib.sha256(b"".join(jsontext.canonical(line) + b"\n" for line in lines)).hexdigest()
    assert write(MemoryObjects(), small()).record.stored.digest == expected


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 299), max_size=40), st.integers(1, 40_000), st.integers(0, 2**32))
def test_any_selection_is_read_right_however_the_store_cuts(chosen: set[int], chunk: int, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 # test data must repeat, not be secret
    steps = [step(f"s{n}", output="x" * draw.choice([0, 10, 3_000, 20_000])) for n in range(300)]
    objects = MemoryObjects()
    record = write(objects, steps).record
    reader = Records(Cut(objects, chunk)).read("wf", "e1", record.stored.digest)
    selection = [(at, entry) for at, entry in enumerate(reader.entries()) if at in chosen]
    assert raws(reader, selection) == [steps[at] for at in sorted(chosen)]


class Cut(MemoryObjects):
    """A store that hands objects out in pieces of a size of its own."""

    def __init__(self, objects: MemoryObjects, size: int) -> None:
        super().__init__()
        self._objects = objects._objects  # noqa: SLF001 # the same store under another cut
        self._size = size

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        view = memoryview(self.get(key).data)[start:end]
        yield from (bytes(view[at : at + self._size]) for at in range(0, len(view), self._size))


def test_only_what_is_needed_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    objects = MemoryObjects()
    steps = [step(f"s{number}", output="x" * 700_000) for number in range(8)]
    record = write(objects, steps).record
    asked: list[tuple[int, int | None]] = []
    stream = objects.stream

    def watched(key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        asked.append((start, end))
        return stream(key, start, end)

    monkeypatch.setattr(objects, "stream", watched)
    entries = list(enumerate(record.entries()))
    assert raws(record, [entries[0], entries[1], entries[7]]) == [steps[0], steps[1], steps[7]]
    ends = [entry.offset + entry.length for _, entry in entries]
    assert asked == [(0, ends[1]), (entries[7][1].offset, ends[7])]


@pytest.mark.parametrize("steps", [small(), large()], ids=["small", "large"])
def test_a_bad_step_in_the_middle_leaves_nothing(steps: list[dict[str, Any]]) -> None:
    objects = MemoryObjects()
    at = len(steps) * 3 // 4
    with pytest.raises(InvalidRecord) as raised:
        write(objects, [*steps[:at], {"name": "a"}, *steps[at:]])
    assert raised.value.field == f"steps[{at}].status"
    assert objects.keys() == ()


@pytest.mark.parametrize("steps", [small(), large()], ids=["small", "large"])
def test_a_refusal_at_the_end_leaves_nothing(steps: list[dict[str, Any]]) -> None:
    objects = MemoryObjects()
    seen: list[tuple[str, ...]] = []

    def refuse() -> None:
        seen.append(tuple(key for key in objects.keys() if key.count("/") == 3))  # noqa: SIM118 # no dictionary
        raise Unauthenticated("Wrong signature.")

    with pytest.raises(Unauthenticated):
        write(objects, steps, confirm=refuse)
    assert seen == [()], "nothing makes the record exist before it is confirmed"
    assert objects.keys() == ()


@pytest.mark.parametrize("steps", [small(), large()], ids=["small", "large"])
def test_writing_again_changes_nothing(steps: list[dict[str, Any]]) -> None:
    objects = MemoryObjects()
    first = write(objects, steps).record.stored
    before = {key: objects.head(key).etag for key in objects.keys()}  # noqa: SIM118 # it is no dictionary
    again = write(objects, steps, at=AT + timedelta(days=1))
    assert not again.created
    assert again.record.stored.accepted_at == first.accepted_at
    assert {key: objects.head(key).etag for key in objects.keys()} == before  # noqa: SIM118 # it is no dictionary


@pytest.mark.parametrize("steps", [small(), large()], ids=["small", "large"])
def test_a_record_whose_answer_was_lost_stays_whole(
    steps: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = MemoryObjects()
    put_if = objects.put_if

    def lost(*args: Any, **kwargs: Any) -> None:
        put_if(*args, **kwargs)
        raise StorageUnavailable("The answer was lost.")

    monkeypatch.setattr(objects, "put_if", lost)
    with pytest.raises(StorageUnavailable):
        write(objects, steps)
    monkeypatch.setattr(objects, "put_if", put_if)
    written = write(objects, steps)
    assert not written.created
    assert raws(written.record) == steps


def test_changed_content_is_a_revision_beside_the_other() -> None:
    objects = MemoryObjects()
    first = write(objects, small(2), at=AT).record
    second = write(objects, small(3), at=AT + timedelta(seconds=1)).record
    records = Records(objects)
    assert records.newest("wf", "e1").stored.digest == second.stored.digest
    write(objects, small(2), at=AT + timedelta(seconds=2))
    assert records.newest("wf", "e1").stored.digest == second.stored.digest, "a replay does not move a revision"
    assert raws(records.read("wf", "e1", first.stored.digest)) == small(2)


def test_what_is_not_there_is_not_found() -> None:
    records = Records(MemoryObjects())
    with pytest.raises(NotFound, match="'e1'"):
        records.newest("wf", "e1")
    with pytest.raises(NotFound, match="'e1'"):
        records.read("wf", "e1", "0" * 64)


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b"[]", b'{"digest": 1}'])
def test_a_damaged_record_is_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(RunfolioError, match="cannot be read"):
        Records(MemoryObjects()).open(data)


def test_a_damaged_step_is_an_error_of_ours() -> None:
    objects = MemoryObjects()
    record = write(objects, large()).record
    (key,) = [one.key for one in objects.list("executions/") if one.key.endswith(".ndjson")]
    objects.put(key, b"?" + objects.get(key).data[1:])
    with pytest.raises(DamagedRecord, match="cannot be read"):
        next(record.steps())


def test_the_index_of_a_small_record_is_that_of_a_large_one(monkeypatch: pytest.MonkeyPatch) -> None:
    times = {"started_at": "2025-04-09T12:00:00Z", "finished_at": "2025-04-09T12:00:01.5"}
    steps = [
        step("é" * 3_000, iteration=7, unknown={"name": 1}, **times),
        step("x", "failed", output="y" * 100),
        step(""),
    ]
    inline = list(write(MemoryObjects(), steps).record.entries())
    monkeypatch.setattr("producer.contract.records.INLINE_LIMIT", 0)
    assert inline == list(write(MemoryObjects(), steps).record.entries())


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[" * 100_000 + b"]" * 100_000])
def test_what_is_no_step_is_an_error_of_ours(text: bytes) -> None:
    with pytest.raises(DamagedRecord, match="cannot be read"):
        step_of(text, 0)
    with pytest.raises(DamagedRecord, match="cannot be read"):
        next(entries_of([text]))


def test_ids_that_look_like_folders_stay_apart() -> None:
    objects = MemoryObjects()
    for workflow, execution in (("a/b", "c"), ("a", "b/c"), ("steps", "started.json")):
        write(objects, small(1), workflow=workflow, execution=execution)
        assert Records(objects).newest(workflow, execution).execution_id == execution
    assert len(objects.keys()) == 3
