from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from producer.audit import AuditLog
from producer.contract.audit import LINK, Action
from producer.contract.errors import RunfolioError, StorageUnavailable
from producer.contract.export import Export
from tests.house import House, Step, record_of, step
from worker import counting, slices
from worker.counting import LATE, PAUSE, Counting
from worker.slices import go_on


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def exports(house: House) -> list[Export]:
    return [house.send(record_of([step()], execution=f"e{number}"))[0] for number in range(4)]


def download(house: House, *exports: Export) -> None:
    """Note downloads and write them as a batch."""
    for export in exports:
        house.gateway.audit.note(Action.DOWNLOADED, LINK, export)
    house.gateway.audit.flush()
    house.clock.advance(1)


def counted(house: House, exports: list[Export]) -> list[int]:
    return [one.downloads for one in house.board.tallies.of([export.id for export in exports])]


def count(house: House) -> None:
    """Let a pass come to its end."""
    house.sweeper.counting.work(10)
    house.clock.advance(PAUSE)


def test_a_lost_board_comes_back_the_same(house: House, exports: list[Export]) -> None:
    for number in range(40):
        download(house, *exports[: number % 5])
    before = house.board.tallies.of([one.id for one in exports])
    assert [one.downloads for one in before] == [32, 24, 16, 8]
    assert {one.requested_by for one in before} == {"engine"}

    house.lose_broker()
    count(house)

    assert house.board.tallies.of([one.id for one in exports]) == before


def test_counting_again_changes_nothing(house: House, exports: list[Export]) -> None:
    download(house, *exports)
    house.worker.wire.around = not_read
    for _ in range(3):
        count(house)
        house.clock.advance(LATE.total_seconds())

    assert counted(house, exports) == [1, 1, 1, 1]


def test_names_of_counted_batches_are_kept_for_a_while_only(house: House, exports: list[Export]) -> None:
    for _ in range(30):
        download(house, *exports)
    names = [key for key in house.stored() if key.startswith("audit/")]
    assert house.board.tallies.counted(names) == {*names}
    house.clock.advance(LATE.total_seconds())
    count(house)

    assert house.board.tallies.counted(names) == set()
    assert house.board.tallies.floor().name == names[-1]
    house.worker.wire.around = not_read
    count(house)


def not_read(made: Step, call: Callable[[], Any]) -> Any:
    assert made.method != "get", "it is counted already"
    return call()


def test_a_pass_in_slices_holds_little_and_goes_on_where_it_was(
    house: House, exports: list[Export], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "_CHUNK", 7)
    monkeypatch.setattr(slices, "go_on", lambda work, _: go_on(work, 0))
    for _ in range(60):
        download(house, *exports)
    house.clock.advance(LATE.total_seconds())
    house.lose_broker()
    names = [key for key in house.stored() if key.startswith("audit/")]

    most = taken = 0
    while house.board.tallies.floor().name != names[-1]:
        house.sweeper.counting.work(1)
        most, taken = max(most, len(house.board.tallies.counted(names))), taken + 1

    assert counted(house, exports) == [60] * 4
    assert most <= 7
    assert taken > 60


@pytest.mark.parametrize("steps", [1, 5, 20, 50])
def test_a_board_that_is_lost_in_the_middle_is_counted_whole(
    house: House, exports: list[Export], monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    monkeypatch.setattr(counting, "_CHUNK", 10)
    for _ in range(40):
        download(house, *exports)
    house.clock.advance(LATE.total_seconds())
    house.lose_broker()
    with monkeypatch.context() as slow:
        slow.setattr(slices, "go_on", lambda work, _: go_on(work, 0))
        for _ in range(steps):
            house.sweeper.counting.work(1)
    house.lose_broker()
    for _ in range(2):
        count(house)

    assert counted(house, exports) == [40] * 4


def test_a_damaged_batch_does_not_hinder(house: House, exports: list[Export]) -> None:
    download(house, *exports)
    damaged = "audit/2025-04-09/000000.000000-0123456789abcdef.ndjson"
    house.objects.put(damaged, b"\xff{")
    house.objects.put("audit/notes.txt", b"hello")
    house.lose_broker()
    count(house)

    assert counted(house, exports) == [1] * 4
    assert house.board.tallies.floor().name == damaged


def test_what_storage_took_long_after_its_name_was_passed_is_counted(house: House, exports: list[Export]) -> None:
    """The disk is full for an hour: downloads go on, and nothing of them can be written."""

    def full(_: str) -> None:
        raise StorageIsFull

    house.objects.before_put_if = full
    house.gateway.audit.note(Action.DOWNLOADED, LINK, exports[0])
    with pytest.raises(StorageIsFull):
        house.gateway.audit.flush()
    house.clock.advance(3_600)
    house.objects.put("audit/2025-04-09/154500.000000-0123456789abcdef.ndjson", b"")
    count(house)
    house.objects.before_put_if = lambda _: None
    download(house, exports[0])
    assert counted(house, exports) == [2, 0, 0, 0]
    count(house)
    house.lose_broker()
    count(house)

    assert counted(house, exports) == [2, 0, 0, 0]


def test_what_was_stored_without_an_answer_is_counted_once(house: House, exports: list[Export]) -> None:
    lose_answers(house, lambda: True)
    house.gateway.audit.note(Action.DOWNLOADED, LINK, exports[0])
    with pytest.raises(StorageUnavailable):
        house.gateway.audit.flush()
    house.clock.advance(LATE.total_seconds() + 1)
    count(house)
    assert house.board.tallies.floor().name is not None
    lose_answers(house, lambda: False)
    house.gateway.audit.flush()

    assert counted(house, exports) == [1, 0, 0, 0]


def lose_answers(house: House, lost: Callable[[], bool]) -> None:
    """Let storage take what gateways write and not say so."""

    def around(made: Step, call: Callable[[], Any]) -> Any:
        answer = call()
        if made.method == "put_if" and lost():
            raise StorageUnavailable("No answer came.")
        return answer

    house.gateway.wire.around = around


class StorageIsFull(StorageUnavailable):
    """A store that takes no writes."""

    def __init__(self) -> None:
        super().__init__("There is no space left.")


class World:
    """Three gateways and two sweepers over servers that fail at random."""

    def __init__(self, house: House, exports: list[Export], seed: int) -> None:
        self.house = house
        self.exports = exports
        self.draw = random.Random(seed)  # noqa: S311 # test data must repeat, not be secret
        self.gateways = [AuditLog(house.gateway.objects, house.gateway.board, house.clock.now) for _ in range(3)]
        self.sweepers = [
            Counting(house.worker.objects, house.worker.board, house.clock.now, house.clock.seconds) for _ in range(2)
        ]

    def download(self) -> None:
        self.draw.choice(self.gateways).note(Action.DOWNLOADED, LINK, self.draw.choice(self.exports))

    def flush(self) -> None:
        self.draw.choice(self.gateways).flush()

    def sweep(self) -> None:
        self.draw.choice(self.sweepers).work(1)

    def wait(self) -> None:
        self.house.clock.advance(self.draw.choice([0.1, 1, 20, 120, 700]))

    def toggle(self) -> None:
        server: Any = self.draw.choice([self.house.broker, self.house.objects])
        server.down = not server.down

    def settle_down(self) -> None:
        lose_answers(self.house, lambda: False)
        self.house.broker.down = self.house.objects.down = False
        for gateway in self.gateways:
            gateway.flush()
        for _ in range(1_000):
            self.house.clock.advance(0.1)
            self.sweepers[0].work(1)


@pytest.fixture(name="sliced")
def in_small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sweepers be interrupted between any two of their steps."""
    monkeypatch.setattr(counting, "_CHUNK", 3)
    monkeypatch.setattr(slices, "go_on", lambda work, _: go_on(work, 0))


@pytest.mark.usefixtures("sliced")
@pytest.mark.parametrize("seed", range(60))
def test_whatever_happens_nothing_is_counted_twice(house: House, exports: list[Export], seed: int) -> None:
    world = World(house, exports, seed)
    lose_answers(house, lambda: world.draw.random() < 0.1)
    acts = [world.download, world.flush, world.sweep, world.wait, world.toggle, house.broker.wipe]
    for _ in range(400):
        with suppress(RunfolioError):
            world.draw.choices(acts, [30, 20, 40, 10, 4, 2])[0]()
        if not house.broker.down and not house.objects.down:
            assert not of_board(house, exports) - of_log(house)
    world.settle_down()
    house.broker.wipe()
    world.settle_down()

    assert of_board(house, exports) == of_log(house)


@pytest.mark.usefixtures("sliced")
@pytest.mark.parametrize("seed", range(60))
def test_as_long_as_storage_takes_writes_everything_is_counted(house: House, exports: list[Export], seed: int) -> None:
    """Gateways write what they note within seconds; the broker is away and loses its memory."""
    world = World(house, exports, seed)

    def note_and_write() -> None:
        world.download()
        for gateway in world.gateways:
            gateway.flush()

    def toggle_broker() -> None:
        house.broker.down = not house.broker.down

    acts = [note_and_write, world.sweep, world.wait, toggle_broker, house.broker.wipe]
    for _ in range(400):
        with suppress(RunfolioError):
            world.draw.choices(acts, [30, 40, 10, 4, 2])[0]()
    world.settle_down()

    assert of_board(house, exports) == of_log(house)
    assert sum(of_log(house).values()) > 50


def of_log(house: House) -> Counter[str]:
    return Counter(entry.export_id for entry in house.audited() if entry.action is Action.DOWNLOADED)


def of_board(house: House, exports: list[Export]) -> Counter[str]:
    ids = [export.id for export in exports]
    return +Counter(dict(zip(ids, counted(house, exports), strict=True)))
