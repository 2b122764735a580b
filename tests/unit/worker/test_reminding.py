from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from producer.contract import jsontext, keys
from producer.contract.callbacks import CallbackEntry, register
from producer.contract.errors import BrokerUnavailable, StorageUnavailable
from producer.contract.objects import Content, StoredObject
from tests.fakes import MemoryObjects
from tests.fakes_board import FakeBoard, FakeBroker, FakeClock
from tests.house import FakeQueue
from worker import reminding
from worker.reminding import Reminding

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EXPORT = "0123456789abcdef0123456789abcdef"
SECONDS = 60.0


class CountingObjects(MemoryObjects):
    """Counts what is asked of it."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock.now)
        self.asked: Counter[str] = Counter()
        self.slow = 0.0
        self._clock = clock

    def get(self, key: str) -> Content:
        self.asked["get"] += 1
        self._clock.advance(self.slow)
        return super().get(key)

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        self.asked["list"] += 1
        return super().list(prefix, after=after)


class Desk:
    """A reminder with what it works with."""

    def __init__(self) -> None:
        self.clock = FakeClock(START)
        self.objects = CountingObjects(self.clock)
        self.broker = FakeBroker(self.clock)
        self.board = FakeBoard(self.broker)
        self.queue = FakeQueue(self.broker)
        self.reminding = self.fresh()

    def fresh(self) -> Reminding:
        """Return one that knows nothing, as after a restart."""
        return Reminding(self.objects, self.board.typed(), self.queue, self.clock.now, self.clock.seconds)  # type: ignore[arg-type] # stands in for the queue

    def waiting(self, number: int = 0, due_in: float = 0) -> CallbackEntry:
        entry = register(self.objects, EXPORT, 0, f"https://receiver.example/{number}", self.clock.now())
        later = entry.replace(attempts=1, next_attempt_at=self.clock.now() + timedelta(seconds=due_in))
        self.objects.put(entry.key, jsontext.encode(later))
        return later

    def reminded(self, after: float = 0) -> list[str]:
        """Let time pass, work, and return whom messages were sent for since."""
        self.clock.advance(after)
        self.reminding.work(SECONDS)
        sent = [name for _, name in self.queue.callbacks]
        self.queue.callbacks.clear()
        return sent


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_message_is_sent_when_the_time_has_come_and_not_before(desk: Desk) -> None:
    entry = desk.waiting(due_in=30)
    assert desk.reminded() == []
    assert desk.reminded(after=29) == []
    assert desk.reminded(after=1) == [entry.name]


def test_what_did_not_change_is_read_once(desk: Desk) -> None:
    for number in range(50):
        desk.waiting(number, due_in=3600)
    for _ in range(100):
        desk.reminded(after=2)
    assert desk.objects.asked["get"] == 50
    assert desk.objects.asked["list"] == 100


def test_an_attempt_that_was_made_sets_the_next_time(desk: Desk) -> None:
    entry = desk.waiting()
    assert desk.reminded() == [entry.name]
    desk.waiting(due_in=5)
    assert desk.reminded(after=2) == []
    assert desk.reminded(after=3) == [entry.name]


def test_messages_that_come_to_nothing_are_sent_ever_more_slowly(desk: Desk) -> None:
    entry = desk.waiting()
    sent = [second for second in range(0, 2 * 3600, 10) if desk.reminded(after=10) == [entry.name]]
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    assert gaps[:5] == [60, 120, 240, 480, 900]
    assert set(gaps[5:]) == {900}


def test_what_was_delivered_is_forgotten(desk: Desk) -> None:
    entry = desk.waiting()
    desk.reminded()
    desk.objects.delete([entry.key])
    assert desk.reminded(after=3600) == []
    assert desk.reminding._known == {}  # noqa: SLF001 # what a long-lived process must not gather


def test_a_restart_finds_everything_that_waits(desk: Desk) -> None:
    names = {desk.waiting(number).name for number in range(20)}
    desk.reminded()
    desk.reminding = desk.fresh()
    assert {*desk.reminded()} == names


def test_messages_of_one_round_are_bounded_and_nobody_is_passed_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminding, "_AT_ONCE", 7)
    names = [desk.waiting(number, due_in=-number).name for number in range(30)]
    sent = [desk.reminded(after=2) for _ in range(5)]
    assert sent[0] == names[:22:-1]
    assert [len(one) for one in sent] == [7, 7, 7, 7, 2]
    assert sorted(name for one in sent for name in one) == sorted(names)


def test_a_look_that_takes_long_is_followed_by_a_longer_rest(desk: Desk) -> None:
    desk.objects.slow = 0.5
    for number in range(20):
        desk.waiting(number, due_in=3600)
    desk.reminded()
    desk.objects.slow = 0
    late = desk.waiting(99)
    assert desk.reminded(after=39) == [], "it looked for 10 s, and rests for 40"
    assert desk.reminded(after=1) == [late.name]


def test_a_look_is_done_in_slices(desk: Desk) -> None:
    for number in range(10):
        desk.waiting(number)
    seen: list[int] = []
    for _ in range(11):
        desk.reminding.work(0)
        seen.append(desk.objects.asked["get"])
    assert seen == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]
    assert desk.objects.asked["list"] == 1
    assert len(desk.queue.callbacks) == 10


def test_a_damaged_entry_is_logged_once_and_keeps_nobody(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.objects.put(keys.callback(EXPORT, "0-a.json"), b"{")
    good = desk.waiting()
    assert desk.reminded() == [good.name]
    for _ in range(10):
        desk.reminded(after=2)
    assert [record.message for record in caplog.records] == ["callback.unreadable"]


def test_a_server_that_is_away_is_said_and_the_work_goes_on_later(desk: Desk) -> None:
    entry = desk.waiting()
    desk.objects.down = True
    with pytest.raises(StorageUnavailable):
        desk.reminding.work(SECONDS)
    desk.objects.down, desk.broker.down = False, True
    with pytest.raises(BrokerUnavailable):
        desk.reminding.work(SECONDS)
    desk.broker.down = False
    assert desk.reminded() == [entry.name]


def test_the_board_is_told_of_what_is_new_alone(desk: Desk) -> None:
    desk.waiting()
    desk.reminded()
    assert desk.board.callbacks.noted([EXPORT]) == {EXPORT}
    desk.broker.wipe()
    desk.reminded(after=2)
    assert desk.board.callbacks.noted([EXPORT]) == set(), "a lost board is rebuilt by others"
