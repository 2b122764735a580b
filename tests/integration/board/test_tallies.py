from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import redis

from producer.contract.audit import Tally
from producer.contract.board import Board, Floor
from tests.fakes_board import FakeBoard, FakeBroker, FakeClock
from tests.integration.board.examples import STARTED

pytestmark = pytest.mark.integration

NAMES = [f"audit/2026-11-24/10150{number}.000000-0123456789abcdef.ndjson" for number in range(8)]
IDS = ["a", "b", "\ud83d", "🦊"]
ONE = Tally({"a": "ann"}, {"a": 1, "b": 2})


def test_a_batch_is_counted_once(board: Board) -> None:
    assert [board.tallies.count(NAMES[0], ONE) for _ in range(3)] == [True, False, False]
    assert board.tallies.count(NAMES[1], ONE)

    assert board.tallies.of(["a", "b", "c"]) == [("ann", 2), (None, 4), (None, 0)]
    assert board.tallies.of([]) == []


def test_up_to_the_floor_nothing_is_counted_but_what_was_stored_late(board: Board) -> None:
    life, none = board.tallies.floor()
    assert none is None
    board.tallies.count(NAMES[1], ONE)
    board.tallies.count(NAMES[5], ONE)
    assert board.tallies.raise_floor(life, NAMES[3])

    assert board.tallies.floor() == Floor(life, NAMES[3])
    assert board.tallies.counted(NAMES) == {NAMES[5]}
    assert not any(board.tallies.count(NAMES[n], ONE) for n in (0, 1, 3, 5))
    assert not board.tallies.count(NAMES[2], ONE, passed_in="another life")
    assert board.tallies.count(NAMES[2], ONE, passed_in=life)
    assert board.tallies.of(["a"]) == [("ann", 3)]


def test_the_floor_rises_only_and_only_in_its_life(board: Board, client: redis.Redis) -> None:
    life = board.tallies.floor().life
    assert board.tallies.raise_floor(life, NAMES[3])
    assert board.tallies.raise_floor(life, NAMES[1])
    assert board.tallies.floor().name == NAMES[3]

    client.flushdb()
    assert not board.tallies.raise_floor(life, NAMES[3])
    assert board.tallies.floor().life != life
    assert not board.tallies.raise_floor(life, NAMES[3])
    assert board.tallies.floor().name is None


def test_who_asked_is_kept_beside_the_counts(board: Board, client: redis.Redis) -> None:
    board.tallies.asked({})
    assert client.dbsize() == 0
    board.tallies.asked({"a": "Zoë\n☕", "\ud83d": "odd"})

    assert [one.requested_by for one in board.tallies.of(["a", "b", "\ud83d"])] == ["Zoë\n☕", None, "odd"]


def drawn_call(draw: random.Random) -> Callable[[Board], object]:
    """Choose a call, the same for both boards; what names a life names the present one, or one that is over."""
    name, tally = draw.choice(NAMES), tally_of(draw)
    late, over = draw.random() < 0.3, draw.random() < 0.1

    def life(side: Board) -> str:
        return "over" if over else side.tallies.floor().life

    calls: list[Callable[[Board], object]] = [
        lambda side: side.tallies.count(name, tally, passed_in=life(side) if late else None),
        lambda side: side.tallies.raise_floor(life(side), name),
        lambda side: side.tallies.asked(tally.asked),
    ]
    return draw.choice(calls)


def tally_of(draw: random.Random) -> Tally:
    return Tally(
        {one: draw.choice("xyz") for one in draw.sample(IDS, draw.randrange(3))},
        {one: draw.randrange(1, 4) for one in draw.sample(IDS, draw.randrange(3))},
    )


def seen(side: Board) -> object:
    return side.tallies.of(IDS), side.tallies.counted(NAMES), side.tallies.floor().name


@pytest.mark.parametrize("seed", range(30))
def test_the_board_in_memory_gives_the_same_answers(board: Board, client: redis.Redis, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 # test data must repeat, not be secret
    broker = FakeBroker(FakeClock(STARTED))
    fake = FakeBoard(broker).typed()
    for _ in range(80):
        if draw.random() < 0.02:
            client.flushdb()
            broker.wipe()
        call = drawn_call(draw)
        assert call(board) == call(fake)
        assert seen(board) == seen(fake)
