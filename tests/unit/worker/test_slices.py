from __future__ import annotations

from collections.abc import Iterator

import pytest

from worker.slices import go_on


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ten steps of a second each."""
    now = 0.0
    monkeypatch.setattr("worker.slices.time.monotonic", lambda: now)

    def work() -> Iterator[None]:
        nonlocal now
        for _ in range(10):
            now += 1
            yield

    return work()


def test_work_goes_on_where_it_stopped(steps: Iterator[None]) -> None:
    assert [go_on(steps, 4), go_on(steps, 4), go_on(steps, 4)] == [False, False, True]
    assert list(steps) == []


def test_at_least_one_step_is_done(steps: Iterator[None]) -> None:
    assert not go_on(steps, 0)
    assert len(list(steps)) == 9


def test_no_work_is_done_at_once() -> None:
    assert go_on(iter(()), 1)
