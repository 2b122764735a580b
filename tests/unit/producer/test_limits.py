from __future__ import annotations

import logging
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from producer.contract.board import Board
from producer.contract.errors import BrokerUnavailable
from producer.limits import MOST_ADDRESSES, Limits, network_of
from producer.rates import Rate

RATE = Rate(10, 60)


class Rates:
    """The board's buckets, as far as one is told of them."""

    def __init__(self) -> None:
        self.away = False
        self.told: list[tuple[str, dict[str, int]]] = []
        self.full = 30.0

    def spend(self, limit: str, interval: float, period: float, spent: Mapping[str, int]) -> dict[str, float]:
        if self.away:
            raise BrokerUnavailable("The broker does not answer.")
        assert (interval, period) == (RATE.interval, RATE.seconds)
        self.told.append((limit, dict(spent)))
        return dict.fromkeys(spent, self.full)


@pytest.fixture
def rates() -> Rates:
    return Rates()


def limits(rates: Rates, **off: Any) -> Limits:
    chosen: dict[str, Rate | None] = {"tokens": RATE, "links": RATE, "failures": RATE, **off}
    return Limits(cast("Board", SimpleNamespace(rates=rates)), **chosen)


def test_calls_and_links_are_settled_and_failures_are_not(rates: Rates) -> None:
    one = limits(rates)
    one.call("a")
    one.call("a")
    one.link("x")
    one.failed("10.0.0.1")
    one.settle()
    assert rates.told == [("calls", {"a": 2}), ("links", {"x": 1})]
    counted = one.call("a")
    assert counted is not None
    assert counted.verdict.remaining == 4, "the board's word counts, and one call on top"


def test_nothing_is_told_where_nothing_happens(rates: Rates) -> None:
    limits(rates).settle()
    assert rates.told == []


def test_what_is_switched_off_says_nothing(rates: Rates) -> None:
    one = limits(rates, tokens=None, links=None, failures=None)
    assert [one.call("a"), one.link("x"), one.failed("a"), one.stranger("a")] == [None] * 4
    one.settle()


def test_while_the_broker_is_away_each_limits_by_itself(rates: Rates, caplog: pytest.LogCaptureFixture) -> None:
    one = limits(rates, links=None)
    rates.away = True
    taken = 0
    with caplog.at_level(logging.INFO, "producer.limits"):
        for _ in range(15):
            counted = one.call("a")
            taken += counted is not None and counted.verdict.taken
            one.settle()
        rates.away = False
        one.settle()
    assert taken == 10
    assert rates.told == [("calls", {"a": 10})], "nothing is forgotten meanwhile"
    assert [record.message for record in caplog.records] == [
        "broker is away, each gateway limits by itself",
        "broker is back, gateways limit together",
    ]


def test_it_settles_by_itself(rates: Rates) -> None:
    one = limits(rates)
    one.start()
    try:
        one.call("a")
        for _ in range(100):
            if rates.told:
                break
            one._stopping.wait(0.1)  # noqa: SLF001 # nothing else tells that it has come round
    finally:
        one.stop()
    assert rates.told[0] == ("calls", {"a": 1})
    one.stop()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9%eth0", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_whose_an_address_is(address: str, network: str) -> None:
    assert network_of(address) == network


def test_addresses_do_not_fill_the_memory(rates: Rates) -> None:
    one = limits(rates)
    for number in range(MOST_ADDRESSES + 500):
        one.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(one._failures or ()) == MOST_ADDRESSES  # noqa: SLF001 # the memory itself is what this is about
