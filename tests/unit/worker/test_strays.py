from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from producer.contract.errors import StorageUnavailable
from producer.contract.export import State
from tests.house import AtLast, House, Step, killed_at, record_of, step, stores_archive
from worker.strays import LATE, PAUSE

RECORD = record_of([step("fetch")])


@pytest.fixture
def house() -> House:
    return House(beside=AtLast())


def fail_to_upload(step: Step, call: Callable[[], Any]) -> Any:
    if stores_archive(step):
        raise StorageUnavailable("The store is away.")
    return call()


def pass_by(house: House) -> None:
    house.clock.advance(LATE.total_seconds() + PAUSE)
    house.sweeper.strays.work(10)


@pytest.mark.parametrize("place", ["executions/", "pending/"])
def test_what_was_never_accepted_is_forgotten(house: House, place: str) -> None:
    killed_at(house, "objects", "put_if", place, RECORD)
    house.worker.wire.around = fail_to_upload
    house.work()
    house.worker.wire.around = lambda _, call: call()
    assert len(house.board.exports.page(status=State.QUEUED).items) == 1
    house.sweeper.strays.work(10)
    assert len(house.board.exports.page().items) == 1, "its gateway may be at it still"
    pass_by(house)
    assert house.board.exports.page().items == []
    (export,) = house.send(RECORD)
    house.settle_down()
    assert house.gateway.exports.find(export.id).status is State.READY


def test_what_a_worker_made_all_the_same_stays(house: House) -> None:
    killed_at(house, "objects", "put_if", "executions/", RECORD)
    house.work()
    pass_by(house)
    assert [one.status for one in house.board.exports.page().items] == [State.READY]


@pytest.mark.parametrize("where", ["queued", "handed back", "in hand"])
def test_what_is_under_way_is_left_alone(house: House, where: str) -> None:
    house.send(RECORD)
    if where == "handed back":
        house.worker.wire.around = fail_to_upload
        house.work()
    if where == "in hand":

        def look(step: Step, call: Callable[[], Any]) -> Any:
            if stores_archive(step):
                house.sweeper.strays.now = lambda: house.clock.now() + 2 * LATE
                house.sweeper.strays.work(10)
            return call()

        house.worker.wire.around = look
        house.work()
    pass_by(house)
    (known,) = house.board.exports.page().items
    assert known.status is (State.READY if where == "in hand" else State.QUEUED)


def test_the_board_hears_of_an_end_that_it_has_missed(house: House) -> None:
    (export,) = house.send(RECORD)
    house.queue.lose_exports()
    pending = house.gateway.outbox.pending(export.id, 0)
    assert pending is not None
    facts = pending.settle(State.DELETED, house.clock.now())
    house.gateway.outbox.conclude(facts, None)
    house.gateway.outbox.forget_pending(pending)
    house.board.queue.unmark(house.board.queue.marks_before(house.clock.milliseconds() + 1, 10))
    pass_by(house)
    assert [one.status for one in house.board.exports.page().items] == [State.DELETED]
