from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Barrier, Thread

import pytest

from producer.contract import jsontext, keys
from producer.contract.callbacks import (
    MAX_ATTEMPTS,
    RETRY_DELAYS,
    CallbackEntry,
    Delivery,
    append_log,
    entries,
    entry_name,
    read,
    read_listed,
    read_log,
    register,
    retry_delay,
)
from producer.contract.errors import ObjectNotFound, StorageUnavailable
from tests.fakes import MemoryObjects

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EXPORT = "0123456789abcdef0123456789abcdef"
URL = "https://example.com/hook"


def test_a_registered_callback_lies_in_its_exports_folder() -> None:
    objects = MemoryObjects()
    entry = register(objects, EXPORT, 0, URL, NOW)
    assert objects.keys() == (f"callbacks/{EXPORT}/{entry.name}",)
    assert read(objects, EXPORT, entry.name)[0] == entry
    assert (entry.attempts, entry.next_attempt_at, entry.last_outcome) == (0, NOW, None)


def test_registering_again_changes_nothing() -> None:
    objects = MemoryObjects()
    first = register(objects, EXPORT, 0, URL, NOW)
    tried = first.replace(
        attempts=3, next_attempt_at=NOW + timedelta(hours=1), last_outcome="The receiver answered 500."
    )
    objects.put(first.key, jsontext.encode(tried))
    assert register(objects, EXPORT, 0, URL, NOW + timedelta(minutes=1)) == tried
    assert list(entries(objects, EXPORT)) == [tried]


def test_a_callback_that_ends_while_it_is_registered_again_is_registered_anew() -> None:
    objects = MemoryObjects()
    first = register(objects, EXPORT, 0, URL, NOW)
    reading = objects.get

    def get_after_delivery(key: str) -> object:
        objects.delete([key])
        return reading(key)

    objects.get = get_after_delivery  # type: ignore[method-assign, assignment] # lets the delivery come in between
    again = register(objects, EXPORT, 0, URL, NOW + timedelta(minutes=1))
    assert again.created_at == NOW + timedelta(minutes=1)
    assert objects.keys() == (first.key,)


def test_many_at_once_register_one_entry() -> None:
    objects = MemoryObjects()
    barrier = Barrier(8)
    registered: list[CallbackEntry] = []

    def one(number: int) -> None:
        barrier.wait()
        registered.append(register(objects, EXPORT, 0, URL, NOW + timedelta(seconds=number)))

    threads = [Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(str, registered))) == 1
    assert len(objects.keys()) == 1


def test_addresses_and_generations_have_entries_and_message_ids_of_their_own() -> None:
    objects = MemoryObjects()
    made = [
        register(objects, EXPORT, 0, URL, NOW),
        register(objects, EXPORT, 0, URL + "2", NOW),
        register(objects, EXPORT, 1, URL, NOW),
        register(objects, "f" * 32, 0, URL, NOW),
    ]
    assert len(objects.keys()) == len({entry.message_id for entry in made}) == 4
    assert entry_name(URL, 1) == made[2].name


def test_the_message_id_is_stable_and_signable() -> None:
    entry = register(MemoryObjects(), EXPORT, 0, URL, NOW)
    later = entry.replace(attempts=5, next_attempt_at=NOW + timedelta(days=1), last_outcome="x")
    assert later.message_id == entry.message_id
    assert entry.message_id.startswith("msg_")
    assert len(entry.message_id) == 36
    assert int(entry.message_id.removeprefix("msg_"), 16)


def test_entries_are_those_of_one_export() -> None:
    objects = MemoryObjects()
    mine = {register(objects, EXPORT, 0, f"{URL}/{n}", NOW).name for n in range(3)}
    register(objects, EXPORT + "0", 0, URL, NOW)
    assert {entry.name for entry in entries(objects, EXPORT)} == mine


def test_a_damaged_entry_does_not_hide_the_others(caplog: pytest.LogCaptureFixture) -> None:
    objects = MemoryObjects()
    good = register(objects, EXPORT, 0, URL, NOW)
    objects.put(keys.callback(EXPORT, "0-a.json"), b"{")
    objects.put(keys.callback(EXPORT, "0-b.json"), b"{}")
    assert list(entries(objects, EXPORT)) == [good]
    assert [record.message for record in caplog.records] == ["callback.unreadable"] * 2
    assert read_listed(objects, good.key) == good


def test_an_entry_that_vanishes_during_the_listing_is_passed_over() -> None:
    objects = MemoryObjects()
    for number in range(3):
        register(objects, EXPORT, 0, f"{URL}/{number}", NOW)
    found = entries(objects, EXPORT)
    first = next(found)
    objects.delete([stored.key for stored in objects.list("callbacks/") if stored.key != first.key])
    assert list(found) == []


def test_reading_what_is_not_there_is_an_error_of_ours() -> None:
    with pytest.raises(ObjectNotFound):
        read(MemoryObjects(), EXPORT, entry_name(URL, 0))


def test_registering_needs_the_storage() -> None:
    objects = MemoryObjects()
    objects.down = True
    with pytest.raises(StorageUnavailable):
        register(objects, EXPORT, 0, URL, NOW)


def test_delays_grow_from_seconds_to_hours_and_end() -> None:
    delays = [retry_delay("msg_1", attempts) for attempts in range(1, MAX_ATTEMPTS)]
    for delay, nominal in zip(delays, RETRY_DELAYS, strict=True):
        assert delay is not None
        assert 0.9 * nominal <= delay.total_seconds() <= 1.1 * nominal
    assert retry_delay("msg_1", MAX_ATTEMPTS) is None
    assert retry_delay("msg_1", MAX_ATTEMPTS, asked=60) is None
    assert timedelta(hours=12) < sum((delay for delay in delays if delay), timedelta()) < timedelta(hours=24)


def test_delays_are_spread_by_message_and_repeatable() -> None:
    spread = {retry_delay(f"msg_{number}", 4) for number in range(50)}
    assert len(spread) == 50
    assert retry_delay("msg_7", 4) in spread


@pytest.mark.parametrize(
    ("asked", "seconds"), [(3600.0, 3600.0), (10**9, RETRY_DELAYS[-1]), (float("inf"), RETRY_DELAYS[-1])]
)
def test_a_receiver_may_ask_for_a_longer_delay_within_bounds(asked: float, seconds: float) -> None:
    assert retry_delay("msg_1", 1, asked) == timedelta(seconds=seconds)


@pytest.mark.parametrize("asked", [0.0, 1.0, -50.0, None])
def test_a_receiver_cannot_ask_for_a_shorter_delay(asked: float | None) -> None:
    assert retry_delay("msg_1", 3, asked) == retry_delay("msg_1", 3)


def line(callback: str, attempt: int) -> Delivery:
    at = NOW + timedelta(minutes=attempt)
    return Delivery(at, callback, "https://example.com", "msg_1", attempt, "retry", "The receiver answered 500.", 500)


def test_the_log_keeps_the_order_and_lies_beside_the_facts() -> None:
    objects = MemoryObjects()
    assert read_log(objects, EXPORT) == []
    for attempt in (1, 2, 3):
        append_log(objects, EXPORT, line("a", attempt))
    assert [delivery.attempt for delivery in read_log(objects, EXPORT)] == [1, 2, 3]
    assert objects.keys() == (f"exports/{EXPORT}/deliveries.json",)


def test_the_log_keeps_the_last_twenty_of_each_callback() -> None:
    objects = MemoryObjects()
    append_log(objects, EXPORT, line("b", 1))
    for attempt in range(1, 31):
        append_log(objects, EXPORT, line("a", attempt))
    kept = read_log(objects, EXPORT)
    assert [delivery.attempt for delivery in kept if delivery.callback == "a"] == list(range(11, 31))
    assert [delivery.attempt for delivery in kept if delivery.callback == "b"] == [1]


def test_the_log_is_bounded_in_all() -> None:
    objects = MemoryObjects()
    for number in range(205):
        append_log(objects, EXPORT, line(f"callback {number}", 1))
    assert [delivery.callback for delivery in read_log(objects, EXPORT)] == [f"callback {n}" for n in range(5, 205)]


def test_lines_that_are_written_at_the_same_time_are_all_kept() -> None:
    objects = MemoryObjects()

    def somebody_else(_: str) -> None:
        objects.before_put_if = lambda _: None
        append_log(objects, EXPORT, line("b", 1))

    objects.before_put_if = somebody_else
    append_log(objects, EXPORT, line("a", 1))
    assert sorted(delivery.callback for delivery in read_log(objects, EXPORT)) == ["a", "b"]


def test_a_line_that_always_loses_is_let_go(caplog: pytest.LogCaptureFixture) -> None:
    objects = MemoryObjects()
    attempts = count(1)
    objects.before_put_if = lambda key: objects.put(key, jsontext.encode([line("b", next(attempts))]))
    append_log(objects, EXPORT, line("a", 1))
    assert "callback.log_line_lost" in [record.message for record in caplog.records]


def test_a_damaged_log_is_begun_anew() -> None:
    objects = MemoryObjects()
    objects.put(f"exports/{EXPORT}/deliveries.json", b"{")
    append_log(objects, EXPORT, line("a", 1))
    assert read_log(objects, EXPORT) == [line("a", 1)]
