"""An export's life with an accident at every single call of storage, board and queue.

Each test runs the same story again and again, with the accident at the first call, at the second, and so on until the
story ends before it. After the accident clients send again what was not answered, workers and the sweeper are started
anew, and the story must come to the same end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from functools import partial
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import BrokerUnavailable, Gone, RunfolioError, StorageUnavailable
from producer.contract.export import Export, Pending, State
from producer.contract.outbox import Outbox, Settled
from tests.house import HOOK, AtLast, AtOnce, House, Killed, Process, Step, Wire, record_of, step
from worker import pipeline

RECORD = record_of([step("fetch"), step("think", "failed", output="# no"), step("fetch")])
LARGE = record_of([step("fetch", output="x" * 30_000) for _ in range(6)])
EVENT = {"export": {"callback_url": HOOK, "include": ["manifest"]}}


class Accident:
    """Lets the n-th call of all processes together end in an accident, ahead of its effect or after it.

    ``happen`` raises, or does something behind the caller's back. A process that was killed stays dead: whatever it
    calls on its way out has no effect.
    """

    def __init__(self, house: House, at: int, happen: Callable[[House], None], *, after: bool) -> None:
        self.happened: Step | None = None
        self._house, self._happen, self._after = house, happen, after
        self._calls, self._at = count(), at
        self._dead = False

    def came_too_late(self, at: int) -> bool:
        """Tell whether the story was over before; a story of hardly any calls would test nothing."""
        assert self.happened is not None or at > 3
        return self.happened is None

    def survive(self, act: Callable[[], object]) -> bool:
        """Run one act of a process; tell whether it came to its end."""
        self._dead = False
        try:
            act()
        except (Killed, RunfolioError):
            return False
        return True

    def around(self, step: Step, call: Callable[[], Any]) -> Any:
        if self._dead:
            raise Killed
        due = next(self._calls) == self._at
        if due and not self._after:
            self._strike(step)
        try:
            return call()
        finally:
            # A call may also fail by itself, such as a conditional write that comes too late.
            if due and self._after and not self._dead:
                self._strike(step)

    def _strike(self, step: Step) -> None:
        self.happened = step
        try:
            self._happen(self._house)
        except Killed:
            self._dead = True
            raise


def kill(_: House) -> None:
    raise Killed


def kill_and_lose_the_broker(house: House) -> None:
    house.lose_broker()
    raise Killed


def lose_the_broker(house: House) -> None:
    house.lose_broker()


def storage_stumbles(_: House) -> None:
    raise StorageUnavailable("It stumbled.")


def broker_stumbles(_: House) -> None:
    raise BrokerUnavailable("It stumbled.")


def another_worker_takes_over(house: House) -> None:
    """Let the lease run out, as if the process had been stopped, and everything be done by others."""
    other = Process(house, Wire())
    sweeper = other.sweeper(owner="another")
    for _ in range(3):
        house.clock.advance(61)
        sweeper.round()
        other.work()


def everything_expires(house: House) -> None:
    house.clock.advance(8 * 24 * 3600)
    Process(house, Wire()).sweeper(owner="another").round()


def send(record: dict[str, Any], house: House) -> Export:
    return house.send(record, **EVENT)[0]


def export_again(house: House, **options: Any) -> Export:
    return house.request(RECORD, **options).export


def revoke(export_id: str, house: House) -> Export:
    return house.gateway.exports.revoke(export_id, "somebody")


def the_old_link_is_swept(house: House) -> None:
    Process(house, Wire()).sweeper().retention.work(5)


class Story:
    """One story with one accident."""

    def __init__(
        self, at: int, happen: Callable[[House], None], *, after: bool, beside: Executor | None = None
    ) -> None:
        self.house = House(beside=beside)
        self.accident = Accident(self.house, at, happen, after=after)
        self.answers: list[Export] = []

    def begin(self) -> None:
        """From here on accidents happen."""
        for process in (self.house.gateway, self.house.worker):
            process.wire.around = self.accident.around

    def check(self) -> None:
        """From here on accidents happen no more."""
        self.house.gateway, self.house.worker = Process(self.house, Wire()), Process(self.house, Wire())

    def insist(self, act: Callable[[House], Export]) -> None:
        """Do what a client does: send again until there is an answer."""
        for _ in range(3):
            if self.accident.survive(lambda: self.answers.append(act(self.house))):
                return
        raise AssertionError("There was never an answer.")

    def settle(self) -> None:
        """Let workers and the sweeper go on, started anew where they were killed, until nothing is left to do."""
        house = self.house
        sweeper = house.worker.sweeper()
        for _ in range(40):
            self.accident.survive(house.worker.work)
            if not house.pending() and not list(house.objects.list("callbacks/")) and not house.queue.exports:
                self.check()
                return
            house.clock.advance(30)
            if not self.accident.survive(sweeper.round):
                sweeper = house.worker.sweeper()
        raise AssertionError(f"It never came to an end: {house.stored()}")

    @property
    def current(self) -> Pending | Settled | None:
        return Outbox(self.house.objects).current(self.answers[-1].id)

    def ends(self, status: State, *, told: bool = True) -> None:
        """Check that all agree on how it ended."""
        house, current = self.house, self.current
        assert isinstance(current, Settled)
        assert current.facts.status is status
        assert house.pending() == []
        assert house.broker.state.marks == {}
        house.worker.sweeper().rebuild.work(5)
        known = house.board.exports.known(self.answers[-1].id)
        assert known is not None
        assert known.export.status is status
        if told:
            assert {export.status for _, export in house.receiver.told} == {status}
            assert len({message for message, _ in house.receiver.told}) == 1

    def ends_ready(self) -> None:
        self.ends(State.READY)
        house, current = self.house, self.current
        assert isinstance(current, Settled)
        archive = current.facts.archive
        assert archive is not None
        assert house.archives() == [current.facts.pending.archive_key]
        data = house.objects.get(current.facts.pending.archive_key).data
        assert (len(data), hashlib.sha256(data).hexdigest()) == (archive.size, archive.sha256)
        link = self.answers[-1].download_url
        assert house.gateway.links.follow(link.rpartition("/")[2]).address is not None
        ready = [export for export in house.broker.published if export.download_url == link]
        assert ready
        assert all(export == ready[0] for export in ready)
        assert all(export == ready[0] for _, export in house.receiver.told)


def every(happen: Callable[[House], None], beside: Executor | None = None) -> Iterator[Story]:
    """Yield stories with the accident ever later, ahead of a call's effect and after it, until it comes too late."""
    for after in (False, True):
        for at in count():
            story = Story(at, happen, after=after, beside=beside)
            yield story
            if story.accident.came_too_late(at):
                break


ACCIDENTS = [
    kill,
    kill_and_lose_the_broker,
    lose_the_broker,
    storage_stumbles,
    broker_stumbles,
    another_worker_takes_over,
]


@pytest.mark.parametrize("beside", [AtOnce(), AtLast()], ids=["entry first", "task first"])
@pytest.mark.parametrize(
    ("record", "sealed"),
    [(RECORD, pipeline.SEALED_UP_TO), (LARGE, pipeline.SEALED_UP_TO), (LARGE, 0)],
    ids=["small", "large", "large archive"],
)
@pytest.mark.parametrize("happen", ACCIDENTS)
def test_an_event_becomes_one_archive(
    happen: Callable[[House], None],
    record: dict[str, Any],
    sealed: int,
    beside: Executor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "SEALED_UP_TO", sealed)
    for story in every(happen, beside):
        story.begin()
        story.insist(partial(send, record))
        story.settle()
        story.ends_ready()
        assert len({answer.id for answer in story.answers}) == 1


@pytest.mark.parametrize("happen", [*ACCIDENTS, everything_expires])
def test_a_deleted_export_is_made_anew(happen: Callable[[House], None]) -> None:
    for story in every(happen):
        house = story.house
        (first,) = house.send(RECORD, export={"include": ["manifest"]})
        house.settle_down()
        house.gateway.exports.revoke(first.id, "somebody")
        story.begin()
        options: dict[str, Any] = {"include": ["manifest"], "callback_url": HOOK}
        story.insist(partial(export_again, **options))
        story.settle()
        if happen is everything_expires and isinstance(story.current, Settled):
            continue
        story.ends_ready()
        assert story.answers[-1].download_url != first.download_url
        with pytest.raises(Gone):
            house.gateway.links.follow(first.download_url.rpartition("/")[2])


def test_an_expired_export_is_made_anew_while_the_old_one_is_being_swept() -> None:
    for story in every(the_old_link_is_swept):
        house = story.house
        (first,) = house.send(RECORD)
        house.settle_down()
        house.clock.advance(7 * 24 * 3600 + 1)
        story.begin()
        story.insist(export_again)
        story.settle()
        current = story.current
        assert isinstance(current, Settled), story.accident.happened
        assert current.facts.pending.generation == 1, story.accident.happened
        assert current.facts.archive is not None
        with pytest.raises(Gone):
            house.gateway.links.follow(first.download_url.rpartition("/")[2])


def delete(house: House) -> None:
    """Delete what is there from another process."""
    exports = Process(house, Wire()).exports
    for key in house.stored():
        if key.startswith(("pending/", "exports/")):
            exports.revoke(key.split("/")[1].partition(".")[0], "somebody")


@pytest.mark.parametrize("sealed", [pipeline.SEALED_UP_TO, 0], ids=["sealed", "plain"])
def test_a_deletion_wins_at_every_moment(sealed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "SEALED_UP_TO", sealed)
    for story in every(delete):
        house = story.house
        story.answers = house.send(RECORD)
        story.begin()
        story.settle()
        if story.accident.happened is None:
            continue
        story.ends(State.DELETED, told=False)
        assert house.archives() == [], story.accident.happened
        with pytest.raises(Gone):
            house.gateway.links.follow(story.answers[0].download_url.rpartition("/")[2])


@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize("happen", [kill, kill_and_lose_the_broker, lose_the_broker, storage_stumbles, broker_stumbles])
def test_a_deletion_comes_to_its_end(happen: Callable[[House], None], ready: bool) -> None:
    for story in every(happen):
        house = story.house
        (export,) = house.send(RECORD)
        if ready:
            house.settle_down()
        story.begin()
        story.insist(partial(revoke, export.id))
        story.settle()
        story.ends(State.DELETED, told=False)
        assert house.archives() == [], story.accident.happened


@pytest.mark.parametrize("happen", [kill, lose_the_broker, storage_stumbles, broker_stumbles])
def test_giving_up_comes_to_its_end(happen: Callable[[House], None]) -> None:
    for story in every(happen):
        house = story.house
        story.answers = house.send(RECORD, **EVENT)
        house.queue.lose_exports()
        story.begin()
        for _ in range(20):
            house.clock.advance(600)
            story.accident.survive(house.worker.sweeper(max_attempts=2).round)
            house.queue.lose_exports()
        story.settle()
        story.ends(State.FAILED)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.sampled_from(ACCIDENTS)), max_size=4))
def test_accidents_do_not_come_alone(accidents: list[tuple[int, bool, Callable[[House], None]]]) -> None:
    story = Story(0, kill, after=False)
    (story.answers[:],) = (story.house.send(RECORD, **EVENT),)
    for at, after, happen in accidents:
        story.accident = Accident(story.house, at, happen, after=after)
        story.begin()
        story.house.clock.advance(5)
        story.accident.survive(story.house.worker.work)
        story.accident.survive(story.house.worker.sweeper().round)
    story.settle()
    story.ends_ready()
