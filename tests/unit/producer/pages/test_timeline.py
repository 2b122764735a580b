from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from producer.contract.contents import FAILURES
from producer.contract.record import Status
from producer.outline import OutlinedStep
from producer.pages.timeline import LANE_HEIGHT, MOST_BARS, MOST_LANES, Bar, Lane, timeline_of
from producer.pages.words import Moment

ZONE: Final = ZoneInfo("UTC")
BEGIN: Final = datetime(2025, 4, 9, 15, tzinfo=UTC)
EAST, WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))


def run(
    position: int,
    name: str = "fetch",
    start: float | None = 0.0,
    end: float | None = 1.0,
    *,
    status: Status = Status.SUCCEEDED,
    iteration: int | None = None,
) -> OutlinedStep:
    """A run from ``start`` to ``end`` seconds after the begin."""
    started, finished = (None if one is None else BEGIN + timedelta(seconds=one) for one in (start, end))
    return OutlinedStep(position, name, iteration, status, started, finished)


def place(bar: Bar) -> tuple[float, float]:
    """Where a bar lies, in per cent of the width."""
    assert bar.x.endswith("%")
    assert bar.width.endswith("%")
    return float(bar.x[:-1]), float(bar.width[:-1])


def test_every_run_is_a_bar_by_its_start_and_end() -> None:
    drawn = timeline_of([run(0, "a", 0, 10), run(1, "b", 10, 15), run(2, "c", 5, 20)], ZONE)
    assert [(place(bar), bar.anchor) for bar in drawn.bars] == [
        ((0, 50), "step-1"),
        ((50, 25), "step-2"),
        ((25, 75), "step-3"),
    ]
    assert (drawn.start, drawn.end) == (
        Moment("2025-04-09T15:00:00Z", "2025-04-09 15:00:00 UTC"),
        Moment("2025-04-09T15:00:20Z", "2025-04-09 15:00:20 UTC"),
    )
    assert (drawn.duration, drawn.notes) == ("20 s", [])
    assert drawn.label == "Timeline: 3 runs of 3 steps, 0 failed."


def test_runs_of_a_step_share_a_lane() -> None:
    drawn = timeline_of(
        [run(0, "a", 0, 1, iteration=1), run(1, "b", 1, 2), run(2, "a", 2, 3, iteration=2), run(3, "B", 3, 4)], ZONE
    )
    rows = {bar.anchor: bar.y // LANE_HEIGHT for bar in drawn.bars}
    assert rows == {"step-1": 0, "step-2": 1, "step-3": 0, "step-4": 2}
    assert drawn.lanes == [Lane("a", "2 runs"), Lane("b", ""), Lane("B", "")]
    assert drawn.height == 3 * LANE_HEIGHT
    assert drawn.label == "Timeline: 4 runs of 3 steps, 0 failed."


def test_bars_stay_within_their_lanes() -> None:
    drawn = timeline_of([run(number, f"s{number}") for number in range(5)], ZONE)
    for row, bar in enumerate(drawn.bars):
        assert row * LANE_HEIGHT <= bar.y < bar.y + bar.height <= (row + 1) * LANE_HEIGHT
        assert row * LANE_HEIGHT < bar.baseline <= (row + 1) * LANE_HEIGHT


@pytest.mark.parametrize("status", list(Status))
def test_a_failure_is_marked_and_told(status: Status) -> None:
    drawn = timeline_of([run(0, "a", 0, 2, status=status), run(1, "b", 0, 4)], ZONE)
    assert drawn.bars[0].failed is (status in FAILURES)
    assert drawn.bars[0].status == status
    assert drawn.bars[0].end == "50.000%"
    assert drawn.label.endswith(f", {1 if status in FAILURES else 0} failed.")


def test_a_label_says_what_a_bar_is() -> None:
    drawn = timeline_of(
        [
            run(0, "a", 0, 1.2, iteration=7, status=Status.TIMED_OUT),
            run(1, "", 0, None),
            run(2, "b\n\u202e<b>", 0, 0),
        ],
        ZONE,
    )
    assert [bar.label for bar in drawn.bars] == [
        "a, iteration 7 · timed out · 1.2 s",
        "(unnamed) · succeeded",
        "b␊⟨U+202E⟩<b> · succeeded · 0 s",
    ]


def test_no_steps_are_no_timeline() -> None:
    assert timeline_of([], ZONE) == ([], [], 0, "", None, None, "", [])


def test_what_has_no_time_is_said_and_not_drawn() -> None:
    only = timeline_of([run(0, "a", None, None)], ZONE)
    some = timeline_of([run(0, "a", None, None), run(1, "b"), run(2, "c", None, None)], ZONE)
    assert (only.bars, only.notes) == ([], ["1 step has no times and no bar here."])
    assert ([bar.anchor for bar in some.bars], some.notes) == (["step-2"], ["2 steps have no times and no bar here."])
    assert some.lanes == [Lane("b", "")]


@pytest.mark.parametrize(("start", "end"), [(5.0, None), (None, 5.0)])
def test_a_run_with_one_time_is_a_mark(start: float | None, end: float | None) -> None:
    drawn = timeline_of([run(0, "a", 0, 10), run(1, "b", start, end)], ZONE)
    assert place(drawn.bars[1]) == (50, 0)


def test_one_moment_alone_is_drawn_without_a_span() -> None:
    drawn = timeline_of([run(0, "a", 3, 3), run(1, "b", 3, None)], ZONE)
    assert [place(bar) for bar in drawn.bars] == [(0, 0), (0, 0)]
    assert drawn.duration == "0 s"


def test_a_clock_that_went_back_makes_no_bar_of_negative_width() -> None:
    drawn = timeline_of([run(0, "a", 8, 2), run(1, "b", 0, 10)], ZONE)
    assert place(drawn.bars[0]) == (20, 60)
    assert "finished before it started" in drawn.bars[0].label


def test_more_runs_than_a_browser_draws_are_counted() -> None:
    drawn = timeline_of((run(number, "a", number, number + 1) for number in range(MOST_BARS + 2)), ZONE)
    assert len(drawn.bars) == MOST_BARS
    assert drawn.notes == ["2 more runs are in the list below."]
    assert drawn.lanes == [Lane("a", f"{MOST_BARS:,} runs")]


def test_more_lanes_than_one_scrolls_through_are_counted() -> None:
    def steps() -> Iterator[OutlinedStep]:
        for number in range(MOST_LANES + 1):
            yield run(number, f"s{number}")
        yield run(MOST_LANES + 1, "s0", 1, 2)

    drawn = timeline_of(steps(), ZONE)
    assert len(drawn.lanes) == MOST_LANES
    assert drawn.bars[1].anchor == f"step-{MOST_LANES + 2}"
    assert drawn.notes == ["1 more run is in the list below."]


def test_times_of_different_offsets_are_compared_as_moments() -> None:
    steps = [
        OutlinedStep(0, "a", None, Status.SUCCEEDED, BEGIN, BEGIN + timedelta(hours=2)),
        OutlinedStep(1, "b", None, Status.SUCCEEDED, datetime(2025, 4, 10, 6, tzinfo=EAST), None),
        OutlinedStep(2, "c", None, Status.SUCCEEDED, datetime(2025, 4, 9, 16), None),  # noqa: DTZ001 # read as UTC
    ]
    drawn = timeline_of(steps, ZONE)
    assert [place(bar) for bar in drawn.bars] == [(0, 100), (50, 0), (50, 0)]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize("offset", [None, UTC, EAST, WEST])
@pytest.mark.parametrize("digits", [(1, 1, 1, 0, 0, 0), (9999, 12, 31, 23, 59, 59, 999_999)])
def test_the_ends_of_the_calendar_are_drawn(digits: tuple[int, ...], offset: timezone | None, zone: str) -> None:
    far = datetime(*digits, tzinfo=offset)  # type: ignore[misc, arg-type] # year to microsecond
    alone = timeline_of([OutlinedStep(0, "a", None, Status.SUCCEEDED, far, far)], ZoneInfo(zone))
    beside = timeline_of([run(0, "a"), OutlinedStep(1, "b", None, Status.SUCCEEDED, far, None)], ZoneInfo(zone))
    assert [place(bar) for bar in alone.bars] == [(0, 0)]
    assert alone.start == alone.end
    assert {place(bar)[0] for bar in beside.bars} == {0, 100}


def test_microseconds_are_kept() -> None:
    steps = [run(number, f"s{number}", number * 1e-5, (number + 1) * 1e-5) for number in range(10)]
    drawn = timeline_of(steps, ZONE)
    assert drawn.duration == "100 µs"
    starts = [place(bar)[0] for bar in drawn.bars]
    assert all(later - earlier == pytest.approx(10, abs=3) for earlier, later in pairwise(starts))
