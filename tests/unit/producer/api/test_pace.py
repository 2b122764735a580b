from __future__ import annotations

from datetime import timedelta

import pytest

from producer.api.pace import IDLE, MIN_RATE, Pace
from producer.contract.errors import TooSlow


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fed(pace: Pace, clock: Clock, size: int, every: float) -> float:
    """Bring pieces until the patience ends, for ten hours at most, and return how long it lasted."""
    began = clock.now
    while clock.now - began < 36_000:
        try:
            allowed = pace.ask()
        except TooSlow:
            break
        clock.now += min(every, allowed)
        if every > allowed:
            break
        pace.took(size)
    return clock.now - began


def test_silence_is_given_up(clock: Clock) -> None:
    pace = Pace(clock=clock)
    assert pace.ask() == IDLE
    clock.now += IDLE
    assert "No byte of the body came for 60 seconds" in pace.lost().detail


@pytest.mark.parametrize(("rate", "lasts"), [(MIN_RATE / 2, 2 * IDLE), (1, IDLE)])
def test_a_trickle_lasts_as_long_as_its_credit(clock: Clock, rate: float, lasts: float) -> None:
    pace = Pace(timedelta(days=1), clock)
    assert fed(pace, clock, int(rate * 2), 2.0) == pytest.approx(lasts, abs=4)
    assert "less than 4096 bytes a second" in pace.lost().detail


def test_who_comes_at_the_rate_is_waited_for(clock: Clock) -> None:
    assert fed(Pace(timedelta(days=1), clock), clock, MIN_RATE * 2, 2.0) >= 36_000


def test_what_was_sent_fast_earns_a_pause_but_not_an_endless_one(clock: Clock) -> None:
    pace = Pace(timedelta(days=1), clock)
    pace.ask()
    pace.took(100 * 1024 * 1024)
    assert pace.ask() == IDLE


def test_time_that_we_take_is_not_the_clients(clock: Clock) -> None:
    pace = Pace(timedelta(days=1), clock)
    for _ in range(20):
        pace.ask()
        pace.took(1)
        clock.now += 100
    assert pace.ask() == pytest.approx(IDLE, abs=0.1)


def test_the_whole_has_an_end(clock: Clock) -> None:
    pace = Pace(timedelta(hours=2), clock)
    assert fed(pace, clock, MIN_RATE * 100, 2.0) == pytest.approx(7_200, abs=3)
    assert "longer than 2:00:00" in pace.lost().detail


def test_a_timer_that_fires_early_does_not_change_the_reason(clock: Clock) -> None:
    pace = Pace(timedelta(seconds=30), clock)
    clock.now += pace.ask() - 0.001
    assert "longer than 0:00:30" in pace.lost().detail
