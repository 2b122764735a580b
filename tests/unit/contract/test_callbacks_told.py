from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from producer.contract import jsontext, keys
from producer.contract.callbacks import (
    Callback,
    CallbackEntry,
    Standing,
    callback_id,
    callbacks_of,
    end,
    entries,
    put_back,
    read,
    register,
    shown,
)
from producer.contract.errors import StorageUnavailable
from tests.fakes import MemoryObjects

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
EXPORT = "0123456789abcdef0123456789abcdef"
URL = "https://example.com:8443/T0/hunter2?token=hunter2"


def tried(entry: CallbackEntry, **changes: object) -> CallbackEntry:
    return entry.replace(attempts=3, next_attempt_at=LATER, last_outcome="The receiver answered 500.", **changes)


def store(objects: MemoryObjects, entry: CallbackEntry) -> CallbackEntry:
    objects.put(entry.key, jsontext.encode(entry))
    return entry


def standing(objects: MemoryObjects) -> list[Callback]:
    return [shown(one) for one in callbacks_of(objects, EXPORT).values()]


def test_an_entry_that_came_to_its_end_keeps_its_address_elsewhere() -> None:
    objects = MemoryObjects()
    entry = register(objects, EXPORT, 0, URL, NOW)
    end(objects, tried(entry), Standing.DELIVERED, LATER)
    assert objects.keys() == (f"receivers/{EXPORT}/{callback_id(URL)}.json",)
    assert list(entries(objects, EXPORT)) == []
    (found,) = callbacks_of(objects, EXPORT).values()
    assert shown(found) == Callback(
        callback=callback_id(URL),
        receiver="https://example.com:8443",
        message_id=entry.message_id,
        status=Standing.DELIVERED,
        attempts=3,
        next_attempt_at=None,
        ended_at=LATER,
        reason="The receiver answered 500.",
    )


def test_the_address_is_kept_before_the_entry_goes() -> None:
    objects = MemoryObjects()
    entry = register(objects, EXPORT, 0, URL, NOW)

    def refuse(_: object) -> None:
        raise StorageUnavailable("The store went away.")

    objects.delete = refuse  # type: ignore[method-assign, assignment] # a worker that dies between the two writes
    with pytest.raises(StorageUnavailable):
        end(objects, entry, Standing.DELIVERED, LATER)
    assert list(entries(objects, EXPORT)) == [entry]
    assert [one.status for one in standing(objects)] == [Standing.WAITING], "it will be told again"


def test_what_is_shown_tells_nothing_of_path_and_query() -> None:
    objects = MemoryObjects()
    store(objects, tried(register(objects, EXPORT, 0, URL, NOW)))
    assert b"hunter2" not in jsontext.encode(standing(objects))


def test_the_next_attempt_is_told_where_one_is_set() -> None:
    objects = MemoryObjects()
    entry = register(objects, EXPORT, 0, URL, NOW)
    assert [(one.attempts, one.next_attempt_at) for one in standing(objects)] == [(0, None)]
    store(objects, tried(entry))
    assert [(one.attempts, one.next_attempt_at) for one in standing(objects)] == [(3, LATER)]
    store(objects, tried(entry, claimed=True))
    assert [(one.attempts, one.next_attempt_at) for one in standing(objects)] == [(3, None)]


def test_an_address_is_listed_once_and_by_what_is_to_be_told() -> None:
    objects = MemoryObjects()
    end(objects, register(objects, EXPORT, 0, URL, NOW), Standing.GIVEN_UP, LATER)
    register(objects, EXPORT, 2, URL, NOW)
    register(objects, EXPORT, 1, URL, NOW)
    other = register(objects, EXPORT, 0, "https://other.example/", NOW - timedelta(minutes=1))
    register(objects, "f" * 32, 0, URL, NOW)
    assert [(one.receiver, one.status) for one in standing(objects)] == [
        ("https://other.example", Standing.WAITING),
        ("https://example.com:8443", Standing.WAITING),
    ]
    assert standing(objects)[0].message_id == other.message_id
    assert callbacks_of(objects, EXPORT)[callback_id(URL)] == read(objects, EXPORT, f"2-{callback_id(URL)}.json")[0]


def test_damaged_objects_hide_no_others(caplog: pytest.LogCaptureFixture) -> None:
    objects = MemoryObjects()
    end(objects, register(objects, EXPORT, 0, URL, NOW), Standing.DELIVERED, LATER)
    objects.put(keys.receiver(EXPORT, "a"), b"{")
    objects.put(keys.receiver(EXPORT, "b"), b'{"entry": {}}')
    assert [one.status for one in standing(objects)] == [Standing.DELIVERED]
    assert [record.message for record in caplog.records] == ["callback.unreadable"] * 2


def test_putting_back_what_came_to_its_end_makes_an_entry_with_the_same_message() -> None:
    objects = MemoryObjects()
    first = register(objects, EXPORT, 0, URL, NOW)
    end(objects, tried(first), Standing.GIVEN_UP, LATER)
    again = put_back(objects, EXPORT, 0, URL, LATER)
    assert list(entries(objects, EXPORT)) == [again]
    assert (again.message_id, again.attempts, again.next_attempt_at) == (first.message_id, 0, LATER)
    end(objects, again, Standing.DELIVERED, LATER)
    assert [one.status for one in standing(objects)] == [Standing.DELIVERED]
    assert len(objects.keys()) == 1


def test_putting_back_what_waits_brings_it_forward_and_counts_anew() -> None:
    objects = MemoryObjects()
    store(objects, tried(register(objects, EXPORT, 0, URL, NOW)))
    again = put_back(objects, EXPORT, 0, URL, NOW)
    assert read(objects, EXPORT, again.name)[0] == again
    assert (again.attempts, again.next_attempt_at) == (0, NOW)


def test_an_attempt_under_way_is_left_alone_until_its_claim_lapses() -> None:
    objects = MemoryObjects()
    claimed = store(objects, tried(register(objects, EXPORT, 0, URL, NOW), claimed=True))
    assert put_back(objects, EXPORT, 0, URL, NOW) == claimed
    assert read(objects, EXPORT, claimed.name)[0] == claimed
    assert put_back(objects, EXPORT, 0, URL, LATER).attempts == 0


def test_a_worker_that_claims_at_the_same_moment_wins() -> None:
    objects = MemoryObjects()
    entry = store(objects, tried(register(objects, EXPORT, 0, URL, NOW)))
    claimed = entry.replace(attempts=4, next_attempt_at=LATER, claimed=True)

    def claim(_: str) -> None:
        objects.before_put_if = lambda _: None
        store(objects, claimed)

    objects.before_put_if = claim
    assert put_back(objects, EXPORT, 0, URL, NOW) == claimed
    assert read(objects, EXPORT, entry.name)[0] == claimed


def test_putting_back_ends_where_others_write_all_the_time() -> None:
    objects = MemoryObjects()
    entry = store(objects, tried(register(objects, EXPORT, 0, URL, NOW)))
    moments = iter(range(100))
    objects.before_put_if = lambda _: (store(objects, entry.replace(attempts=next(moments))), None)[1]
    assert put_back(objects, EXPORT, 0, URL, NOW).attempts == 0
    assert next(moments) < 10
