from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from producer.contract.export import State
from tests.house import AtLast, House, Step, killed_at, record_of, step

RECORD = record_of([step("fetch")])


@pytest.fixture
def house() -> House:
    return House(beside=AtLast())


@pytest.mark.parametrize(
    ("part", "method", "place"),
    [("objects", "put_if", "executions/"), ("executions", "put", ""), ("objects", "put_if", "pending/")],
    ids=["before the record is stored", "before it is listed", "before the entry is stored"],
)
def test_whatever_an_archive_was_made_of_is_there_and_listed(house: House, part: str, method: str, place: str) -> None:
    killed_at(house, part, method, place, RECORD)
    house.work()
    house.sweeper.round()
    house.settle_down()
    (export,) = house.board.exports.page().items
    assert (export.status, house.pending()) == (State.READY, [])
    (listed,) = house.board.executions.page("wf").items
    assert listed.execution_id == "e1"
    assert house.gateway.executions.page("wf", "e1", 0, 10).step_count == 1
    assert [key for key in house.stored() if key.startswith("unlisted/")] == []
    assert house.send(RECORD) == [house.gateway.exports.find(export.id)]


def test_a_newer_revision_of_what_is_listed_is_kept_too(house: House) -> None:
    house.send(RECORD)
    house.settle_down()
    house.clock.advance(60)
    newer = record_of([step("fetch"), step("think")])
    killed_at(house, "objects", "put_if", "executions/", newer)
    house.work()
    house.sweeper.round()
    assert house.gateway.executions.page("wf", "e1", 0, 10).step_count == 2


def test_storage_is_not_asked_for_what_is_listed(house: House) -> None:
    house.send(RECORD)
    asked: list[Step] = []

    def watch(step: Step, call: Callable[[], Any]) -> Any:
        if (
            step.part == "objects"
            and step.arguments
            and str(step.arguments[0]).startswith(("executions/", "unlisted/"))
        ):
            asked.append(step)
        return call()

    house.worker.wire.around = watch
    house.work()
    assert (asked, house.pending()) == ([], [])
