from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract.board.positions import (
    LATEST,
    Listing,
    clamped,
    milliseconds,
    name_of,
    read_cursor,
    time_of,
    write_cursor,
)
from producer.contract.errors import InvalidOptions

members = st.binary(min_size=7, max_size=60)


@given(st.sampled_from(Listing), members)
def test_a_cursor_leads_back_to_its_place(listing: Listing, member: bytes) -> None:
    cursor = write_cursor(listing, member)

    assert cursor is not None
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?#% ")
    assert read_cursor(listing, cursor) == member


@pytest.mark.parametrize(
    "text", ["", "====", "A", "eA", "\ud83d", "\0", "a b", "ZQ", "ZQAAAAAA", "ZQAAAAAAAAA*", "ZQAAAAAAAAAé", "?" * 99]
)
def test_nothing_else_is_a_cursor(text: str) -> None:
    with pytest.raises(InvalidOptions) as refused:
        read_cursor(Listing.EXPORTS, text)

    assert refused.value.field == "cursor"
    assert refused.value.remedy is not None


@given(members)
def test_a_cursor_of_another_listing_is_refused(member: bytes) -> None:
    cursor = write_cursor(Listing.WORKFLOWS, member)

    with pytest.raises(InvalidOptions):
        read_cursor(Listing.EXECUTIONS, cursor)


def test_the_ends_of_a_listing_need_no_cursor() -> None:
    assert read_cursor(Listing.EXPORTS, None) is None
    assert write_cursor(Listing.EXPORTS, None) is None


@given(st.integers(0, LATEST), st.binary(max_size=40))
def test_a_member_tells_its_time_and_whom_it_names(time: int, name: bytes) -> None:
    member = (LATEST - time).to_bytes(6, "big") + name

    assert (time_of(member), name_of(member)) == (time, name)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1969, 12, 31, 23, tzinfo=UTC), 0),
        (datetime(1970, 1, 1, 0, 0, 1, 999_999), 1_999),  # noqa: DTZ001 # a record may hold a time without an offset
        (datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), 0),
        (datetime(2025, 4, 9, 14, 59, 56, 123_456, tzinfo=UTC), 1_744_210_796_123),
        (datetime.max.replace(tzinfo=UTC), 253_402_300_799_999),
    ],
)
def test_times_are_whole_milliseconds_in_utc(moment: datetime, expected: int) -> None:
    assert milliseconds(moment) == expected
    assert clamped(expected) == expected


def test_times_outside_a_listing_go_to_its_ends() -> None:
    assert clamped(-5) == 0
    assert clamped(LATEST + 5) == LATEST
