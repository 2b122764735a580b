from __future__ import annotations

from producer.engines import ordering


def test_steps_are_sorted_by_start_else_end_and_those_without_times_come_last_as_given() -> None:
    steps = [
        {"name": "z"},
        {"name": "c", "started_at": "2026-01-01T00:00:02Z"},
        {"name": "b", "finished_at": "2026-01-01T00:00:01Z"},
        {"name": "a"},
        {"name": "d", "started_at": "2026-01-01T02:00:00+02:00"},
    ]
    assert [step["name"] for step in ordering.in_order(steps)] == ["d", "b", "c", "z", "a"]


def test_only_steps_that_ran_more_than_once_are_numbered() -> None:
    steps = [{"name": "a"}, {"name": "b"}, {"name": "a"}]
    assert ordering.numbered(steps) == [{"name": "a", "iteration": 1}, {"name": "b"}, {"name": "a", "iteration": 2}]
    assert steps[0] == {"name": "a"}
