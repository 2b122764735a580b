from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from producer.contract.render.times import duration_between, duration_text, moment_text
from tests.unit.contract.render import pages


@pytest.mark.parametrize(
    ("moment", "zone", "expected"),
    [
        (datetime(2025, 4, 9, 14, 59, 56), "UTC", "2025-04-09 14:59:56 UTC"),  # noqa: DTZ001 # one without an offset is meant
        (datetime(2025, 4, 9, 14, 59, 56, 120000, UTC), "UTC", "2025-04-09 14:59:56.120 UTC"),
        (datetime(2025, 4, 9, 14, 59, 56, 123456, UTC), "UTC", "2025-04-09 14:59:56.123456 UTC"),
        (datetime(2025, 4, 9, 14, 59, 56, tzinfo=UTC), "Europe/Vienna", "2025-04-09 16:59:56 CEST"),
        (datetime(2025, 4, 9, 14, tzinfo=timezone(timedelta(hours=2))), "UTC", "2025-04-09 12:00:00 UTC"),
        (datetime.min.replace(tzinfo=UTC), "America/New_York", "0001-01-01 00:00:00 UTC"),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), "UTC", "0001-01-01 00:00:00 UTC"),
    ],
)
def test_moments(moment: datetime, zone: str, expected: str) -> None:
    assert moment_text(moment, ZoneInfo(zone)) == expected


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (timedelta(), "0 s"),
        (timedelta(microseconds=500), "500 µs"),
        (timedelta(milliseconds=35.9), "35 ms"),
        (timedelta(milliseconds=1250), "1.2 s"),
        (timedelta(seconds=3, milliseconds=50), "3 s"),
        (timedelta(seconds=59.9), "59 s"),
        (timedelta(minutes=4, seconds=55), "4 min 55 s"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=2, minutes=3, seconds=4), "2 h 3 min"),
        (timedelta(days=3, hours=4), "3 d 4 h"),
        (timedelta(seconds=-3), "\u22123 s (finished before it started)"),
    ],
)
def test_durations(duration: timedelta, expected: str) -> None:
    assert duration_text(duration) == expected


def test_a_duration_needs_both_ends() -> None:
    moment = datetime(2025, 4, 9, tzinfo=UTC)
    assert duration_between(moment, None) is None
    assert duration_between(moment.replace(tzinfo=None), moment) == timedelta()


def test_a_missing_end_is_named_and_missing_times_take_no_room() -> None:
    text = pages.md(started_at="2025-04-09T12:00:00Z")
    assert "| Finished | not recorded |" in text
    assert "Duration" not in text
    assert "Started" not in pages.md()
