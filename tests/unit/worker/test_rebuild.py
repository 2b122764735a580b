from __future__ import annotations

from typing import Any

import pytest

from producer.contract import jsontext
from producer.contract.errors import StorageUnavailable
from producer.contract.export import State
from producer.events import STARTED, Event
from tests.house import House, TestSender, record_of, step
from worker.slices import go_on


@pytest.fixture
def house() -> House:
    made = House()
    for number in range(6):
        record = record_of([step()], workflow=f"w{number % 2}", execution=f"e{number}")
        (export,) = made.send(record)
        if number == 3:
            made.gateway.exports.revoke(export.id, "somebody")
        made.clock.advance(1)
    started = {"workflow": {"id": "w0"}, "execution": {"id": "runs", "input": "hello"}}
    made.gateway.intake.event(Event(STARTED, "1", None, jsontext.encode(started)), TestSender())
    changed = record_of([step(), step("more")], workflow="w0", execution="e0")
    made.send(changed, export=[])
    made.settle_down()
    return made


def listings(house: House) -> dict[str, Any]:
    board = house.board
    return {
        "workflows": board.workflows.page().items,
        "executions": [board.executions.page(workflow).items for workflow in ("w0", "w1")],
        "exports": board.exports.page().items,
        "deleted": board.exports.page(status="deleted").items,
    }


def rebuilt(house: House) -> None:
    rebuild = house.worker.sweeper().rebuild
    for _ in range(100):
        rebuild.work(1)
        if house.board.rebuild.complete():
            return
    raise AssertionError("The rebuild never ended.")


def test_a_wiped_board_comes_back_the_same(house: House) -> None:
    before, told = listings(house), len(house.broker.published)
    assert len(before["exports"]) == 6
    assert len(before["deleted"]) == 1
    house.lose_broker()
    assert listings(house)["exports"] == []
    rebuilt(house)
    assert listings(house) == before
    assert len(house.broker.published) == told, "nobody is told what was told before"


def test_slices_come_to_the_same_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    before = listings(house)
    house.lose_broker()
    monkeypatch.setattr("worker.rebuild.go_on", lambda work, _: go_on(work, 0))
    rebuild = house.worker.sweeper().rebuild
    rebuild.work(1)
    assert not house.board.rebuild.complete()
    rebuilt_with = 1
    while not house.board.rebuild.complete():
        rebuild.work(1)
        rebuilt_with += 1
    assert rebuilt_with > 10
    assert listings(house) == before


def test_a_rebuild_that_fails_begins_anew_and_does_not_count(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    before = listings(house)
    house.lose_broker()
    rebuild = house.worker.sweeper().rebuild
    get, calls = house.objects.get, iter(range(1_000))

    def stumble(key: str) -> Any:
        if next(calls) == 4:
            raise StorageUnavailable("It stumbled.")
        return get(key)

    monkeypatch.setattr(house.objects, "get", stumble)
    with pytest.raises(StorageUnavailable):
        rebuild.work(1)
    assert not house.board.rebuild.complete()
    rebuild.work(5)
    assert house.board.rebuild.complete()
    assert listings(house) == before


def test_a_board_that_is_lost_meanwhile_is_rebuilt_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    before = listings(house)
    house.lose_broker()
    rebuild = house.worker.sweeper().rebuild
    with monkeypatch.context() as slow:
        slow.setattr("worker.rebuild.go_on", lambda work, _: go_on(work, 0))
        for _ in range(5):
            rebuild.work(1)
    house.lose_broker()
    rebuild.work(5)
    assert not house.board.rebuild.complete()
    rebuilt(house)
    assert listings(house) == before


def test_damaged_objects_do_not_hinder(house: House) -> None:
    before = listings(house)
    house.objects.put(f"executions/w0/broken/{'0' * 64}.json", b"{")
    house.objects.put("executions/w0/broken/started.json", b"[]")
    house.objects.put(f"exports/{'0' * 32}/export.json", b"")
    house.lose_broker()
    rebuilt(house)
    assert listings(house) == before


def test_a_complete_board_is_not_read_again(house: House) -> None:
    rebuilt(house)
    house.objects.down = True
    house.worker.sweeper().rebuild.work(1)
    assert house.board.exports.page(status=State.READY).items
