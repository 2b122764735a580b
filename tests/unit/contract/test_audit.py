from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta, timezone

import pytest

from producer.contract import jsontext, keys
from producer.contract.audit import (
    BATCH_SPAN,
    LINK,
    Action,
    AuditEntry,
    Via,
    batch_of,
    fits,
    read_batch,
    tally_of,
)

AT = datetime(2026, 11, 24, 10, 15, 2, 123456, tzinfo=UTC)


def entry(
    action: Action = Action.DOWNLOADED, who: str = LINK, export_id: str = "x1", via: Via | None = None
) -> AuditEntry:
    return AuditEntry(AT, action, who, export_id, "wf", "e1", via)


def test_a_batch_is_a_line_an_entry_and_reads_back() -> None:
    entries = [entry(Action.REQUESTED, "a\nb", via=Via.EVENT), entry(), entry(Action.REVOKED, "\u2028")]

    batch = batch_of(entries)

    lines = batch.data.splitlines()
    assert jsontext.decode(lines[0]) == {
        "at": "2026-11-24T10:15:02.123456Z",
        "action": "export.requested",
        "who": "a\nb",
        "export_id": "x1",
        "workflow_id": "wf",
        "execution_id": "e1",
        "via": "event",
    }
    assert "via" not in jsontext.decode(lines[1])
    assert read_batch(batch.key, batch.data) == entries
    assert batch.size == len(lines) == 3


def test_batches_of_the_same_moment_have_names_of_their_own() -> None:
    names = {batch_of([entry()]).key for _ in range(1_000)}

    assert len(names) == 1_000
    assert {keys.audit_moment(name) for name in names} == {AT}


def test_lines_that_cannot_be_read_are_passed_over_and_told(caplog: pytest.LogCaptureFixture) -> None:
    good = batch_of([entry()]).data
    later = good.replace(b"export.downloaded", b"export.embroidered")

    with caplog.at_level(logging.WARNING):
        found = read_batch("key", good + later + b"{\n\xff\n" + good)

    assert found == [entry(), entry()]
    assert [record.__dict__["line"] for record in caplog.records] == [2, 3, 4]


def test_a_tally_tells_who_asked_first_and_counts_downloads() -> None:
    entries = [
        entry(Action.REQUESTED, "engine", "x1", Via.EVENT),
        entry(Action.REQUESTED, "ann", "x2", Via.REQUEST),
        entry(Action.REQUESTED, "bob", "x1", Via.RETRY),
        entry(Action.REUSED, "bob", "x2"),
        *[entry(export_id="x2")] * 3,
        entry(export_id="x1"),
        entry(Action.REVOKED, "bob", "x1"),
    ]

    assert tally_of(entries) == ({"x1": "engine", "x2": "ann"}, {"x2": 3, "x1": 1})


@pytest.mark.parametrize(
    ("later", "allowed"),
    [
        (timedelta(0), True),
        (BATCH_SPAN, True),
        (BATCH_SPAN + timedelta(microseconds=1), False),
        (-timedelta(microseconds=1), False),
    ],
)
def test_the_entries_of_a_batch_lie_within_its_span(later: timedelta, allowed: bool) -> None:
    first = entry()
    second = AuditEntry(AT + later, Action.DOWNLOADED, LINK, "x1", "wf", "e1")

    assert fits(second, first) is allowed


def test_names_sort_by_time_and_a_place_lies_before_its_moment() -> None:
    moments = [AT + timedelta(microseconds=10**power) for power in range(15)]
    names = [keys.audit(moment, "0" * 16) for moment in moments]

    assert names == sorted(names)
    assert [keys.audit_moment(name) for name in names] == moments
    for moment, name in zip(moments, names, strict=True):
        assert keys.audit_place(moment) < name < keys.audit_place(moment + timedelta(microseconds=1))


def test_times_of_other_zones_are_named_in_utc() -> None:
    moment = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))

    assert keys.audit(moment, "ab" * 8) == "audit/2025-12-31/223000.000000-abababababababab.ndjson"
    assert keys.audit_place(datetime(33, 1, 1, tzinfo=UTC)) == "audit/0033-01-01/000000.000000"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "audit/",
        "audit/2026-11-24/101502.123456-0123456789abcdef.json",
        "audit/2026-11-24/101502.123456-0123456789abcdeF.ndjson",
        "audit/2026-11-24/101502.123456-0123456789abcdef.ndjson\n",
        "audit/2026-13-24/101502.123456-0123456789abcdef.ndjson",
        "audit/2026-11-24/991502.123456-0123456789abcdef.ndjson",
        "audit/٢٠٢٦-11-24/101502.123456-0123456789abcdef.ndjson",
        "other/2026-11-24/101502.123456-0123456789abcdef.ndjson",
    ],
)
def test_other_keys_are_none_of_a_batch(key: str) -> None:
    assert keys.audit_moment(key) is None
