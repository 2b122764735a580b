from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from producer import audit_pages
from producer.audit_pages import audit_page
from producer.contract.audit import LINK, Action, AuditEntry, batch_of
from producer.contract.board import Page
from producer.contract.errors import InvalidOptions
from tests.fakes import MemoryObjects

AT = datetime(2026, 11, 24, 23, 59, 0, tzinfo=UTC)


def entry(seconds: float) -> AuditEntry:
    return AuditEntry(AT + timedelta(seconds=seconds), Action.DOWNLOADED, LINK, f"at-{seconds:g}", "wf", "e1")


@pytest.fixture
def objects() -> MemoryObjects:
    """Batches of two gateways that overlap, around midnight: entries at 0, 1, … 199 seconds."""
    made = MemoryObjects()
    for gateway in (0, 1):
        for first in range(gateway, 200, 40):
            batch = batch_of([entry(second) for second in range(first, first + 40, 2)])
            made.put(batch.key, batch.data)
    return made


def read(
    objects: MemoryObjects,
    limit: int = 200,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[str]:
    found: list[str] = []
    cursor = None
    for _ in range(1_000):
        page: Page[AuditEntry] = audit_page(objects, since=since, until=until, cursor=cursor, limit=limit)
        assert len(page.items) <= limit
        found += [one.export_id for one in page.items]
        cursor = page.next
        if cursor is None:
            return found
    raise AssertionError("The pages never end.")


def expected(begin: int, end: int) -> list[str]:
    return sorted(f"at-{second}" for second in range(begin, end))


@pytest.mark.parametrize("limit", [1, 2, 7, 20, 199, 200])
def test_every_entry_is_on_one_page(objects: MemoryObjects, limit: int) -> None:
    found = read(objects, limit)

    assert sorted(found) == expected(0, 200)
    assert found == read(objects, 200)


@pytest.mark.parametrize("limit", [1, 3, 200])
@pytest.mark.parametrize(("begin", "end"), [(0, 200), (17, 18), (59, 61), (100, 150), (0, 1), (199, 200), (150, 150)])
def test_a_time_holds_all_of_its_entries_and_no_others(
    objects: MemoryObjects, begin: int, end: int, limit: int
) -> None:
    since, until = AT + timedelta(seconds=begin), AT + timedelta(seconds=end)

    assert sorted(read(objects, limit, since, until)) == expected(begin, end)


def test_a_time_without_an_offset_is_utc(objects: MemoryObjects) -> None:
    since = (AT + timedelta(seconds=190)).replace(tzinfo=None)

    assert sorted(read(objects, since=since)) == expected(190, 200)


def test_a_page_opens_so_many_batches_and_no_more(objects: MemoryObjects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_pages, "MOST_BATCHES", 3)
    page = audit_page(objects, since=None, until=None, cursor=None, limit=200)

    assert len(page.items) == 60
    assert page.next is not None
    assert sorted(read(objects, 200)) == expected(0, 200)


def test_other_objects_and_batches_that_ended_are_passed_over(objects: MemoryObjects) -> None:
    objects.put("audit/2026-11-24/readme.txt", b"not a batch")
    first = audit_page(objects, since=None, until=None, cursor=None, limit=5)
    batches = [one.key for one in objects.list("audit/") if one.key.endswith(".ndjson")]
    objects.delete(batches[:1])

    second = audit_page(objects, since=None, until=None, cursor=first.next, limit=200)

    assert len(second.items) == 180


@pytest.mark.parametrize("cursor", ["", "x", "YXh4eHh4eHh4eHh4", "YQAAAAD_____"])
def test_another_cursor_is_refused(objects: MemoryObjects, cursor: str) -> None:
    with pytest.raises(InvalidOptions) as refused:
        audit_page(objects, since=None, until=None, cursor=cursor, limit=5)
    assert refused.value.field == "cursor"
