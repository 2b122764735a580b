from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from producer.contract.errors import StorageUnavailable
from producer.contract.export import Pending
from producer.contract.tasks import ExportMessage
from tests.house import House, Step, record_of, step
from worker.forgetting import Forgetting


def pendings(house: House, count: int) -> list[Pending]:
    for number in range(count):
        house.send(record_of([step(f"step {number}")]))
    messages: list[ExportMessage] = []
    while (message := house.queue.take_export()) is not None:
        messages.append(message)
    return [message.pending for message in messages]


def test_entries_that_come_together_go_together() -> None:
    house = House()
    requests: list[str] = []

    def watch(one: Step, call: Callable[[], object]) -> object:
        requests.append(one.method)
        return call()

    house.worker.wire.around = watch
    gathered = threading.Event()

    def sleep(_: float) -> None:
        gathered.wait(5)

    forgetting = Forgetting(house.worker.outbox, house.worker.keeping, sleep)
    for pending in pendings(house, 3):
        forgetting.later(pending)
    gathered.set()
    forgetting.close()
    assert house.pending() == []
    assert requests == ["delete"]


def test_what_is_left_is_deleted_at_the_end() -> None:
    house = House()
    forgetting = Forgetting(house.worker.outbox, house.worker.keeping, sleep=lambda _: None)
    for pending in pendings(house, 2):
        forgetting.later(pending)
    forgetting.close()
    assert house.pending() == []


def test_a_store_that_fails_leaves_the_rest_to_the_sweeper(caplog: pytest.LogCaptureFixture) -> None:
    house = House()

    def fail(*_: object) -> None:
        raise StorageUnavailable("It stumbled.")

    house.worker.wire.around = fail
    forgetting = Forgetting(house.worker.outbox, house.worker.keeping, sleep=lambda _: None)
    (pending,) = pendings(house, 1)
    forgetting.later(pending)
    forgetting.close()
    assert len(house.pending()) == 1
    assert "left to the sweeper" in caplog.text
