from __future__ import annotations

import threading
from datetime import timedelta
from typing import cast

import pytest

from producer.contract.board import Lease
from producer.contract.board.leases import Leases
from producer.contract.errors import BrokerUnavailable, LeaseLost
from worker.heart import Heart

LEASE = Lease("ab" * 16, 0, "worker/1", 7)


class FakeRenewals:
    """Answers renewals by a script, and lets a test wait for them."""

    def __init__(self, *answers: Exception | None) -> None:
        self._answers = list(answers)
        self.renewed: list[tuple[Lease, timedelta]] = []
        self.enough = threading.Event()
        self.wanted = 1

    def renew(self, lease: Lease, ttl: timedelta) -> None:
        self.renewed.append((lease, ttl))
        if len(self.renewed) >= self.wanted:
            self.enough.set()
        answer = self._answers.pop(0) if self._answers else None
        if answer is not None:
            raise answer

    def heart(self, ttl: timedelta) -> Heart:
        return Heart(cast("Leases", self), LEASE, ttl)


BEAT = timedelta(milliseconds=15)
SLOW = timedelta(minutes=10)


def test_a_lease_is_renewed_until_the_block_ends() -> None:
    renewals = FakeRenewals()
    renewals.wanted = 3
    with renewals.heart(BEAT) as heart:
        assert renewals.enough.wait(10)
        heart.check()
    count = len(renewals.renewed)
    assert renewals.renewed[0] == (LEASE, BEAT)
    assert not any(thread.name == "lease" for thread in threading.enumerate())
    assert len(renewals.renewed) == count


def test_a_broker_that_stumbles_is_asked_again() -> None:
    renewals = FakeRenewals(BrokerUnavailable("x"), BrokerUnavailable("x"))
    renewals.wanted = 3
    with renewals.heart(BEAT) as heart:
        assert renewals.enough.wait(10)
        heart.check()


def test_a_lost_lease_is_known_at_the_next_check() -> None:
    renewals = FakeRenewals(LeaseLost("x"))
    with renewals.heart(BEAT) as heart:
        assert renewals.enough.wait(10)
        heart._thread.join(10)  # noqa: SLF001 # the beat ends by itself then, which is what is waited for
        with pytest.raises(LeaseLost, match="another worker"):
            heart.check()
        with pytest.raises(LeaseLost):
            heart.confirm()
    assert len(renewals.renewed) == 1


def test_a_worker_that_slept_through_its_beats_asks_before_it_settles() -> None:
    renewals = FakeRenewals(LeaseLost("x"))
    with renewals.heart(SLOW) as heart:
        heart.check()
        with pytest.raises(LeaseLost):
            heart.confirm()


def test_a_broker_that_cannot_be_asked_does_not_stop_the_settling() -> None:
    renewals = FakeRenewals(BrokerUnavailable("x"))
    with renewals.heart(SLOW) as heart:
        heart.confirm()
    assert len(renewals.renewed) == 1


def test_the_block_ends_at_once_also_by_an_error() -> None:
    with pytest.raises(KeyboardInterrupt), FakeRenewals().heart(SLOW):
        raise KeyboardInterrupt
