from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.bodies import lines
from producer.contract import jsontext
from producer.contract.audit import Action
from producer.contract.errors import (
    Conflict,
    Forbidden,
    InvalidRecord,
    MalformedBody,
    NotCompleted,
    RunfolioError,
    StorageUnavailable,
    TooLarge,
    Unauthenticated,
)
from producer.contract.export import Export, State
from producer.contract.jsonbounds import MAX_DEPTH
from producer.contract.record import moment_of, read_header
from producer.events import COMPLETED, STARTED, Event, check_type, first_line
from producer.incoming import Incoming, as_text, streamed_record
from tests.house import HOOK, AtLast, AtOnce, House, Step, TestSender, record_of, step

RECORD = record_of([step("fetch", output={"n": 10**30}, x_raw=[1]), step("think", "failed")], x_note="kept")
MANY = record_of([step(f"s{number}", output="x" * 400) for number in range(1_000)])


@pytest.fixture
def house() -> House:
    return House()


def ndjson(record: dict[str, Any]) -> bytes:
    head = {name: value for name, value in record.items() if name != "steps"}
    return b"".join(jsontext.encode(line) + b"\n" for line in [head, *record["steps"]])


def stream(house: House, data: bytes, sender: TestSender | None = None) -> list[Export]:
    first, rest = first_line(lines(iter([data]), 16 << 20))
    return house.gateway.intake.completed(streamed_record(first, rest), None, sender or TestSender())


def whole(house: House, data: bytes, sender: TestSender | None = None) -> list[Export]:
    return house.gateway.intake.event(Event(COMPLETED, "1", None, data), sender or TestSender())


@pytest.mark.parametrize("record", [RECORD, MANY], ids=["small", "large"])
def test_json_and_lines_of_the_same_content_are_the_same_export(house: House, record: dict[str, Any]) -> None:
    (one,) = whole(house, jsontext.encode(record))
    (two,) = whole(house, json.dumps(record, indent=1, sort_keys=True).encode())
    (three,) = stream(house, ndjson(record))
    (four,) = house.send(record)
    assert one == two == three == four
    assert len([key for key in house.stored() if key.endswith(".json") and key.startswith("executions/")]) == 1
    assert len(house.queue.exports) == 1


def test_options_secrets_and_callbacks_are_no_part_of_the_record(house: House) -> None:
    (plain,) = house.send(RECORD)
    (told,) = house.send(RECORD, export={"callback_url": HOOK}, secrets=["not-in-there"])
    assert told.id == plain.id
    assert b"not-in-there" not in everything(house)


def everything(house: House) -> bytes:
    return b"\n".join(key.encode() + house.objects.get(key).data for key in house.stored())


def test_accepted_is_stored_queued_and_listed(house: House) -> None:
    (export,) = house.send(RECORD)
    assert (export.status, export.progress.total) == (State.QUEUED, 2)
    assert export.download_url.startswith("https://runfolio.example/d/")
    assert house.pending() == [f"pending/{export.id}.json"]
    assert house.queue.exports[0]["record"] is not None, "a small record rides along"
    (listed,) = house.board.executions.page("wf").items
    assert (listed.execution_id, listed.step_count) == ("e1", 2)


def test_a_large_record_does_not_ride_in_the_message(house: House) -> None:
    house.send(MANY)
    assert house.queue.exports[0]["record"] is None


@pytest.mark.parametrize(
    ("asked", "count"), [({}, 1), (None, 1), ([], 0), ([{}, {"format": "html"}], 2), ([{}, {"include": []}], 1)]
)
def test_as_many_exports_as_are_asked_for(house: House, asked: Any, count: int) -> None:
    answered = house.send(RECORD, export=asked)
    assert len({export.id for export in answered}) == count
    assert len(house.pending()) == len(house.queue.exports) == count
    assert house.board.executions.find("wf", "e1") is not None


def test_a_redelivery_creates_nothing(house: House) -> None:
    first = house.send(RECORD)
    before = house.stored()
    house.clock.advance(60)
    assert house.send(RECORD) == first
    assert (house.stored(), len(house.queue.exports)) == (before, 1)
    house.settle_down()
    after = house.stored()
    (ready,) = house.send(RECORD)
    assert (ready.status, ready.id, house.stored()) == (State.READY, first[0].id, after)
    assert house.queue.exports == []


def test_changed_content_is_a_new_revision_that_a_replay_does_not_move(house: House) -> None:
    (old,) = house.send(RECORD)
    house.settle_down()
    changed = {**RECORD, "steps": [*RECORD["steps"], step("more")]}
    house.clock.advance(1)
    (new,) = house.send(changed)
    house.settle_down()
    assert new.id != old.id
    house.clock.advance(1)
    (replayed,) = house.send(RECORD)
    assert (replayed.id, replayed.status) == (old.id, State.READY)
    page = house.gateway.executions.page("wf", "e1", 0, 10)
    assert (page.step_count, page.next) == (3, None)
    assert house.request(RECORD).export.id == new.id
    for export in (old, new):
        assert house.gateway.links.follow(export.download_url.rpartition("/")[2]).address is not None


@pytest.mark.parametrize("sender", [TestSender(refusal=Unauthenticated("x")), TestSender(refusal=Forbidden("x"))])
@pytest.mark.parametrize("record", [RECORD, MANY], ids=["small", "large"])
def test_a_sender_that_is_refused_at_the_end_leaves_nothing(
    house: House, record: dict[str, Any], sender: TestSender
) -> None:
    with pytest.raises(RunfolioError):
        stream(house, ndjson(record), sender)
    assert house.stored() == ()
    assert house.board.executions.page("wf").items == []


@pytest.mark.parametrize("record", [RECORD, MANY], ids=["small", "large"])
@pytest.mark.parametrize(
    "bad", [b"{}", b"[]", b'{"name":"a","status":"running"}', b"{", b'{"name":"a","n":1e400}', b"NaN"]
)
def test_a_bad_step_in_the_middle_leaves_nothing(house: House, record: dict[str, Any], bad: bytes) -> None:
    split = ndjson(record).splitlines(keepends=True)
    at = len(split) - 1
    with pytest.raises((InvalidRecord, MalformedBody)) as raised:
        stream(house, b"".join([*split[:at], bad + b"\n", *split[at:]]))
    assert raised.value.field is not None
    assert raised.value.field.startswith(f"steps[{at - 1}]")
    assert house.stored() == ()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"export": {"format": "pdf"}}, "export.format"),
        ({"export": [{}, {"callback_url": "ftp://x"}]}, "callback_url"),
        ({"secrets": ["abc"]}, "secrets[0]"),
        ({"secrets": "password"}, "secrets"),
        ({"workflow": {"id": ""}}, "workflow.id"),
        ({"workflow": None}, "workflow"),
        ({"execution": {"id": "..", "status": "failed"}}, "execution.id"),
        ({"steps": [step(), {"name": "a", "status": "waiting"}]}, "steps[1].status"),
    ],
)
def test_a_refusal_names_its_field_and_leaves_nothing(house: House, change: dict[str, Any], field: str) -> None:
    with pytest.raises(RunfolioError) as raised:
        whole(house, jsontext.encode({**RECORD, **change}))
    assert raised.value.field == field
    assert house.stored() == ()


def test_a_callback_that_cannot_be_made_is_refused_before_anything_is_stored() -> None:
    house = House(callbacks_enabled=False)
    with pytest.raises(Conflict) as raised:
        house.send(RECORD, export={"callback_url": HOOK})
    assert raised.value.field == "callback_url"
    assert house.stored() == ()


@pytest.mark.parametrize("status", ["queued", "running", "waiting"])
def test_an_unfinished_execution_is_refused(house: House, status: str) -> None:
    with pytest.raises(NotCompleted):
        house.send(record_of([step()], status=status))
    assert house.stored() == ()


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{", b'{"steps": []}', b'{"steps": {}}', b'{"workflow": {}}'])
def test_what_is_no_record_is_refused(house: House, data: bytes) -> None:
    with pytest.raises((MalformedBody, InvalidRecord)):
        whole(house, data)
    assert house.stored() == ()


def test_a_record_without_steps_says_so(house: House) -> None:
    with pytest.raises(InvalidRecord) as raised:
        whole(house, jsontext.encode({name: RECORD[name] for name in ("workflow", "execution")}))
    assert raised.value.field == "steps"


@pytest.mark.parametrize("first", [b"[]", b"3", jsontext.encode(RECORD)])
def test_the_first_line_is_the_object_without_steps(first: bytes) -> None:
    with pytest.raises(InvalidRecord, match="line 1"):
        streamed_record(first, iter([]))


def test_a_step_above_the_limit_is_named(house: House) -> None:
    steps = [step("a"), step("b", output="x" * (16 << 20)), step("c")]
    with pytest.raises(TooLarge) as raised:
        whole(house, jsontext.encode(record_of(steps)))
    assert raised.value.field == "steps[1]"
    assert house.stored() == ()


def test_secrets_are_masked_before_anything_is_stored(house: House) -> None:
    steps = [step("call hunter2-hunter2", output={"token": "hunter2-hunter2", "x": 1})]
    for record in (record_of(steps, input="key=hunter2-hunter2"), record_of(steps * 400, execution="e2")):
        stream(house, ndjson({**record, "secrets": ["hunter2-hunter2"]}))
    assert b"hunter2" not in everything(house)
    page = house.gateway.executions.page("wf", "e1", 0, 1)
    assert page.steps[0]["output"] == {"token": "[masked]", "x": 1}


def test_a_started_event_is_masked_too(house: House) -> None:
    data = {
        "workflow": {"id": "wf"},
        "execution": {"id": "e1", "status": "running", "input": "hunter2-hunter2"},
        "secrets": ["hunter2-hunter2"],
    }
    assert house.gateway.intake.event(Event(STARTED, "1", None, jsontext.encode(data)), TestSender()) == []
    assert b"hunter2" not in everything(house)
    (listed,) = house.board.executions.page("wf").items
    assert (listed.status, listed.input_preview) == ("running", "[masked]")


def test_a_running_execution_cannot_be_exported_until_it_completes(house: House) -> None:
    started = {"workflow": {"id": "wf"}, "execution": {"id": "e1"}}
    event = Event(STARTED, "1", None, jsontext.encode(started))
    house.gateway.intake.event(event, TestSender())
    with pytest.raises(NotCompleted):
        house.request(RECORD)
    house.send(RECORD, export=[])
    assert house.request(RECORD).export.status is State.QUEUED
    house.gateway.intake.event(event, TestSender())
    listed = house.board.executions.find("wf", "e1")
    assert listed is not None
    assert listed.status == "succeeded", "a late started event takes nothing back"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"workflow": {"id": "wf"}}, "execution"),
        ({"workflow": {"id": ".."}, "execution": {"id": "e"}}, "workflow.id"),
        ({"workflow": {"id": "wf"}, "execution": {"id": "e", "status": "failed"}}, "execution.status"),
        ({"workflow": {"id": "wf"}, "execution": {"id": "e"}, "secrets": [1]}, "secrets[0]"),
        ([], None),
    ],
)
def test_a_wrong_started_event_leaves_nothing(house: House, data: Any, field: str | None) -> None:
    with pytest.raises(InvalidRecord) as raised:
        house.gateway.intake.event(Event(STARTED, "1", None, jsontext.encode(data)), TestSender())
    assert raised.value.field == field
    assert house.stored() == ()


def test_a_started_event_of_somebody_else_leaves_nothing(house: House) -> None:
    data = jsontext.encode({"workflow": {"id": "wf"}, "execution": {"id": "e"}})
    with pytest.raises(Forbidden):
        house.gateway.intake.event(Event(STARTED, "1", None, data), TestSender(refusal=Forbidden("x")))
    assert house.stored() == ()


def test_an_event_of_another_type_is_refused() -> None:
    with pytest.raises(InvalidRecord) as raised:
        check_type(Event("com.example.other", "1", None, b""))
    assert raised.value.field == "type"


def test_a_broker_that_is_away_refuses_no_event(house: House) -> None:
    house.broker.down = True
    (export,) = house.send(RECORD)
    assert (export.status, len(house.pending())) == (State.QUEUED, 1)
    assert house.send(RECORD) == [export]
    house.broker.down = False
    house.settle_down()
    assert house.gateway.exports.find(export.id).status is State.READY


def test_what_was_stored_without_the_broker_is_listed_when_it_is_back(house: House) -> None:
    house.broker.down = True
    house.send(RECORD)
    house.broker.down = False
    assert house.board.executions.page("wf").items == []
    house.settle_down()
    assert [one.execution_id for one in house.board.executions.page("wf").items] == ["e1"]
    assert [key for key in house.objects.keys() if key.startswith("unlisted/")] == []  # noqa: SIM118 # it is no dictionary


def test_a_record_that_could_not_be_read_again_is_not_stored(house: House) -> None:
    deep: Any = "x"
    for _ in range(MAX_DEPTH - 1):
        deep = [deep]
    record = {**RECORD, "execution": {**RECORD["execution"], "input": deep}}
    with pytest.raises(MalformedBody, match="nested too deeply"):
        house.send(record)
    assert list(house.objects.keys()) == []


def test_a_store_that_is_away_refuses_every_event(house: House) -> None:
    house.objects.down = True
    with pytest.raises(StorageUnavailable):
        house.send(RECORD)


EVENT_TIME = datetime(2024, 1, 2, tzinfo=UTC)
NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("times", "event_time", "expected"),
    [
        ({"started_at": "2025-01-01T00:00:00", "finished_at": "2025-01-02T00:00:00Z"}, EVENT_TIME, NEW_YEAR),
        ({"finished_at": "2025-01-01T01:00:00+01:00"}, EVENT_TIME, NEW_YEAR),
        ({}, EVENT_TIME, EVENT_TIME),
        ({}, None, None),
    ],
)
def test_the_moment_that_names_archives(
    times: dict[str, str], event_time: datetime | None, expected: datetime | None
) -> None:
    header = read_header({"workflow": {"id": "w"}, "execution": {"id": "e", "status": "failed", **times}})
    assert moment_of(header, event_time) == expected


def test_the_sender_is_asked_once_and_after_the_last_step(house: House) -> None:
    sender = TestSender()

    def steps() -> Iterator[bytes]:
        assert sender.asked == []
        yield jsontext.encode(step())
        assert sender.asked == []

    head = as_text(RECORD).header
    house.gateway.intake.completed(Incoming(head, steps()), None, sender)
    assert sender.asked == ["wf"]
    assert house.gateway.exports.requested_by(house.send(RECORD)[0].id) == "engine"


def test_deep_values_are_taken_or_refused_never_crashed_on(house: House) -> None:
    for depth in [*range(880, 1_020, 3), 50_000]:
        deep = b"[" * depth + b"]" * depth
        data = jsontext.encode(record_of([step("a", output="@")], execution=f"e{depth}")).replace(b'"@"', deep)
        for take in (whole, stream):
            text = data if take is whole else ndjson_of_text(depth, deep)
            try:
                take(house, text)
            except (MalformedBody, InvalidRecord):
                continue
    house.settle_down()
    assert house.pending() == []


def ndjson_of_text(depth: int, deep: bytes) -> bytes:
    return ndjson(record_of([step("a", output="@")], execution=f"e{depth}")).replace(b'"@"', deep)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([*RECORD, "id", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["workflow", "execution", "steps", "id", "status", "name", "export", "secrets", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "workflow": VALUES | st.just({"id": "w"}),
        "execution": VALUES | st.just({"id": "e", "status": "failed"}),
        "steps": VALUES | st.lists(VALUES | st.just(step())),
        "export": VALUES,
        "secrets": VALUES | st.lists(st.text()),
        "x": VALUES,
    },
)


@settings(max_examples=200, deadline=None)
@given(RECORDS | VALUES)
def test_any_json_is_a_success_or_an_error_of_ours(value: Any) -> None:
    house = House()
    for event_type in (COMPLETED, STARTED):
        try:
            house.gateway.intake.event(Event(event_type, "1", None, json.dumps(value).encode()), TestSender())
        except RunfolioError:
            assert not any(house.objects.list("executions/")) or event_type == STARTED


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=40) | RECORDS.map(lambda value: json.dumps(value).encode()), max_size=5))
def test_any_lines_are_a_success_or_an_error_of_ours(written: list[bytes]) -> None:
    house = House()
    for data in (b"\n".join(written), ndjson(RECORD) + b"\n".join(written)):
        with suppress(RunfolioError):
            stream(house, data)
    assert not any(key.endswith(".ndjson") for key in house.stored())


def test_times_far_away_do_not_hinder(house: House) -> None:
    for number, moment in enumerate(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-12:00"]):
        record = record_of([step(started_at=moment, finished_at=moment)], execution=f"e{number}", started_at=moment)
        (export,) = house.send(record)
        house.settle_down()
        assert house.gateway.exports.find(export.id).status is State.READY


def puts(step: Step, place: str) -> bool:
    return step.method == "put_if" and str(step.arguments[0]).startswith(place)


class Failing:
    """Lets the writes to some places fail."""

    def __init__(self, *places: str) -> None:
        self._places = places

    def __call__(self, step: Step, call: Callable[[], Any]) -> Any:
        if any(puts(step, place) for place in self._places):
            raise StorageUnavailable("The store is away.", remedy="Send it again.")
        return call()


@pytest.mark.parametrize("beside", [AtOnce(), AtLast()], ids=["stored first", "sent first"])
@pytest.mark.parametrize("places", [["pending/"], ["executions/", "pending/"]])
def test_what_was_sent_is_taken_back_where_it_cannot_be_stored(places: list[str], beside: Executor) -> None:
    house = House(beside=beside)
    house.gateway.wire.around = Failing(*places)
    with pytest.raises(StorageUnavailable):
        house.send(RECORD)
    assert house.pending() == []
    assert house.broker.state.entries == {}
    assert house.broker.state.marks == {}
    house.gateway.wire.around = lambda _, call: call()
    (export,) = house.send(RECORD)
    house.settle_down()
    assert house.gateway.exports.find(export.id).status is State.READY
    assert len(house.archives()) == 1


@pytest.mark.parametrize("beside", [AtOnce(), AtLast()], ids=["stored first", "sent first"])
@pytest.mark.parametrize("lost", [False, True], ids=["made by the task", "made by the sweeper"])
@pytest.mark.parametrize("again", [False, True], ids=["given up", "sent again"])
def test_a_record_that_only_the_pending_entry_holds_is_stored_by_whoever_makes_the_export(
    beside: Executor, lost: bool, again: bool
) -> None:
    house = House(beside=beside)
    house.gateway.wire.around = Failing("executions/")
    with pytest.raises(StorageUnavailable):
        house.send(RECORD)
    house.gateway.wire.around = lambda _, call: call()
    assert len(house.pending()) == 1
    if lost:
        house.queue.lose_exports()
    if again:
        house.clock.advance(60)
        (export,) = house.send(RECORD)
        assert export.status is State.QUEUED
    house.settle_down()
    (made,) = house.board.exports.page().items
    assert (made.status, len(house.archives()), house.pending()) == (State.READY, 1, [])
    if lost or again:
        assert house.gateway.executions.page("wf", "e1", 0, 10).step_count == 2
        house.sweeper.round()
        assert house.board.executions.find("wf", "e1") is not None
    (same,) = house.send(RECORD)
    assert same == house.gateway.exports.find(made.id)


@pytest.mark.parametrize("place", ["executions/", "pending/"])
def test_a_worker_may_be_done_before_the_gateway_has_stored_everything(place: str) -> None:
    house = House(beside=AtLast())

    def be_slow(step: Step, call: Callable[[], Any]) -> Any:
        if puts(step, place):
            house.work()
        return call()

    house.gateway.wire.around = be_slow
    (export,) = house.send(RECORD, export=[{"callback_url": HOOK}])
    house.settle_down()
    assert house.pending() == []
    assert house.gateway.exports.find(export.id).status is State.READY
    assert len(house.archives()) == 1
    assert [told.status for _, told in house.receiver.told] == [State.READY]
    assert house.gateway.executions.record("wf", "e1").stored.digest


def without_times(record: dict[str, Any]) -> dict[str, Any]:
    execution = {name: value for name, value in record["execution"].items() if not name.endswith("_at")}
    return {**record, "execution": execution}


@pytest.mark.parametrize(
    ("record", "export", "order"),
    [
        (RECORD, {}, ["queue", "objects"]),
        (RECORD, [{}, {"format": "html"}], ["queue", "queue", "objects"]),
        (RECORD, [{}, {}], ["queue", "objects"]),
        (without_times(RECORD), {}, ["objects", "queue"]),
        (RECORD, {"callback_url": HOOK}, ["objects", "queue"]),
        (MANY, {}, ["objects", "queue"]),
    ],
    ids=["small", "two exports", "asked twice", "named by its acceptance", "with a callback", "large"],
)
def test_a_task_goes_ahead_of_a_record_where_its_archive_follows_from_the_digest(
    record: dict[str, Any], export: Any, order: list[str]
) -> None:
    house = House(beside=AtLast())
    seen: list[str] = []

    def note(step: Step, call: Callable[[], Any]) -> Any:
        if puts(step, "executions/") or step.part == "queue":
            seen.append(step.part)
        return call()

    house.gateway.wire.around = note
    house.send(record, export=export)
    assert seen == order
    house.settle_down()
    assert (len(house.archives()), house.pending()) == (order.count("queue"), [])


@pytest.mark.parametrize("asked", [[{}, {"callback_url": HOOK}], [{"callback_url": HOOK}, {}]])
def test_a_callback_is_made_also_where_the_same_export_is_asked_for_without(house: House, asked: Any) -> None:
    house.send(RECORD, export=asked)
    house.settle_down()
    assert [told.status for _, told in house.receiver.told] == [State.READY]


def test_a_record_that_could_not_be_stored_finds_its_archive_when_it_comes_again() -> None:
    house = House(beside=AtLast())

    def make_and_fail(step: Step, call: Callable[[], Any]) -> Any:
        if puts(step, "executions/"):
            house.work()
            raise StorageUnavailable("The store is away.", remedy="Send it again.")
        return call()

    house.gateway.wire.around = make_and_fail
    with pytest.raises(StorageUnavailable):
        house.send(RECORD)
    (archive,) = house.archives()
    data = house.objects.get(archive).data
    house.gateway.wire.around = lambda _, call: call()
    house.clock.advance(3600)
    (export,) = house.send(RECORD)
    assert (export.status, house.queue.exports) == (State.READY, [])
    house.settle_down()
    assert (house.archives(), house.pending()) == ([archive], [])
    house.gateway.exports.revoke(export.id, "somebody")
    again = house.request(RECORD).export
    house.settle_down()
    assert house.gateway.exports.find(again.id).archive == export.archive
    assert [house.objects.get(key).data for key in house.archives()] == [data]


@pytest.mark.parametrize("how", [State.READY, State.DELETED])
def test_a_redelivery_after_the_board_was_lost_changes_nothing(house: House, how: State) -> None:
    (first,) = house.send(RECORD)
    house.settle_down()
    if how is State.DELETED:
        house.gateway.exports.revoke(first.id, "somebody")
    before = house.gateway.exports.find(first.id), house.archives()
    house.lose_broker()
    house.clock.advance(3600)
    (answer,) = house.send(RECORD)
    assert (answer, answer.status) == (before[0], how)
    known = house.board.exports.known(first.id)
    assert known is not None
    assert known.export.status is how
    house.settle_down()
    assert (house.gateway.exports.find(first.id), house.archives(), house.pending()) == (*before, [])


@pytest.mark.parametrize("beside", [AtOnce(), AtLast()], ids=["stored first", "sent first"])
@pytest.mark.parametrize("record", [RECORD, without_times(RECORD)], ids=["small", "named by its acceptance"])
@pytest.mark.parametrize("place", ["executions/", "pending/"])
def test_of_equal_events_at_once_one_is_sent_and_all_are_told_the_same(
    place: str, record: dict[str, Any], beside: Executor
) -> None:
    """Another gateway overtakes this one on its way to storage."""
    house = House(beside=beside)
    quicker: list[Export] = []

    def come_second(step: Step, call: Callable[[], Any]) -> Any:
        if puts(step, place) and not quicker:
            house.clock.advance(1)
            quicker.extend(house.worker.send(record))
        return call()

    house.gateway.wire.around = come_second
    (answer,) = house.send(record)
    assert [answer] == quicker
    assert len(house.queue.exports) == 1
    house.settle_down()
    assert house.gateway.exports.find(answer.id).created_at == answer.created_at
    for process in (house.gateway, house.worker):
        process.audit.flush()
    assert [entry.action for entry in house.audited()] == [Action.REQUESTED]
