from __future__ import annotations

from itertools import pairwise

import pytest

from producer.contract import keys
from producer.contract.errors import BrokerUnavailable, StorageUnavailable
from producer.contract.export import State
from tests.house import HOOK, House, Process, Wire, record_of, step

RECORD = record_of([step("fetch")])


@pytest.fixture
def house() -> House:
    return House()


def lose_messages(house: House) -> None:
    """Lose the messages, with their worker, while the board goes on."""
    house.queue.exports.clear()
    house.broker.queues.clear()


def test_what_is_queued_is_left_alone(house: House) -> None:
    house.send(RECORD)
    for _ in range(20):
        house.clock.advance(30)
        house.sweeper.round()
    assert len(house.queue.exports) == 1


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
    assert gaps[-1] >= 64
    failed = house.gateway.exports.find(export.id)
    assert failed.status is State.FAILED
    assert failed.error is not None
    assert "8 attempts" in failed.error.detail
    assert house.broker.published[-1] == failed
    house.work()
    assert [told.status for _, told in house.receiver.told] == [State.FAILED]


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
