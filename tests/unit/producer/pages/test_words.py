from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from producer.pages.words import Moment, StatusWord, count_text, moment, shown_name, size_text, status_word

UTC_ZONE = ZoneInfo("UTC")
TOKYO = ZoneInfo("Asia/Tokyo")
EAST, WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 KB"),
        (1234, "1.2 KB"),
        (12_345, "12.3 KB"),
        (99_940, "99.9 KB"),
        (123_456, "123 KB"),
        (999_400, "999 KB"),
        (1_000_000, "1.0 MB"),
        (5 * 10**9, "5.0 GB"),
        (7 * 10**12, "7.0 TB"),
        (8 * 10**15, "8.0 PB"),
        (123 * 10**18, "123000 PB"),
    ],
)
def test_a_size_is_written_by_its_unit(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(("size", "text"), [(999_960, "1.0 MB"), (999_999_999, "1.0 GB")])
def test_a_size_is_never_rounded_to_a_thousand_of_its_unit(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("time", "zone", "expected"),
    [
        (datetime(2025, 4, 9, 14, 59, 56, tzinfo=UTC), UTC_ZONE, ("2025-04-09T14:59:56Z", "2025-04-09 14:59:56 UTC")),
        (
            datetime(2025, 4, 9, 14, 59, 56, 999_999, UTC),
            TOKYO,
            ("2025-04-09T14:59:56Z", "2025-04-09 23:59:56 JST"),
        ),
        (datetime(2025, 4, 9, 14, 59, 56), UTC_ZONE, ("2025-04-09T14:59:56Z", "2025-04-09 14:59:56 UTC")),  # noqa: DTZ001 # a record may hold times without offset
        (
            datetime(2025, 4, 9, 2, 0, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            UTC_ZONE,
            ("2025-04-08T20:30:00Z", "2025-04-08 20:30:00 UTC"),
        ),
    ],
)
def test_a_moment_is_written_to_the_second(time: datetime, zone: ZoneInfo, expected: tuple[str, str]) -> None:
    assert moment(time, zone) == Moment(*expected)


def test_without_a_time_there_is_no_moment() -> None:
    assert moment(None, UTC_ZONE) is None


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Anchorage", "Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize("offset", [None, UTC, EAST, WEST])
@pytest.mark.parametrize("digits", [(1, 1, 1, 0, 0, 0), (9999, 12, 31, 23, 59, 59, 999_999), (1969, 12, 31, 23, 59)])
def test_the_ends_of_the_calendar_are_written(digits: tuple[int, ...], offset: timezone | None, zone: str) -> None:
    written = moment(datetime(*digits, tzinfo=offset), ZoneInfo(zone))  # type: ignore[misc, arg-type] # year to microsecond
    assert written is not None
    # Programs read it back: a browser shows it in its own zone.
    assert abs(datetime.fromisoformat(written.iso).year - digits[0]) <= 1
    assert "." not in written.iso + written.text


@pytest.mark.parametrize(
    ("status", "words"), [("succeeded", "succeeded"), ("timed-out", "timed out"), ("running", "running")]
)
def test_a_status_is_a_class_and_words(status: str, words: str) -> None:
    assert status_word(status) == StatusWord(status, words)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (12_345, "12,345 steps"), (10**9, "1,000,000,000 steps")],
)
def test_a_count_agrees_with_its_thing(count: int, text: str) -> None:
    assert count_text(count, "step") == text


def test_a_count_may_have_a_plural_of_its_own() -> None:
    assert [count_text(count, "step has", "steps have") for count in (1, 2)] == ["1 step has", "2 steps have"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", "(unnamed)"),
        ("plain", "plain"),
        ("a\nb\tc", "a␊b␉c"),
        ("\u202eevil", "⟨U+202E⟩evil"),
        ("\x00", "␀"),
        ("<b>", "<b>"),
    ],
)
def test_a_name_hides_nothing(name: str, shown: str) -> None:
    assert shown_name(name) == shown
