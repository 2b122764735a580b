from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from producer.contract import jsontext
from producer.contract.errors import Gone, StorageUnavailable
from producer.contract.export import Export, State
from producer.events import STARTED, Event
from tests.house import House, TestSender, record_of, step
from worker.retention import Retention

DAY = 24 * 3600
RECORD = record_of([step("fetch")])
LARGE = record_of([step("fetch", output="x" * 30_000) for _ in range(6)], execution="large")


@pytest.fixture
def house() -> House:
    return House()


def made(house: House, record: dict[str, Any] = RECORD) -> Export:
    (export,) = house.send(record)
    house.settle_down()
    return export


def keep(house: House, **ttl: timedelta | None) -> None:
    """Let a pass over everything come to its end."""
    retention: Retention = house.worker.sweeper(**ttl).retention  # type: ignore[arg-type] # names and values are of one kind
    retention.work(10)


def status(house: House, export: Export) -> State:
    settled = house.gateway.outbox.settled(export.id)
    assert settled is not None
    return settled.facts.status


def test_a_link_expires_and_its_archive_stays_for_a_while(house: House) -> None:
    export = made(house)
    house.clock.advance(7 * DAY - 1)
    keep(house)
    assert status(house, export) is State.READY
    house.clock.advance(1)
    keep(house)
    assert status(house, export) is State.EXPIRED
    assert house.broker.published[-1].status is State.EXPIRED
    assert len(house.archives()) == 1
    house.clock.advance(23 * DAY)
    keep(house)
    assert len(house.archives()) == 1
    house.clock.advance(1)
    keep(house)
    assert house.archives() == []
    assert status(house, export) is State.EXPIRED
    assert len(house.broker.published) == 2, "it is told once"


def test_an_archive_that_is_kept_shorter_than_its_link_ends_the_link(house: House) -> None:
    export = made(house)
    house.clock.advance(2 * DAY)
    keep(house, archive_ttl=timedelta(days=1))
    assert (status(house, export), house.archives()) == (State.EXPIRED, [])
    with pytest.raises(Gone):
        house.gateway.links.follow(export.download_url.rpartition("/")[2])


def test_without_a_limit_archives_stay(house: House) -> None:
    made(house)
    house.clock.advance(1_000 * DAY)
    keep(house, archive_ttl=None)
    assert len(house.archives()) == 1


@pytest.mark.parametrize("record", [RECORD, LARGE], ids=["small", "large"])
def test_records_end_and_take_everything_with_them(house: House, record: dict[str, Any]) -> None:
    export = made(house, record)
    house.clock.advance(2 * DAY)
    keep(house, record_ttl=timedelta(days=3))
    assert any(house.objects.list("executions/"))
    house.clock.advance(1 * DAY + 1)
    keep(house, record_ttl=timedelta(days=3))
    assert not any(house.objects.list("executions/"))
    assert house.board.executions.page("wf").items == []
    assert status(house, export) is State.READY, "an archive outlives its record"


def test_without_a_limit_records_stay(house: House) -> None:
    made(house)
    house.clock.advance(5_000 * DAY)
    keep(house)
    assert any(house.objects.list("executions/"))


@pytest.mark.parametrize("record", [RECORD, LARGE], ids=["small", "large"])
def test_a_record_that_an_accepted_export_needs_stays(house: House, record: dict[str, Any]) -> None:
    (export,) = house.send(record)
    house.send(record_of([step()], execution="not needed"), export=[])
    house.clock.advance(9 * DAY)
    keep(house, record_ttl=timedelta(days=1))
    folders = {found.key.split("/")[2] for found in house.objects.list("executions/")}
    assert folders == {record["execution"]["id"]}
    house.settle_down()
    assert status(house, export) is State.READY
    keep(house, record_ttl=timedelta(days=1))
    assert not any(house.objects.list("executions/"))


def test_a_newer_revision_stays_listed(house: House) -> None:
    made(house)
    house.clock.advance(2 * DAY)
    changed = record_of([step("fetch"), step("more")])
    house.send(changed, export=[])
    house.clock.advance(2 * DAY)
    keep(house, record_ttl=timedelta(days=3))
    (listed,) = house.board.executions.page("wf").items
    assert listed.step_count == 2
    assert house.gateway.executions.record("wf", "e1").stored.step_count == 2


def test_what_was_started_long_ago_is_not_kept_for_ever(house: House) -> None:
    started = jsontext.encode({"workflow": {"id": "wf"}, "execution": {"id": "e1", "input": "private"}})
    house.gateway.intake.event(Event(STARTED, "1", None, started), TestSender())
    runs = started.replace(b'"e1"', b'"runs"')
    house.gateway.intake.event(Event(STARTED, "1", None, runs), TestSender())
    made(house)
    house.clock.advance(3 * DAY)
    keep(house, record_ttl=timedelta(days=1))
    assert not any(house.objects.list("executions/"))
    assert house.board.executions.page("wf").items == []


def test_archives_of_lost_attempts_are_swept(house: House) -> None:
    export = made(house)
    (good,) = house.archives()
    house.objects.put(f"exports/{export.id}/{'f' * 32}/lost.zip", b"x")
    house.objects.put(f"exports/{'0' * 32}/{'f' * 32}/orphan.zip", b"x")
    house.objects.put(f"exports/{export.id}/deliveries.json", b"[]")
    keep(house)
    assert house.archives() == [good]
    assert f"exports/{export.id}/deliveries.json" in house.stored()


def test_an_archive_under_way_is_not_swept(house: House) -> None:
    (export,) = house.send(RECORD)
    pending = house.gateway.outbox.pending(export.id, 0)
    assert pending is not None
    house.objects.put(pending.archive_key, b"not announced yet")
    keep(house)
    assert house.archives() == [pending.archive_key]


def test_the_board_is_brought_to_what_storage_says(house: House) -> None:
    export = made(house)
    house.broker.down = True
    house.gateway.exports.revoke(export.id, "somebody")
    house.broker.down = False
    assert house.gateway.exports.find(export.id).status is State.DELETED
    assert [one.status for one in house.board.exports.page().items] == [State.READY]
    keep(house)
    assert [one.status for one in house.board.exports.page().items] == [State.DELETED]


def test_damaged_objects_do_not_hinder(house: House) -> None:
    made(house)
    house.objects.put(f"executions/w0/broken/{'0' * 64}.json", b"{")
    house.objects.put(f"exports/{'0' * 32}/export.json", b"{")
    house.clock.advance(60 * DAY)
    keep(house, record_ttl=timedelta(days=1))
    assert house.archives() == []
    assert [key for key in house.stored() if key.startswith("executions/wf/")] == []


def test_a_pass_that_fails_begins_anew_and_one_that_ended_waits(house: House) -> None:
    export = made(house)
    house.clock.advance(8 * DAY)
    retention = house.worker.sweeper().retention
    house.objects.down = True
    with pytest.raises(StorageUnavailable):
        retention.work(10)
    house.objects.down = False
    retention.work(10)
    assert status(house, export) is State.EXPIRED
    house.objects.down = True
    retention.work(10)
    house.clock.advance(301)
    with pytest.raises(StorageUnavailable):
        retention.work(10)


def test_the_audit_log_is_kept_for_its_time(house: House) -> None:
    for _ in range(3):
        house.request(RECORD) if house.pending() else house.send(RECORD)
        house.gateway.audit.flush()
        house.clock.advance(DAY)
    house.objects.put("audit/notes.txt", b"not of the log")
    keep(house)
    assert len(house.audited()) == 3

    house.clock.advance(59)  # A batch holds entries of up to a minute later than its name.
    keep(house, audit_ttl=timedelta(days=2))
    assert len(house.audited()) == 2
    house.clock.advance(2)
    keep(house, audit_ttl=timedelta(days=2))
    assert len(house.audited()) == 1
    keep(house, audit_ttl=timedelta(days=1_000_000))
    assert len(house.audited()) == 1
    keep(house, audit_ttl=timedelta(days=1))
    assert house.audited() == []
    assert "audit/notes.txt" in house.stored()
