from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.rates import Buckets, Rate, read_rate

RATE = Rate(10, 60)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize(
    ("text", "rate"),
    [("600/m", Rate(600, 60)), (" 10 / s ", Rate(10, 1)), ("1/h", Rate(1, 3600)), ("1000000/d", Rate(10**6, 86400))],
)
def test_rates_are_read_and_written(text: str, rate: Rate) -> None:
    assert read_rate(text) == rate
    assert read_rate(str(rate)) == rate
    assert read_rate(rate) is rate


@pytest.mark.parametrize("text", ["none", " None ", None])
def test_none_is_no_limit(text: str | None) -> None:
    assert read_rate(text) is None


@pytest.mark.parametrize("value", ["", "600", "0/m", "-1/m", "1.5/m", "600/w", "m", "2000000/s", "1/m/m", 600, True])
def test_what_is_no_rate_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="such as"):
        read_rate(value)


def test_a_bucket_gives_its_calls_at_once_and_then_one_by_one(clock: Clock) -> None:
    buckets = Buckets(RATE, clock=clock)
    given_out = [buckets.take("a") for _ in range(12)]

    assert [one.taken for one in given_out] == [True] * 10 + [False] * 2
    assert [one.remaining for one in given_out] == [*range(9, -1, -1), 0, 0]
    assert given_out[-1].wait == pytest.approx(6)
    clock.now += 5.9
    assert not buckets.take("a").taken
    clock.now += 0.2
    assert buckets.take("a").taken
    assert not buckets.take("a").taken


def test_each_key_has_its_own(clock: Clock) -> None:
    buckets = Buckets(Rate(1, 60), clock=clock)
    assert buckets.take("a").taken
    assert buckets.take("b").taken
    assert not buckets.take("a").taken


def test_a_refusal_costs_nothing(clock: Clock) -> None:
    buckets = Buckets(Rate(1, 60), clock=clock)
    buckets.take("a")
    for _ in range(1_000):
        buckets.take("a")
    clock.now += 60.1
    assert buckets.take("a").taken


def test_looking_takes_nothing(clock: Clock) -> None:
    buckets = Buckets(Rate(1, 60), clock=clock)
    assert [buckets.look("a").taken for _ in range(3)] == [True] * 3
    buckets.take("a")
    assert not buckets.look("a").taken
    assert buckets.look("a").wait == pytest.approx(60)


def test_strangers_do_not_fill_the_memory(clock: Clock) -> None:
    buckets = Buckets(RATE, most=100, clock=clock)
    for number in range(10_000):
        buckets.take(str(number))
        buckets.take("often")
    assert len(buckets) == 100
    assert buckets.look("often").remaining == 0, "who asks often is not forgotten for others"


def test_full_buckets_are_forgotten(clock: Clock) -> None:
    buckets = Buckets(RATE, clock=clock)
    buckets.take("a")
    assert buckets.drain() == {"a": 1}
    clock.now += 5
    assert buckets.drain() == {"a": 0}
    clock.now += 2
    assert buckets.drain() == {}
    assert len(buckets) == 0


def test_what_others_let_through_is_learned(clock: Clock) -> None:
    buckets = Buckets(RATE, clock=clock)
    buckets.take("a")
    assert buckets.drain() == {"a": 1}
    buckets.take("a")
    buckets.learn({"a": 42.0, "unknown": 60.0})
    # The board knows of seven calls, and one came since.
    assert buckets.look("a").remaining == 2


def test_what_could_not_be_told_is_told_later(clock: Clock) -> None:
    buckets = Buckets(RATE, clock=clock)
    buckets.take("a")
    buckets.put_back(buckets.drain())
    buckets.take("a")
    assert buckets.drain() == {"a": 2}


@settings(max_examples=300, deadline=None)
@given(
    calls=st.integers(1, 50),
    period=st.sampled_from([1, 60, 3600]),
    pauses=st.lists(st.floats(0, 10), min_size=1, max_size=200),
)
def test_never_more_than_the_rate_and_a_full_bucket(calls: int, period: int, pauses: list[float]) -> None:
    clock = Clock()
    buckets = Buckets(Rate(calls, period), clock=clock)
    began = clock.now
    taken = 0
    for pause in pauses:
        clock.now += pause
        verdict = buckets.take("a")
        taken += verdict.taken
        assert verdict.taken or 0 < verdict.wait <= period / calls * 1.001
        assert 0 <= verdict.remaining < calls
    assert taken <= calls + (clock.now - began) * calls / period + 1.001
