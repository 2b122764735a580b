from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from producer.contract import jsontext
from producer.contract.board.entries import BoardEntry, read_entry
from producer.contract.board.queue_watch import read_enqueued_at
from producer.contract.export import ExecutionRef, Export, Options, Progress, State, WorkflowRef

EXPORT = Export(
    id="ab" * 16,
    status=State.QUEUED,
    workflow=WorkflowRef("n8n:1", "virtual\nassistant"),
    execution=ExecutionRef("4540c83c", "succeeded"),
    options=Options(),
    progress=Progress(0, 8),
    archive=None,
    download_url="https://example.org/d/token",
    expires_at=None,
    error=None,
    created_at=datetime(2025, 4, 9, tzinfo=UTC),
    ready_at=None,
)


def stored(head: str, export: Export = EXPORT) -> bytes:
    return head.encode() + b"\n" + jsontext.encode(export)


def test_state_and_progress_of_the_moment_go_into_the_export() -> None:
    entry = read_entry(stored("3 running 70 5"), b"72", b"4", b"9")

    running = msgspec.structs.replace(EXPORT, status=State.RUNNING, progress=Progress(4, 9))
    assert entry == BoardEntry(running, 3, 72)


def test_without_a_live_part_the_stored_form_counts() -> None:
    assert read_entry(stored("0 queued 70 5"), None, None, None) == BoardEntry(EXPORT, 0, 70)


def test_a_settled_export_keeps_its_own_progress() -> None:
    ready = msgspec.structs.replace(EXPORT, status=State.READY, progress=Progress(8, 8))

    assert read_entry(stored("1 ready 90 5", ready), b"89", b"4", b"8") == BoardEntry(ready, 1, 90)


@pytest.mark.parametrize(
    "broken",
    [
        None,
        b"",
        b"\n",
        b"0 queued 1 1",
        stored("0 queued 1"),
        stored("x queued 1 1"),
        stored("0 asleep 1 1"),
        b"\xff\n{}",
    ],
)
def test_anything_else_is_unknown(broken: bytes | None) -> None:
    assert read_entry(broken, None, None, None) is None


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b'{"body": "", "headers": {"enqueued_at": 1744210796123, "task": "x"}, "properties": {}}', 1_744_210_796_123),
        (b'{"headers": {"enqueued_at": "yesterday"}}', 0),
        (b'{"headers": {"enqueued_at": true}}', 0),
        (b'{"headers": {}}', 0),
        (b'{"headers": null}', 0),
        (b"{}", 0),
        (b"[]", 0),
        (b"\xff", 0),
        (b"", 0),
    ],
)
def test_a_message_without_a_time_may_be_as_old_as_anything(message: bytes, expected: int) -> None:
    assert read_enqueued_at(message) == expected
