"""Buckets on the board: the arithmetic of the script, and two gateways that share a limit."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import redis

from producer.contract.board import Board
from producer.limits import Limits
from producer.rates import Rate

pytestmark = pytest.mark.integration

RATE = Rate(60, 60)


def spend(board: Board, count: int, key: str = "a") -> float:
    return board.rates.spend("calls", RATE.interval, RATE.seconds, {key: count})[key]


def test_calls_add_up_and_grow_back(board: Board) -> None:
    assert spend(board, 10) == pytest.approx(10, abs=0.2)
    assert spend(board, 5) == pytest.approx(15, abs=0.5)
    time.sleep(1.1)
    assert spend(board, 0) == pytest.approx(13.9, abs=0.6)
    assert spend(board, 1, "b") == pytest.approx(1, abs=0.2)


def test_limits_do_not_mix(board: Board) -> None:
    spend(board, 10)
    assert board.rates.spend("links", 1, 60, {"a": 1})["a"] == pytest.approx(1, abs=0.2)


def test_debt_is_bounded(board: Board) -> None:
    assert spend(board, 1_000_000) == pytest.approx(120, abs=0.5)


def test_full_buckets_are_not_kept(board: Board, client: redis.Redis) -> None:
    board.rates.spend("calls", 0.001, 1, {f"k{n}": 1 for n in range(1_200)})
    board.rates.spend("calls", 0.001, 1, {"idle": 0})
    time.sleep(0.1)
    assert client.keys("*") == []


def test_a_key_of_any_text_has_its_bucket(board: Board) -> None:
    keys = ["", "a:b", "\n", "🦊" * 256, "\ud83d", "a" * 10_000]
    full = board.rates.spend("calls", 1, 60, dict.fromkeys(keys, 2))
    assert [*full] == keys
    assert all(seconds == pytest.approx(2, abs=0.2) for seconds in full.values())


@pytest.mark.parametrize("count", [lambda one: one.call("a"), lambda one: one.link("a")])
def test_gateways_share_a_limit(board: Board, count: Callable[[Limits], object]) -> None:
    rate = Rate(100, 3600)
    gateways = [Limits(board, rate, rate, None) for _ in range(3)]
    taken = 0
    for _ in range(50):
        for gateway in gateways:
            for _ in range(2):
                counted = count(gateway)
                taken += counted.verdict.taken  # type: ignore[attr-defined] # both give what is counted
        for gateway in gateways:
            gateway.settle()
    # Between two settlements, each of two others may let two through that the third knows nothing of.
    assert 100 <= taken <= 100 + 2 * 2 * 3
