from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract.board import ExecutionSummary, preview
from producer.contract.board.places import RANKS
from producer.contract.board.positions import LATEST
from producer.contract.board.summaries import (
    PREVIEW_CHARACTERS,
    rank_of,
    read_row,
    read_workflow,
    write_row,
    write_workflow,
)
from producer.contract.record import Status


def summary(**changes: Any) -> ExecutionSummary:
    plain = ExecutionSummary(
        workflow_id="n8n:1",
        workflow_name="virtual assistant",
        execution_id="4540c83c",
        status="succeeded",
        started_at=datetime(2025, 4, 9, 14, 59, 56, 123_456, tzinfo=UTC),
        finished_at=None,
        triggered_by=None,
        input_preview=None,
        accepted_at=5,
        listed_at=7,
        digest="0f" * 32,
        step_count=12,
    )
    return msgspec.structs.replace(plain, **changes)


def stored(one: ExecutionSummary) -> bytes:
    """Put rank and times before the row, as the script does."""
    fixed = struct.pack(">B", rank_of(one)) + one.accepted_at.to_bytes(6, "big") + one.listed_at.to_bytes(6, "big")
    return fixed + write_row(one)


texts = st.text(max_size=PREVIEW_CHARACTERS)
summaries = st.builds(
    summary,
    workflow_name=texts,
    execution_id=st.text(min_size=1, max_size=300),
    status=st.sampled_from(RANKS),
    started_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    finished_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    triggered_by=st.none() | texts,
    input_preview=st.none() | texts,
    accepted_at=st.integers(0, LATEST),
    listed_at=st.integers(0, LATEST),
    digest=st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex),
    step_count=st.none() | st.integers(0, 10**9),
)


@given(summaries)
def test_a_row_reads_back(one: ExecutionSummary) -> None:
    assert read_row("n8n:1", stored(one)) == one


@given(st.binary(max_size=60))
def test_what_is_no_row_is_nothing(data: bytes) -> None:
    assert read_row("n8n:1", data) is None or len(data) > 13
    assert read_workflow(data) is None or len(data) > 6


def test_a_torn_or_unknown_row_is_nothing() -> None:
    whole = stored(summary())

    for end in range(len(whole) - 1):
        assert read_row("n8n:1", whole[:end]) is None
    assert read_row("n8n:1", b"\xfe" + whole[1:]) is None
    assert read_row("n8n:1", None) is None
    assert read_workflow(None) is None


def test_a_workflow_reads_back() -> None:
    row = read_workflow(b"\0" * 6 + write_workflow(summary()))

    assert row is not None
    assert (row.id, row.name) == ("n8n:1", "virtual assistant")


def test_an_entry_is_bounded_whatever_it_is_made_of() -> None:
    huge = summary(workflow_name="n" * 10**6, triggered_by="t" * 10**6, input_preview="🦊" * 10**6, listed_at=-1)

    assert len(stored(huge)) < 2_000
    assert huge.input_preview == "🦊" * (PREVIEW_CHARACTERS - 1) + "…"
    assert huge.listed_at == 0


def test_every_status_has_its_rank_and_running_comes_first() -> None:
    assert RANKS[0] == "running"
    assert set(RANKS[1:]) == set(Status)
    # The ranks are stored: the order of those that there are must not change.
    assert RANKS[1:] == ("succeeded", "failed", "cancelled", "timed-out", "skipped", "interrupted")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", ""),
        ("  two\n\n lines\t", "two lines"),
        ({"b": [1, "é"], "a": None}, '{"b":[1,"é"],"a":null}'),
        (0, "0"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 199 + "…"),
    ],
)
def test_a_preview_is_one_short_line(value: Any, expected: str | None) -> None:
    assert preview(value) == expected
