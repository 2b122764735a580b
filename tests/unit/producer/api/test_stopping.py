from __future__ import annotations

from producer.api.stopping import Stopping


def test_whoever_waits_is_woken_and_whoever_has_left_is_not() -> None:
    stopping = Stopping()
    woken: list[str] = []

    with stopping.waking(lambda: woken.append("left")):
        pass
    with stopping.waking(lambda: woken.append("first")), stopping.waking(lambda: woken.append("second")):
        before = stopping.requested
        stopping.request()

    assert (before, stopping.requested) == (False, True)
    assert woken == ["first", "second"]


def test_two_who_wait_by_the_same_means_leave_one_by_one() -> None:
    stopping = Stopping()
    woken: list[int] = []

    def wake() -> None:
        woken.append(1)

    with stopping.waking(wake):
        with stopping.waking(wake):
            pass
        stopping.request()

    assert woken == [1]
