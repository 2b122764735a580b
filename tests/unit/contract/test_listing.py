from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from producer.contract import jsontext
from producer.contract.errors import RunfolioError
from producer.contract.listing import StartedObject, read_started, summary_of_record, summary_of_started
from producer.contract.redaction.redactor import Redactor
from producer.contract.shown import ShownRecord
from tests.fakes import MemoryObjects
from tests.unit.contract.test_records import AT, small, write


def started(**execution: Any) -> StartedObject:
    return StartedObject(AT, {"workflow": {"id": "wf", "name": "bot"}, "execution": {"id": "e1", **execution}})


def test_a_record_is_summed_up() -> None:
    record = write(MemoryObjects(), small(), triggered_by={"user": "ada"}, input="a  question\n" * 100).record
    summary = summary_of_record(ShownRecord(record, Redactor()))
    assert (summary.workflow_id, summary.workflow_name) == ("wf", "virtual assistant")
    assert (summary.execution_id, summary.status, summary.step_count) == ("e1", "succeeded", 3)
    assert summary.started_at == datetime(2025, 4, 9, 14, 59, 56, tzinfo=UTC)
    assert summary.triggered_by == '{"user":"ada"}'
    assert summary.input_preview is not None
    assert len(summary.input_preview) == 200
    assert summary.input_preview.startswith("a question a question")
    assert summary.digest == record.stored.digest
    assert summary.accepted_at == summary.listed_at == int(AT.timestamp() * 1000)


def test_a_running_execution_is_listed_by_its_start() -> None:
    summary = summary_of_started(started(started_at="2025-04-09T14:59:56"), Redactor())
    assert (summary.status, summary.digest, summary.step_count) == ("running", None, None)
    assert summary.started_at == datetime(2025, 4, 9, 14, 59, 56, tzinfo=UTC)
    assert summary.listed_at == int(summary.started_at.timestamp() * 1000)


def test_without_a_start_the_moment_it_was_accepted_counts() -> None:
    assert summary_of_started(started(status="queued"), Redactor()).listed_at == int(AT.timestamp() * 1000)


def test_times_at_the_edge_of_the_calendar_can_be_listed() -> None:
    assert summary_of_started(started(started_at="0001-01-01T00:00:00+09:00"), Redactor()).listed_at == 0
    assert summary_of_started(started(started_at="9999-12-31T23:59:59-09:00"), Redactor()).listed_at > 0


def test_a_started_event_survives_storage() -> None:
    stored = started(input={"deep": [1]}, **{"x-extra": True})
    assert read_started(jsontext.encode(stored)) == stored


@pytest.mark.parametrize("data", [b"", b"{}", b'{"accepted_at": 1, "data": {}}'])
def test_a_damaged_one_is_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(RunfolioError, match="cannot be read"):
        read_started(data)
