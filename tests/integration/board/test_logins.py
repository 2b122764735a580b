"""One-time codes and ended sessions: on a real broker, and the board in memory against it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

import pytest
import redis

from producer.contract.board import Board
from producer.contract.errors import BrokerUnavailable
from tests.fakes_board import FakeBoard, FakeBroker, FakeClock
from tests.integration.board.examples import BLINK, MINUTE, STARTED

pytestmark = pytest.mark.integration

NAMES: Final = ("a", "b", "\U0001f984\n{rf}:c:a")


def test_a_code_stands_for_its_token_once(board: Board, client: redis.Redis) -> None:
    board.logins.offer("code", "token", MINUTE)

    assert board.logins.redeem("other") is None
    assert board.logins.redeem("code") == "token"
    assert board.logins.redeem("code") is None
    assert client.dbsize() == 0


def test_of_many_at_once_one_gets_the_code(board: Board) -> None:
    board.logins.offer("code", "token", MINUTE)

    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(board.logins.redeem, ["code"] * 32)]

    assert sorted(answers, key=str) == [None] * 31 + ["token"]


def test_nothing_outlasts_its_time(board: Board, client: redis.Redis) -> None:
    board.logins.offer("code", "token", BLINK)
    board.logins.end("session", BLINK)
    assert board.logins.ended("session")

    time.sleep(2 * BLINK.total_seconds())

    assert board.logins.redeem("code") is None
    assert not board.logins.ended("session")
    assert client.dbsize() == 0


def test_a_session_ends_and_no_other_with_it(board: Board) -> None:
    board.logins.end("one", MINUTE)

    assert board.logins.ended("one")
    assert not board.logins.ended("two")
    assert board.logins.redeem("one") is None


def test_a_session_that_ends_again_is_over_for_the_longer_time(board: Board) -> None:
    board.logins.end("one", BLINK)
    board.logins.end("one", MINUTE)
    time.sleep(2 * BLINK.total_seconds())

    assert board.logins.ended("one")


def test_a_broker_that_is_away_is_said_so() -> None:
    with redis.Redis(host="127.0.0.1", port=1) as client:
        logins = Board(client).logins
        calls: list[Callable[[], object]] = [
            lambda: logins.offer("code", "token", MINUTE),
            lambda: logins.redeem("code"),
            lambda: logins.end("session", MINUTE),
            lambda: logins.ended("session"),
        ]
        for call in calls:
            with pytest.raises(BrokerUnavailable):
                call()


def call(draw: random.Random) -> Callable[[Board], object]:
    """Choose a call, the same for both sides."""
    code, session, token = draw.choice(NAMES), draw.choice(NAMES), str(draw.random())
    calls: list[Callable[[Board], object]] = [
        lambda side: side.logins.offer(code, token, MINUTE),
        lambda side: side.logins.redeem(code),
        lambda side: side.logins.end(session, MINUTE),
        lambda side: side.logins.ended(session),
    ]
    return draw.choice(calls)


@pytest.mark.parametrize("seed", range(10))
def test_both_boards_give_the_same_answers(board: Board, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 # test data must repeat, not be secret
    fake = FakeBoard(FakeBroker(FakeClock(STARTED))).typed()
    for _ in range(60):
        chosen = call(draw)
        assert chosen(board) == chosen(fake)
    assert [board.logins.ended(one) for one in NAMES] == [fake.logins.ended(one) for one in NAMES]
    assert [board.logins.redeem(one) for one in NAMES] == [fake.logins.redeem(one) for one in NAMES]


def test_in_the_board_in_memory_time_ends_both() -> None:
    clock = FakeClock(STARTED)
    logins = FakeBoard(FakeBroker(clock)).typed().logins
    logins.offer("code", "token", timedelta(hours=1))
    logins.end("session", timedelta(hours=1))

    clock.advance(3600)

    assert logins.redeem("code") is None
    assert not logins.ended("session")
