from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from producer.contract import keys
from producer.contract.errors import RunfolioError, StorageUnavailable
from producer.contract.export import Archive, ExecutionRef, Facts, Options, Pending, RenderProfile, State, WorkflowRef
from producer.contract.outbox import Outbox, Settled, Waiting
from tests.fakes import MemoryObjects

AT = datetime(2025, 4, 9, tzinfo=UTC)
EXPORT = "ab" * 16


def pending(generation: int = 0, **changes: Any) -> Pending:
    fields: dict[str, Any] = {
        "id": EXPORT,
        "generation": generation,
        "nonce": f"{generation:032x}",
        "workflow": WorkflowRef("wf", "virtual assistant"),
        "execution": ExecutionRef("e1", "succeeded"),
        "digest": "0" * 64,
        "options": Options(),
        "profile": RenderProfile(),
        "archive_name": "a.zip",
        "step_count": 3,
        "download_url": f"https://runfolio.example/d/{generation}",
        "created_at": AT,
        "requested_by": "somebody",
    }
    return Pending(**{**fields, **changes})


def facts(generation: int = 0, status: State = State.FAILED) -> Facts:
    return pending(generation).settle(status, AT)


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects(lambda: AT)


@pytest.fixture
def outbox(objects: MemoryObjects) -> Outbox:
    return Outbox(objects)


def test_an_entry_is_accepted_once(outbox: Outbox) -> None:
    assert outbox.accept(pending())
    assert not outbox.accept(pending(requested_by="another"))
    assert outbox.pending(EXPORT, 0) == pending()
    assert outbox.current(EXPORT) == pending()


def test_generations_have_entries_of_their_own(outbox: Outbox) -> None:
    assert outbox.accept(pending(0))
    assert outbox.accept(pending(1))
    outbox.forget_pending(pending(0))
    assert outbox.pending(EXPORT, 0) is None
    assert list(outbox.all_pending()) == [Waiting(EXPORT, 1, AT)]


def test_nothing_is_known_of_an_export_that_was_never_asked_for(outbox: Outbox) -> None:
    assert outbox.current(EXPORT) is None
    assert outbox.settled(EXPORT) is None


def test_facts_count_over_the_entry_of_their_own_generation(outbox: Outbox) -> None:
    outbox.accept(pending(0))
    assert outbox.settle(facts(0), None)
    current = outbox.current(EXPORT)
    assert isinstance(current, Settled)
    assert current.facts == facts(0)


def test_a_newer_entry_counts_over_older_facts(outbox: Outbox) -> None:
    outbox.settle(facts(0), None)
    outbox.accept(pending(1))
    assert outbox.current(EXPORT) == pending(1)


def test_facts_are_written_only_over_what_was_read(outbox: Outbox) -> None:
    assert outbox.settle(facts(0), None)
    assert not outbox.settle(facts(0, State.READY), None)
    first = outbox.settled(EXPORT)
    assert outbox.settle(facts(0, State.DELETED), first)
    assert not outbox.settle(facts(0, State.EXPIRED), first)
    second = outbox.settled(EXPORT)
    assert second is not None
    assert second.facts.status is State.DELETED


def test_an_export_that_settles_between_two_reads_is_seen(objects: MemoryObjects, outbox: Outbox) -> None:
    outbox.accept(pending())
    get = objects.get

    def settling(key: str) -> Any:
        if key == keys.pending(EXPORT, 0):
            outbox.settle(facts(), None)
            outbox.forget_pending(pending())
        return get(key)

    objects.get = settling  # type: ignore[method-assign] # somebody else settles while this reads
    current = outbox.current(EXPORT)
    assert isinstance(current, Settled)


def test_a_generation_is_concluded_once(outbox: Outbox) -> None:
    ready, deleted = facts(0, State.READY), facts(0, State.DELETED)
    assert outbox.conclude(ready, None) == ready
    assert outbox.conclude(deleted, None) == ready
    assert outbox.conclude(deleted, outbox.settled(EXPORT)) == ready


def test_facts_of_an_older_generation_do_not_stand_in_the_way_though_they_change(outbox: Outbox) -> None:
    outbox.settle(facts(0, State.READY), None)
    seen = outbox.settled(EXPORT)
    outbox.settle(facts(0, State.EXPIRED), seen)
    assert outbox.conclude(facts(1, State.READY), seen) == facts(1, State.READY)


def test_an_older_generation_is_not_concluded_over_a_newer_one(outbox: Outbox) -> None:
    outbox.settle(facts(1, State.READY), None)
    assert outbox.conclude(facts(0), None) == facts(1, State.READY)


def test_all_facts_are_found_among_archives_and_logs(objects: MemoryObjects, outbox: Outbox) -> None:
    outbox.settle(facts(), None)
    objects.put(pending().archive_key, b"zip")
    objects.put(f"exports/{EXPORT}/deliveries.json", b"[]")
    assert [one.facts for one in outbox.all_facts()] == [facts()]


def test_damaged_facts_do_not_hide_the_others(objects: MemoryObjects, outbox: Outbox) -> None:
    outbox.settle(facts(), None)
    objects.put(keys.facts("00" * 16), b"{}")
    objects.put(keys.facts("ff" * 16), b"\xff")
    assert [one.facts for one in outbox.all_facts()] == [facts()]


def test_a_damaged_entry_is_an_error_of_ours(objects: MemoryObjects, outbox: Outbox) -> None:
    objects.put(keys.pending(EXPORT, 0), b"{")
    with pytest.raises(RunfolioError, match="Pending cannot be read"):
        outbox.pending(EXPORT, 0)


def test_a_store_that_is_away_is_not_taken_for_an_empty_one(objects: MemoryObjects, outbox: Outbox) -> None:
    outbox.settle(facts(), None)
    found = outbox.all_facts()
    objects.down = True
    with pytest.raises(StorageUnavailable):
        next(found)
    with pytest.raises(StorageUnavailable):
        outbox.current(EXPORT)


def test_an_entry_may_hold_its_record(outbox: Outbox) -> None:
    record = '{"digest": "d", "n": [1, null]}'
    assert outbox.accept(pending(), record)
    assert outbox.accept(pending(1))
    assert outbox.pending(pending().id, 0) == pending()
    assert outbox.record_of(pending()) == record.encode()
    assert outbox.record_of(pending(1)) is None
    outbox.forget_pending(pending())
    assert outbox.record_of(pending()) is None


def seal(outbox: Outbox, made: Facts) -> Facts | None:
    return outbox.seal(made, b"zip", content_type="application/zip", content_disposition="attachment")


def ready(generation: int = 0, at: datetime = AT) -> Facts:
    archive = Archive("a.zip", 3, "5" * 64, 1)
    return pending(generation).settle(State.READY, at, archive=archive, expires_at=at + timedelta(days=7))


def test_a_sealed_archive_settles_its_export(objects: MemoryObjects, outbox: Outbox) -> None:
    outbox.accept(pending())
    assert outbox.sealed(pending()) is None
    assert seal(outbox, ready()) == ready()
    assert outbox.settled(EXPORT) is None, "nobody has written it down yet"
    assert outbox.current(EXPORT) == Settled(ready(), None)
    assert objects.get(pending().archive_key).data == b"zip"
    assert objects.headers(pending().archive_key) == ("application/zip", "attachment")
    assert outbox.conclude(ready(), None) == ready()
    outbox.forget_pending(pending())
    current = outbox.current(EXPORT)
    assert isinstance(current, Settled)
    assert (current.facts, current.etag is not None) == (ready(), True)


def test_of_two_attempts_the_first_one_s_facts_count(objects: MemoryObjects, outbox: Outbox) -> None:
    assert seal(outbox, ready()) == ready()
    assert seal(outbox, ready(at=AT + timedelta(minutes=1))) == ready()
    assert objects.get(pending().archive_key).data == b"zip"


def test_an_archive_without_a_seal_settles_nothing(objects: MemoryObjects, outbox: Outbox) -> None:
    outbox.accept(pending())
    objects.put(pending().archive_key, b"old")
    assert seal(outbox, ready()) is None
    assert outbox.current(EXPORT) == pending()
    assert objects.get(pending().archive_key).data == b"old"


def test_a_seal_of_a_later_generation_is_written_over_the_facts_before(outbox: Outbox) -> None:
    outbox.settle(facts(0), None)
    outbox.accept(pending(1))
    before = outbox.settled(EXPORT)
    assert before is not None
    seal(outbox, ready(1))
    current = outbox.current(EXPORT)
    assert current == Settled(ready(1), before.etag)
    assert outbox.settle(ready(1), current)
    assert outbox.current(EXPORT) == outbox.settled(EXPORT)


def test_what_is_written_over_a_seal_counts(outbox: Outbox) -> None:
    outbox.accept(pending())
    seal(outbox, ready())
    current = outbox.current(EXPORT)
    assert isinstance(current, Settled)
    deleted = pending().settle(State.DELETED, AT)
    assert outbox.settle(deleted, current)
    for counting in (outbox.current(EXPORT), outbox.beyond(None, EXPORT)):
        assert isinstance(counting, Settled)
        assert counting.facts == deleted, "also where it came between the reads"
    assert outbox.conclude(ready(), None) == deleted
