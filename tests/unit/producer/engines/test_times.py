from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract import record
from producer.engines import times


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("2026-11-23T16:56:13Z", "2026-11-23T16:56:13Z"),
        ("2026-11-23T16:56:13.713Z", "2026-11-23T16:56:13.713Z"),
        ("2026-11-23T16:56:13.713123", "2026-11-23T16:56:13.713123Z"),
        ("2026-11-23T16:56:13.123456789Z", "2026-11-23T16:56:13.123456789Z"),
        ("2026-11-23T16:56:13.123456789012Z", "2026-11-23T16:56:13.123456789Z"),
        ("2026-11-23t16:56:13z", "2026-11-23T16:56:13Z"),
        ("2026-11-23T16:56:13+10:00", "2026-11-23T16:56:13+10:00"),
        ("2026-11-23T16:56:13-0330", "2026-11-23T16:56:13-03:30"),
        ("2026-11-23T16:56:13+02", "2026-11-23T16:56:13+02:00"),
        ("2026-11-23 16:45:35.642487+00:00", "2026-11-23T16:45:35.642487+00:00"),
        ("2016-08-12 15:23:28 UTC", "2016-08-12T15:23:28Z"),
        ("2016-08-12 15:23:28 +0200", "2016-08-12T15:23:28+02:00"),
        (" 2016-08-12 15:23:28 ", "2016-08-12T15:23:28Z"),
        (1795452973155, "2026-11-23T16:56:13.155Z"),
        ("1795452973155", "2026-11-23T16:56:13.155Z"),
        (1795452973, "2026-11-23T16:56:13.000Z"),
        (1795452973.25, "2026-11-23T16:56:13.250Z"),
        (1795452973.250125, "2026-11-23T16:56:13.250125Z"),
        ("1795452973.25", "2026-11-23T16:56:13.250Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.000Z"),
    ],
)
def test_every_form_becomes_rfc_3339(value: Any, written: str) -> None:
    assert times.rfc3339(value) == written
    step = record.read_step({"name": "", "status": "succeeded", "started_at": written}, 0).step
    assert step.started_at is not None
    assert abs((times.instant(written) - step.started_at).total_seconds()) < 0.000_002


@pytest.mark.parametrize("value", [None, "", "0001-01-01T00:00:00Z", "0001-01-01 00:00:00 UTC"])
def test_no_time(value: Any) -> None:
    assert times.rfc3339(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "2026-11-23",
        "16:56:13",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-23T24:00:01Z",
        "2026-11-23T16:56:60Z",
        "9999-12-31T23:59:59-10:00",
        "2026-11-23T16:56:13+99:00",
        "٢٠٢٦-11-23T16:56:13Z",
        "9" * 30,
        "9" * 20,
        10**400,
        -(10**18),
        float("nan"),
        float("inf"),
        1e300,
        True,
        [],
        {},
        b"2026-11-23T16:56:13Z",
    ],
)
def test_what_is_no_time_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"is not a time|is no moment"):
        times.rfc3339(value)


@settings(max_examples=150)
@given(st.datetimes(min_value=datetime(1974, 1, 1), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001 # the strategy wants naive bounds
def test_milliseconds_and_text_tell_the_same_moment(moment: datetime) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    text = times.rfc3339(round(moment.timestamp() * 1000))
    assert text is not None
    assert times.instant(text) == moment
    again = times.rfc3339(moment.isoformat(" "))
    assert again is not None
    assert times.instant(again) == moment
