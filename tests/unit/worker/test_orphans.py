from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from producer.contract import keys
from producer.contract.board import Lease
from producer.contract.errors import StorageUnavailable
from producer.contract.objects import Upload
from tests.house import House, Step, record_of, step

LARGE = record_of([step("fetch", output="x" * 30_000) for _ in range(6)], execution="large")
DAY = timedelta(days=1)


class Killed(BaseException):
    """What no handler of an ordinary error sees, as a SIGKILL is seen by none."""


@pytest.fixture
def house() -> House:
    return House()


def kill_at(house: House, where: Callable[[Step], bool], record: dict[str, Any] = LARGE) -> None:
    """Send a large record and kill the gateway at one of its calls, after which it can do nothing any more."""
    dead = False

    def around(call: Step, go: Callable[[], Any]) -> Any:
        nonlocal dead
        dead = dead or where(call)
        if dead:
            raise Killed
        return go()

    house.gateway.wire.around = around
    with pytest.raises(Killed):
        house.send(record)
    house.gateway.wire.around = lambda _, call: call()


def at_the_header(call: Step) -> bool:
    return call.method == "put_if" and keys.is_record(call.arguments[0])


def sweep(house: House, ttl: timedelta = DAY) -> None:
    house.worker.sweeper(orphan_ttl=ttl).orphans.work(10)


def steps_of(house: House) -> list[str]:
    return [key for key in house.stored() if "/steps/" in key]


def test_steps_whose_gateway_died_before_the_record_existed_are_removed(house: House) -> None:
    kill_at(house, at_the_header)
    assert len(steps_of(house)) == 2, "the steps and their index"
    house.clock.advance(DAY.total_seconds() - 1)
    sweep(house)
    assert len(steps_of(house)) == 2, "somebody may still be at it"
    house.clock.advance(2)
    sweep(house)
    assert house.stored() == ()


def test_steps_of_a_record_stay_although_its_gateway_died_after_that(house: House) -> None:
    def at_the_note(call: Step) -> bool:
        return call.method == "delete" and any(key.startswith(keys.UPLOADS) for key in call.arguments[0])

    kill_at(house, at_the_note)
    assert [key for key in house.stored() if key.startswith(keys.UPLOADS)] != []
    house.clock.advance(2 * DAY.total_seconds())
    sweep(house)
    assert [key for key in house.stored() if key.startswith(keys.UPLOADS)] == []
    assert len(steps_of(house)) == 2
    house.send(LARGE)
    house.settle_down()
    assert len(house.archives()) == 1


def test_the_same_record_sent_again_after_the_death_keeps_its_own_steps(house: House) -> None:
    kill_at(house, at_the_header)
    house.send(LARGE)
    house.settle_down()
    assert len(steps_of(house)) == 4
    house.clock.advance(2 * DAY.total_seconds())
    sweep(house)
    assert len(steps_of(house)) == 2
    assert len(list(house.gateway.executions.record("wf", "large").steps())) == 6


def test_a_record_leaves_no_note(house: House) -> None:
    house.send(LARGE)
    house.send(LARGE)
    assert [key for key in house.stored() if key.startswith(keys.UPLOADS)] == []
    assert len(steps_of(house)) == 2


def test_a_store_that_fails_at_the_note_of_a_stored_record_refuses_nothing(house: House) -> None:
    def around(call: Step, go: Callable[[], Any]) -> Any:
        if call.method == "delete":
            raise StorageUnavailable("The store does not answer.")
        return go()

    house.gateway.wire.around = around
    assert len(house.send(LARGE)) == 1


def test_broken_uploads_are_aborted_when_nobody_can_be_at_them(house: House) -> None:
    (export,) = house.send(record_of([step()]))
    old, young = house.clock.now() - 2 * DAY, house.clock.now()
    lease = house.board.leases.acquire(export, 0, owner="w", ttl=timedelta(minutes=1))
    held = Upload(keys.archive(export.id, "n", "slow.zip"), "3", old)
    house.objects.under_way = [
        Upload(keys.record_steps("wf", "e", "u"), "1", old),
        Upload(keys.record_steps("wf", "e", "v"), "2", young),
        held,
        Upload(keys.archive("0" * 32, "n", "dead.zip"), "4", old),
        Upload("of-somebody-else/x", "5", old),
    ]
    assert isinstance(lease, Lease)
    sweep(house)
    assert [upload.id for upload in house.objects.under_way] == ["2", "3", "5"]
    house.clock.advance(120)
    sweep(house)
    assert held not in house.objects.under_way


def test_what_is_damaged_does_not_keep_the_others(house: House) -> None:
    house.objects.put(keys.upload("0" * 32), b"{")
    kill_at(house, at_the_header)
    house.objects.put(keys.record("wf", "large", "0" * 64), b"{")
    other = record_of([step("fetch", output="y" * 30_000) for _ in range(6)], execution="other")
    kill_at(house, at_the_header, other)
    house.clock.advance(2 * DAY.total_seconds())
    sweep(house)
    assert not any("/other/steps/" in key for key in house.stored())


def test_a_short_limit_is_kept_closely_and_a_long_one_costs_little(house: House) -> None:
    sweeper = house.worker.sweeper(orphan_ttl=timedelta(seconds=20))
    sweeper.orphans.work(10)
    kill_at(house, at_the_header)
    house.clock.advance(21)
    sweeper.orphans.work(10)
    assert steps_of(house) == []
