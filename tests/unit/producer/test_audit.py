from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from producer import audit
from producer.audit import AuditLog
from producer.contract.audit import BATCH_ENTRIES, LINK, Action, Via
from producer.contract.errors import ObjectExists, StorageUnavailable
from producer.contract.export import Export, State
from tests.house import House, Step, TestSender, record_of, step

RECORD = record_of([step("fetch")])


@pytest.fixture
def house() -> House:
    return House()


def written(house: House) -> list[tuple[str, str, Via | None]]:
    """Write what is noted, and return all that is written."""
    house.gateway.audit.flush()
    return [(entry.action, entry.who, entry.via) for entry in house.audited()]


def sent(house: House) -> Export:
    (export,) = house.send(RECORD)
    return export


def downloads(house: House, export: Export) -> int | None:
    (listed,) = house.gateway.demands.listed([export])
    return listed.downloads


def note(house: House, export: Export, times: int = 1) -> None:
    for _ in range(times):
        house.gateway.audit.note(Action.DOWNLOADED, LINK, export)


def test_an_event_is_noted_once_however_often_it_comes(house: House) -> None:
    for name in ("engine", "engine", "another"):
        house.gateway.send(RECORD, sender=TestSender(name), export=[{}, {"format": "html"}])
        house.settle_down()

    assert written(house) == [(Action.REQUESTED, "engine", Via.EVENT)] * 2


def test_an_event_that_asks_for_nothing_notes_nothing(house: House) -> None:
    house.send(RECORD, export=[])

    assert written(house) == []
    assert not [key for key in house.stored() if key.startswith("audit/")]


def test_a_request_is_noted_also_where_nothing_was_to_be_made(house: House) -> None:
    house.send(RECORD, export=[])
    house.request(RECORD)
    house.request(RECORD)
    house.settle_down()
    house.request(RECORD)

    assert written(house) == [
        (Action.REQUESTED, "somebody", Via.REQUEST),
        (Action.REUSED, "somebody", None),
        (Action.REUSED, "somebody", None),
    ]


def test_a_revocation_is_noted_once_and_what_follows_is_a_retry(house: House) -> None:
    export = sent(house)
    house.settle_down()
    for name in ("ann", "bob"):
        assert house.gateway.exports.revoke(export.id, name).status is State.DELETED
    house.send(RECORD)
    house.request(RECORD)

    assert written(house) == [
        (Action.REQUESTED, "engine", Via.EVENT),
        (Action.REVOKED, "ann", None),
        (Action.REQUESTED, "somebody", Via.RETRY),
    ]
    (listed,) = house.gateway.demands.listed([house.gateway.exports.find(export.id)])
    assert listed.requested_by == "engine", "it is the first who asked"


def test_noting_waits_for_nobody(house: House) -> None:
    export = sent(house)

    def refuse(made: Step, _: Callable[[], Any]) -> Any:
        raise AssertionError(f"{made} was called")

    house.gateway.wire.around = refuse
    note(house, export, 3 * BATCH_ENTRIES)

    assert house.gateway.audit.waiting == 3 * BATCH_ENTRIES + 1


def test_a_batch_holds_so_many_entries_and_so_much_time(house: House) -> None:
    export = sent(house)
    note(house, export, 2 * BATCH_ENTRIES)
    house.clock.advance(61)
    note(house, export)
    house.gateway.audit.flush()

    sizes = [len(house.objects.get(key).data.splitlines()) for key in house.stored() if key.startswith("audit/")]
    assert sorted(sizes) == [1, 1, BATCH_ENTRIES, BATCH_ENTRIES]
    assert downloads(house, export) == 2 * BATCH_ENTRIES + 1


def test_what_storage_does_not_take_is_kept_and_written_under_the_name_it_had(house: House) -> None:
    export = sent(house)
    note(house, export, 2)
    tried: list[str] = []

    def forget_to_answer(key: str) -> None:
        """Store the batch, and let nobody know."""
        tried.append(key)
        if len(tried) == 1:
            raise StorageUnavailable("No answer came.")

    house.objects.before_put_if = forget_to_answer
    with pytest.raises(StorageUnavailable):
        house.gateway.audit.flush()
    assert house.gateway.audit.waiting == 3
    note(house, export)
    house.gateway.audit.flush()

    assert tried[0] == tried[1] != tried[2]
    assert house.gateway.audit.waiting == 0
    assert len(house.audited()) == 4
    assert downloads(house, export) == 3


def test_an_attempt_that_had_succeeded_after_all_is_counted_once(house: House) -> None:
    export = sent(house)
    note(house, export, 2)
    put, calls = house.objects.put_if, iter(range(1_000))

    def lose_the_answer(key: str, data: bytes, **options: Any) -> None:
        put(key, data, **options)
        if next(calls) == 0:
            raise StorageUnavailable("No answer came.")

    house.gateway.wire.around = lambda made, call: (
        lose_the_answer(*made.arguments, etag=None) if made.method == "put_if" else call()
    )
    with pytest.raises(StorageUnavailable):
        house.gateway.audit.flush()
    house.sweeper.counting.work(1)
    assert downloads(house, export) == 2
    with pytest.raises(ObjectExists):
        put(next(key for key in house.stored() if key.startswith("audit/")), b"", etag=None)
    house.gateway.audit.flush()

    assert (downloads(house, export), len(house.audited())) == (2, 3)


def test_without_the_broker_entries_are_written_and_counted_later(house: House) -> None:
    export = sent(house)
    note(house, export, 2)
    house.broker.down = True
    house.gateway.audit.flush()
    assert downloads(house, export) is None
    house.broker.down = False
    assert downloads(house, export) == 0
    house.sweeper.counting.work(1)

    assert downloads(house, export) == 2


def test_too_many_drop_the_oldest_and_say_so(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(audit, "MOST_NOTED", 10)
    monkeypatch.setattr(audit, "INTERVAL", 0.01)
    lost: list[int] = []
    export = sent(house)
    house.objects.down = True
    house.gateway.audit.start(lost.append)
    until(lambda: house.gateway.audit.waiting == 1)
    note(house, export, 5)
    until(lambda: "audit entries wait for storage" in caplog.messages)
    house.clock.advance(1)  # Batches are listed by their time.
    for number in range(14):
        house.gateway.audit.note(Action.REVOKED, str(number), export)
    until(lambda: sum(lost) > 0)
    house.objects.down = False
    house.gateway.audit.stop()

    written_names = [entry.who for entry in house.audited()]
    assert written_names[-10:] == [str(number) for number in range(4, 14)]
    assert sum(lost) == 20 - len(written_names)
    told = [record for record in caplog.records if record.message.startswith("audit entries dropped")]
    assert sum(record.__dict__["count"] for record in told) == sum(lost)


def test_a_gateway_that_stops_writes_what_is_left(house: House) -> None:
    lost: list[int] = []
    log = AuditLog(house.gateway.objects, house.gateway.board, house.clock.now)
    log.start(lost.append)
    log.note(Action.DOWNLOADED, LINK, sent(house))
    began = time.monotonic()
    log.stop()

    assert time.monotonic() - began < audit.INTERVAL
    assert [entry.action for entry in house.audited()] == [Action.DOWNLOADED]
    assert (log.waiting, lost) == (0, [])


def test_a_gateway_that_stops_without_storage_says_what_is_lost(house: House, caplog: pytest.LogCaptureFixture) -> None:
    lost: list[int] = []
    log = AuditLog(house.gateway.objects, house.gateway.board, house.clock.now)
    export = sent(house)
    house.objects.down = True
    log.start(lost.append)
    for _ in range(3):
        log.note(Action.DOWNLOADED, LINK, export)
    log.stop()

    assert lost == [3]
    assert [
        record.__dict__["count"] for record in caplog.records if record.message.startswith("audit entries lost")
    ] == [3]


def test_a_gateway_that_stops_does_not_wait_for_ever(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(audit, "LAST_WORDS", 0.1)
    released = threading.Event()
    log = AuditLog(house.gateway.objects, house.gateway.board, house.clock.now)
    log.note(Action.DOWNLOADED, LINK, sent(house))
    house.objects.before_put_if = lambda _: assert_set(released)
    log.start(lambda _: None)
    log.stop()
    released.set()

    assert "audit entries lost, storage is too slow" in caplog.messages


def assert_set(event: threading.Event) -> None:
    assert event.wait(10)


def test_a_full_batch_is_written_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "INTERVAL", 60.0)
    house.gateway.audit.start(lambda _: None)
    note(house, sent(house), BATCH_ENTRIES - 1)
    until(lambda: len(house.audited()) == BATCH_ENTRIES)
    house.gateway.audit.stop()


def test_many_threads_note_and_nothing_is_lost(house: House) -> None:
    export = sent(house)
    house.gateway.audit.start(lambda _: None)
    threads = [threading.Thread(target=note, args=(house, export, 1_000)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    house.gateway.audit.stop()

    assert downloads(house, export) == 8_000
    assert len(house.audited()) == 8_001


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def all_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
