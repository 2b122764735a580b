"""The board in memory, by which most tests go, against the real one: the same calls get the same answers."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from producer.contract.board import Board, Lease, Refusal
from producer.contract.errors import RunfolioError
from producer.contract.export import State
from tests.fakes_board import FakeBoard, FakeBroker, FakeClock
from tests.integration.board.examples import MINUTE, STARTED, export, settled

pytestmark = pytest.mark.integration

ENDS = (State.READY, State.FAILED, State.EXPIRED, State.DELETED)


class Side:
    """One of the two boards, with the leases that it gave out."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.leases: list[Lease] = []

    def acquire(self, one: Any, generation: int) -> object:
        answer = self.board.leases.acquire(one, generation, owner="worker", ttl=MINUTE)
        if isinstance(answer, Refusal):
            return answer
        self.leases.append(answer)
        return "lease"

    def fenced(self, act: Callable[[Lease], object], at: int) -> object:
        return act(self.leases[at % len(self.leases)]) if self.leases else None

    def seen(self, export_id: str) -> object:
        known = self.board.exports.known(export_id)
        watch = self.board.queue
        shown = known and (known.generation, known.export)
        return shown, watch.marked([export_id]), watch.leased([export_id])


def call(draw: random.Random, one: Any) -> Callable[[Side], object]:
    """Choose a call, the same for both sides."""
    generation, at, end = draw.randrange(2), draw.randrange(3), settled(one, draw.choice(ENDS))
    done = draw.randrange(8)
    calls: list[Callable[[Side], object]] = [
        lambda side: side.board.exports.queued(one, generation, once=at == 0) is not None,
        lambda side: side.acquire(one, generation),
        lambda side: side.fenced(lambda lease: side.board.leases.renew(lease, MINUTE), at),
        lambda side: side.fenced(lambda lease: side.board.leases.progress(lease, done, 8), at),
        lambda side: side.fenced(lambda lease: side.board.leases.settle(lease, end), at),
        lambda side: side.fenced(lambda lease: side.board.leases.hand_back(lease, one, "away"), at),
        lambda side: side.board.leases.revoke(one.id),
        lambda side: side.board.exports.announce(end, generation, again=at == 0),
        lambda side: side.board.exports.restore(end, generation),
        lambda side: side.board.queue.attempt(one.id),
    ]
    return draw.choice(calls)


def answer(side: Side, chosen: Callable[[Side], object]) -> object:
    try:
        return chosen(side)
    except RunfolioError as error:
        return type(error)


def test_exports_with_callbacks_are_noted(board: Board) -> None:
    fake = FakeBoard(FakeBroker(FakeClock(STARTED))).typed()
    for one in (board, fake):
        one.callbacks.note([])
        one.callbacks.note(["a", "\ud83d"])
        one.callbacks.note({"a", "b"})
        assert one.callbacks.noted(["a", "c", "\ud83d", "b", "a"]) == {"a", "b", "\ud83d"}
        assert one.callbacks.noted([]) == set()


@pytest.mark.parametrize("seed", range(40))
def test_both_boards_give_the_same_answers(board: Board, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 # test data must repeat, not be secret
    fake = FakeBoard(FakeBroker(FakeClock(STARTED)))
    real, stand_in = Side(board), Side(fake.typed())
    one = export()
    for _ in range(60):
        chosen = call(draw, one)
        assert answer(real, chosen) == answer(stand_in, chosen)
        assert real.seen(one.id) == stand_in.seen(one.id)
    assert board.exports.page().items == fake.exports.page().items
