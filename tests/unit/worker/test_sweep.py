from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from producer.contract import keys
from producer.contract.board import Attempts, Lease, QueuedMark
from producer.contract.errors import BrokerUnavailable, StorageUnavailable
from producer.contract.export import State
from producer.contract.tasks import AGAIN_QUEUE, EXPORT_QUEUE, LARGE_QUEUES
from tests.house import HOOK, START, House, Process, Wire, record_of, step
from worker.giving_up import pause_after
from worker.sweep import SLICE

RECORD = record_of([step("fetch")])


@pytest.fixture
def house() -> House:
    return House()


def lose_messages(house: House) -> None:
    """Lose the messages, with their worker, while the board goes on."""
    house.queue.lose_exports()


def test_what_is_queued_is_left_alone(house: House) -> None:
    house.send(RECORD)
    for _ in range(20):
        house.clock.advance(30)
        house.sweeper.round()
    assert len(house.queue.exports) == 1


def test_what_was_settled_just_now_is_left_alone_for_a_round(house: House) -> None:
    house.send(RECORD)
    message = house.queue.take_export()
    assert message is not None
    house.clock.advance(10)
    house.worker.pipeline.run(message)
    house.gateway.outbox.accept(message.pending)
    house.clock.advance(5)
    house.sweeper.round()
    assert house.queue.exports == [], "its worker is about to delete the entry"
    house.clock.advance(5)
    house.sweeper.round()
    assert len(house.queue.exports) == 1, "its worker did not live to do it"
    house.work()
    assert house.pending() == []


def test_what_is_being_made_is_left_alone(house: House) -> None:
    (export,) = house.send(RECORD)
    lose_messages(house)
    lease = house.board.leases.acquire(export, 0, owner="w", ttl=house.worker.pipeline.lease_ttl)
    house.clock.advance(50)
    house.sweeper.round()
    assert house.queue.exports == []
    house.clock.advance(15)
    house.sweeper.round()
    assert len(house.queue.exports) == 1
    assert lease


def test_a_mark_without_a_message_is_dropped_and_the_export_put_back(house: House) -> None:
    house.send(RECORD)
    lose_messages(house)
    house.clock.advance(2)
    house.sweeper.round()
    assert house.queue.exports == [], "it has some seconds to reach a worker"
    house.clock.advance(2)
    house.sweeper.round()
    assert len(house.queue.exports) == 1
    house.work()
    assert house.pending() == []


def test_a_mark_older_than_the_oldest_message_is_dropped(house: House) -> None:
    house.send(RECORD)
    lose_messages(house)
    house.clock.advance(10)
    house.send(record_of([step()], execution="e2"))
    house.clock.advance(1)
    house.sweeper.round()
    assert len(house.queue.exports) == 2


def test_a_new_export_is_given_time_to_reach_the_queue(house: House) -> None:
    house.broker.down = True
    house.send(RECORD)
    house.broker.down = False
    house.clock.advance(2)
    house.sweeper.round()
    assert house.queue.exports == []
    house.clock.advance(2)
    house.sweeper.round()
    assert len(house.queue.exports) == 1


def test_attempts_come_ever_more_slowly_and_end(house: House) -> None:
    (export,) = house.send(RECORD, export={"callback_url": HOOK})
    lose_messages(house)
    put_back: list[float] = []
    start = house.clock.seconds()
    while house.pending():
        house.clock.advance(4)
        house.sweeper.round()
        if house.queue.exports:
            put_back.append(house.clock.seconds() - start)
        lose_messages(house)
        assert house.clock.seconds() - start < 3_600
    assert len(put_back) == 8
    gaps = [later - earlier for earlier, later in pairwise(put_back)]
    assert gaps == sorted(gaps)
    assert gaps[-1] >= 60
    failed = house.gateway.exports.find(export.id)
    assert failed.status is State.FAILED
    assert failed.error is not None
    assert "8 attempts" in failed.error.detail
    assert house.broker.published[-1] == failed
    house.work()
    assert [told.status for _, told in house.receiver.told] == [State.FAILED]


def test_what_is_put_back_does_not_queue_behind_all_that_came_since(house: House) -> None:
    house.send(RECORD)
    lose_messages(house)
    house.clock.advance(10)
    for number in range(5):
        house.send(record_of([step()], execution=f"later-{number}"))
    house.sweeper.round()
    assert {queue: len(messages) for queue, messages in house.broker.queues.items()} == {
        EXPORT_QUEUE: 5,
        AGAIN_QUEUE: 1,
    }


def test_a_message_that_is_lost_once_more_is_found_although_older_ones_wait(house: House) -> None:
    house.send(record_of([step()], execution="waits"))
    (export,) = house.send(RECORD)
    house.queue.exports.pop()
    house.broker.queues[EXPORT_QUEUE].pop()
    house.board.queue.unmark([QueuedMark(export.id, house.board.queue.now())])
    house.clock.advance(10)
    house.sweeper.round()
    assert len(house.broker.queues[AGAIN_QUEUE]) == 1
    house.broker.queues[AGAIN_QUEUE].clear()
    house.clock.advance(10)
    house.sweeper.round()
    assert len(house.broker.queues[AGAIN_QUEUE]) == 1


def test_a_large_export_goes_and_comes_back_by_queues_of_its_own() -> None:
    house = House(large_bytes=10_000)
    house.send(RECORD)
    house.send(record_of([step(output="x" * 10_000)], execution="large"))
    assert waiting(house) == {EXPORT_QUEUE: 1, LARGE_QUEUES[0]: 1}
    lose_messages(house)
    house.clock.advance(10)
    house.sweeper.round()
    assert waiting(house) == {AGAIN_QUEUE: 1, LARGE_QUEUES[1]: 1}


def test_a_lost_small_export_is_found_although_large_ones_wait_for_long_and_the_other_way_round() -> None:
    for lost, remaining in ((EXPORT_QUEUE, LARGE_QUEUES[0]), (LARGE_QUEUES[0], EXPORT_QUEUE)):
        house = House(large_bytes=10_000)
        house.send(record_of([step(output="x" * 10_000)], execution="large"))
        house.send(RECORD)
        house.broker.queues[lost].clear()
        house.clock.advance(10)
        house.sweeper.round()
        again = {EXPORT_QUEUE: AGAIN_QUEUE, LARGE_QUEUES[0]: LARGE_QUEUES[1]}[lost]
        assert waiting(house) == {remaining: 1, again: 1}


def waiting(house: House) -> dict[str, int]:
    return {queue: len(messages) for queue, messages in house.broker.queues.items() if messages}


def test_a_storage_that_is_full_for_hours_makes_no_export_fail(house: House) -> None:
    (export,) = house.send(RECORD)
    for _ in range(600):
        lose_messages(house)
        house.clock.advance(60)
        house.sweeper.round()
        lease = house.board.leases.acquire(export, 0, owner="w", ttl=timedelta(seconds=10))
        assert isinstance(lease, Lease)
        house.board.leases.hand_back(lease, export, "The store is full.")
    assert house.gateway.exports.find(export.id).status is State.QUEUED
    house.settle_down()
    assert house.gateway.exports.find(export.id).status is State.READY


def test_what_is_handed_back_for_more_than_a_day_fails_with_the_last_reason(house: House) -> None:
    (export,) = house.send(RECORD)
    while house.pending():
        lose_messages(house)
        house.clock.advance(600)
        house.sweeper.round()
        lease = house.board.leases.acquire(export, 0, owner="w", ttl=timedelta(seconds=10))
        if isinstance(lease, Lease):
            house.board.leases.hand_back(lease, export, "The store is full.")
    failed = house.gateway.exports.find(export.id)
    assert failed.status is State.FAILED
    assert failed.error is not None
    assert "since 2025-04-09 15:00 UTC" in failed.error.detail
    assert failed.error.detail.endswith("The store is full.")
    assert timedelta(days=1) < house.clock.now() - START < timedelta(days=1, hours=1)


def test_what_failed_together_does_not_come_back_together() -> None:
    pauses = [pause_after(Attempts(number, 0, ""), lambda: 1.0) for number in range(1, 9)]
    assert pauses == [1.25, 2.5, 5, 10, 20, 40, 75, 75]
    assert len({pause_after(Attempts(3, 0, "")) for _ in range(50)}) > 25


def test_what_was_handed_back_is_tried_again_soon() -> None:
    assert pause_after(Attempts(9, 8, "storage is away"), lambda: 0.0) == 15
    assert pause_after(Attempts(9, 7, "storage is away, and a worker was lost"), lambda: 0.0) == 60


def test_giving_up_comes_after_what_was_settled_meanwhile(house: House) -> None:
    (export,) = house.send(RECORD)
    message = house.queue.exports[0]
    house.settle_down()
    pending = house.worker.outbox.settled(export.id)
    assert pending is not None
    house.gateway.outbox.accept(pending.facts.pending)
    sweeper = house.worker.sweeper(max_attempts=1)
    for _ in range(6):
        house.clock.advance(10)
        sweeper.round()
        lose_messages(house)
    assert house.pending() == []
    assert house.gateway.exports.find(export.id).status is State.READY
    assert message["pending"]["id"] == export.id


def test_one_sweeper_at_a_time(house: House) -> None:
    other = Process(house, Wire()).sweeper(owner="another")
    assert house.sweeper.round()
    assert not other.round()
    assert house.sweeper.round()
    house.clock.advance(31)
    assert other.round()


def test_a_lost_board_loses_nothing(house: House) -> None:
    exports = [house.send(record_of([step()], execution=f"e{n}"))[0] for n in range(5)]
    house.lose_broker()
    house.settle_down()
    assert {house.gateway.exports.find(export.id).status for export in exports} == {State.READY}
    assert len(house.archives()) == 5


def test_due_callbacks_are_queued_once_a_minute(house: House) -> None:
    house.send(RECORD, export={"callback_url": HOOK})
    lose_messages(house)
    for _ in range(5):
        house.clock.advance(1)
        house.sweeper.round()
    assert len(house.queue.callbacks) == 1
    house.clock.advance(61)
    house.sweeper.round()
    assert len(house.queue.callbacks) == 2


def test_a_damaged_entry_does_not_keep_the_others(house: House) -> None:
    house.objects.put(keys.pending("00" * 16, 0), b"{")
    (export,) = house.send(RECORD)
    lose_messages(house)
    house.clock.advance(10)
    house.sweeper.round()
    house.work()
    assert house.gateway.exports.find(export.id).status is State.READY


def test_a_server_that_is_away_is_said(house: House) -> None:
    house.objects.down = True
    with pytest.raises(StorageUnavailable):
        house.sweeper.round()
    house.objects.down, house.broker.down = False, True
    with pytest.raises(BrokerUnavailable):
        house.sweeper.round()


def test_what_is_remembered_is_forgotten_again(house: House) -> None:
    for number in range(30):
        house.send(record_of([step()], execution=f"e{number}"), export={"callback_url": HOOK})
    lose_messages(house)
    house.clock.advance(10)
    house.sweeper.round()
    house.settle_down()
    house.clock.advance(3_600)
    house.sweeper.round()
    assert house.sweeper._not_before == {}  # noqa: SLF001 # what a long-lived process must not gather


def test_busy_housekeeping_takes_turns_and_does_not_hold_up_a_round(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeper, now, turns = house.sweeper, [0.0], []

    def busy(name: str) -> None:
        def work(seconds: float) -> None:
            turns.append(name)
            now[0] += seconds

        monkeypatch.setattr(getattr(sweeper, name), "work", work)

    jobs = ["reminding", "rebuild", "counting", "retention", "orphans"]
    for name in jobs:
        busy(name)
    monkeypatch.setattr(sweeper, "clock", lambda: now[0])
    for rounds in range(1, 11):
        sweeper.round()
        assert now[0] == rounds * SLICE
    assert turns == jobs * 2
