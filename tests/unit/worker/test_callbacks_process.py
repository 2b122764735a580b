from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest

from producer.contract import jsontext
from producer.contract.callbacks import (
    MAX_ATTEMPTS,
    AllowList,
    CallbackEntry,
    entries,
    read,
    read_log,
    register,
    retry_delay,
)
from producer.contract.errors import StorageUnavailable
from producer.contract.export import Archive, ExecutionRef, Options, Pending, RenderProfile, State, WorkflowRef
from producer.contract.outbox import Settled
from tests.fakes import MemoryObjects, Receiver, Reply
from worker.callbacks import Callbacks, Sender
from worker.callbacks.process import CLAIM, ORPHANED_AFTER
from worker.callbacks.transport import Limits

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
EXPORT = "0123456789abcdef0123456789abcdef"


def pending(generation: int = 0) -> Pending:
    return Pending(
        id=EXPORT,
        generation=generation,
        nonce=f"{generation:032x}",
        workflow=WorkflowRef("n8n:7", "virtual assistant"),
        execution=ExecutionRef("4540c83c", "succeeded"),
        digest="0" * 64,
        options=Options(),
        profile=RenderProfile(),
        archive_name="virtual assistant.zip",
        step_count=3,
        download_url=f"https://runfolio.example/d/{generation}",
        created_at=START,
        requested_by="somebody",
    )


class House:
    """What a worker works with: storage, one export, a clock that stands still, and the callbacks under test."""

    def __init__(self, limits: Limits) -> None:
        self.now = START
        self.export: Pending | Settled | None = None
        self.objects = MemoryObjects(lambda: self.now)
        sender = Sender(SECRET, "https://runfolio.example", AllowList("127.0.0.1"), limits=limits)
        self.callbacks = Callbacks(self.objects, lambda _: self.export, sender, lambda: self.now)

    def settle(self, status: State = State.READY, generation: int = 0) -> None:
        archive = Archive("virtual assistant.zip", 1234, "0" * 64, 3) if status is State.READY else None
        expires_at = START + timedelta(days=7) if archive else None
        facts = pending(generation).settle(status, START, archive=archive, expires_at=expires_at)
        self.export = Settled(facts, '"etag"')

    def register(self, receiver: Receiver, generation: int = 0) -> CallbackEntry:
        return register(self.objects, EXPORT, generation, receiver.url(), self.now)

    def process(self, entry: CallbackEntry) -> datetime | None:
        return self.callbacks.process(entry.export_id, entry.name)

    def stored(self, entry: CallbackEntry) -> CallbackEntry:
        return read(self.objects, entry.export_id, entry.name)[0]

    def open(self) -> list[CallbackEntry]:
        return list(entries(self.objects, EXPORT))


@pytest.fixture
def house() -> House:
    return House(Limits(1.0, 1.0))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def test_a_settled_export_is_told_once_and_the_entry_is_deleted(house: House, receiver: Receiver) -> None:
    entry = house.register(receiver)
    house.settle()
    assert house.process(entry) is None
    assert house.process(entry) is None
    (request,) = receiver.received
    assert request.headers["webhook-id"] == entry.message_id
    assert jsontext.decode(request.body)["data"]["download_url"] == "https://runfolio.example/d/0"
    assert house.open() == []
    (line,) = read_log(house.objects, EXPORT)
    assert (line.result, line.status, line.attempt) == ("delivered", 204, 1)
    assert (line.at, line.next_attempt_at) == (START, None)


def test_a_failed_export_is_told_too(house: House, receiver: Receiver) -> None:
    entry = house.register(receiver)
    house.settle(State.FAILED)
    assert house.process(entry) is None
    event = jsontext.decode(receiver.received[0].body)
    assert event["type"] == "runfolio.export.failed.v1"
    assert event["time"] == "2026-03-01T12:00:00Z"


def test_every_address_is_told(house: House) -> None:
    with Receiver() as one, Receiver() as other:
        registered = [house.register(one), house.register(other)]
        house.settle()
        for entry in registered:
            house.process(entry)
        assert len(one.received) == len(other.received) == 1
    assert len(read_log(house.objects, EXPORT)) == 2


def test_nothing_is_told_before_the_export_is_settled(house: House, receiver: Receiver) -> None:
    entry = house.register(receiver)
    house.export = pending()
    assert house.process(entry) == START + timedelta(seconds=30)
    assert receiver.received == []
    assert house.stored(entry).next_attempt_at == START + timedelta(seconds=30)
    house.settle()
    assert house.process(entry) is None
    assert len(receiver.received) == 1


def test_the_longer_an_export_takes_the_more_rarely_it_is_looked_at(house: House, receiver: Receiver) -> None:
    entry = house.register(receiver)
    house.export = pending()
    looked_at = 0
    while house.now < START + timedelta(days=1):
        again = house.process(entry)
        assert again is not None
        assert timedelta(seconds=30) <= again - house.now <= timedelta(minutes=15)
        house.now = again
        looked_at += 1
    assert looked_at < 110
    assert house.stored(entry).attempts == 0


def test_a_failing_receiver_is_tried_again_until_it_takes_it(house: House) -> None:
    with Receiver(Reply(500), Reply(503), Reply(200)) as receiver:
        entry = house.register(receiver)
        house.settle()
        delays = []
        while again := house.process(entry):
            delays.append(again - house.now)
            house.now = again
        assert len(receiver.received) == 3
        assert len({request.headers["webhook-id"] for request in receiver.received}) == 1
    assert delays == [retry_delay(entry.message_id, 1), retry_delay(entry.message_id, 2)]
    assert [line.result for line in read_log(house.objects, EXPORT)] == ["retry", "retry", "delivered"]
    assert house.open() == []


def test_an_entry_tells_what_became_of_the_last_attempt(house: House) -> None:
    with Receiver(Reply(500)) as receiver:
        entry = house.register(receiver)
        house.settle()
        again = house.process(entry)
    stored = house.stored(entry)
    assert (stored.attempts, stored.last_outcome, stored.next_attempt_at) == (1, "The receiver answered 500.", again)


def test_nothing_is_sent_before_its_time(house: House) -> None:
    with Receiver(Reply(500)) as receiver:
        entry = house.register(receiver)
        house.settle()
        again = house.process(entry)
        assert house.process(entry) == again
        assert len(receiver.received) == 1
        assert house.stored(entry).next_attempt_at == again


def test_a_receiver_that_never_takes_it_is_given_up(house: House) -> None:
    with Receiver(Reply(404)) as receiver:
        entry = house.register(receiver)
        house.settle()
        while again := house.process(entry):
            house.now = again
        assert len(receiver.received) == MAX_ATTEMPTS
    assert house.open() == []
    assert timedelta(hours=12) < house.now - START < timedelta(hours=24)
    last = read_log(house.objects, EXPORT)[-1]
    assert last.result == "given-up"
    assert last.reason == f"The receiver answered 404. Given up after {MAX_ATTEMPTS} attempts."


def test_410_stops_it_at_once(house: House) -> None:
    with Receiver(Reply(410)) as receiver:
        entry = house.register(receiver)
        house.settle()
        assert house.process(entry) is None
        assert len(receiver.received) == 1
    assert house.open() == []
    assert [line.result for line in read_log(house.objects, EXPORT)] == ["given-up"]


def test_a_receiver_may_ask_for_more_time(house: House) -> None:
    with Receiver(Reply(503, {"Retry-After": "600"})) as receiver:
        entry = house.register(receiver)
        house.settle()
        assert house.process(entry) == START + timedelta(minutes=10)


@pytest.mark.parametrize("status", [State.DELETED, State.EXPIRED])
def test_an_export_that_is_gone_is_told_to_nobody(house: House, receiver: Receiver, status: State) -> None:
    entry = house.register(receiver)
    house.settle(status)
    assert house.process(entry) is None
    assert receiver.received == []
    assert house.open() == []
    (line,) = read_log(house.objects, EXPORT)
    assert (line.result, line.attempt, line.reason) == ("given-up", 0, f"The export is {status} by now.")


def test_a_link_that_expired_meanwhile_is_told_to_nobody(house: House, receiver: Receiver) -> None:
    entry = house.register(receiver)
    house.settle()
    house.now += timedelta(days=8)
    assert house.process(entry) is None
    assert receiver.received == []


def test_an_entry_may_be_stored_before_its_export(house: House, receiver: Receiver) -> None:
    entry = house.register(receiver)
    assert house.process(entry) is not None
    assert house.open() != []


def test_an_entry_whose_export_was_never_accepted_is_dropped(house: House, receiver: Receiver) -> None:
    entry = house.register(receiver)
    house.now += ORPHANED_AFTER
    assert house.process(entry) is None
    assert house.open() == []
    assert receiver.received == []


def test_a_new_generation_is_not_told_what_the_old_one_came_to(house: House, receiver: Receiver) -> None:
    house.settle(State.FAILED)
    entry = house.register(receiver, generation=1)
    assert house.process(entry) is not None
    assert receiver.received == []
    house.settle(State.READY, generation=1)
    assert house.process(entry) is None
    event = jsontext.decode(receiver.received[0].body)
    assert event["type"] == "runfolio.export.ready.v1"
    assert event["data"]["download_url"] == "https://runfolio.example/d/1"


def test_an_open_callback_follows_its_export_into_the_next_generation(house: House) -> None:
    with Receiver(Reply(500), Reply(200)) as receiver:
        entry = house.register(receiver)
        house.settle(State.FAILED)
        again = house.process(entry)
        assert again is not None
        house.now = again
        house.export = pending(generation=1)
        house.process(entry)
        (follower,) = house.open()
        assert (follower.generation, follower.attempts) == (1, 0)
        house.settle(State.READY, generation=1)
        house.process(follower)
        failed, ready = receiver.received
    assert failed.headers["webhook-id"] != ready.headers["webhook-id"]
    assert jsontext.decode(ready.body)["type"] == "runfolio.export.ready.v1"
    assert house.open() == []


def test_two_workers_at_once_tell_a_receiver_once(house: House) -> None:
    with Receiver(Reply(delay=0.2)) as receiver:
        entry = house.register(receiver)
        house.settle()
        threads = [Thread(target=house.process, args=[entry]) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(receiver.received) == 1
    assert house.open() == []


def test_a_worker_that_is_beaten_to_the_claim_sends_nothing(house: House, receiver: Receiver) -> None:
    entry = house.register(receiver)
    house.settle()

    def somebody_claims(key: str) -> None:
        house.objects.before_put_if = lambda _: None
        claimed = entry.replace(attempts=1, next_attempt_at=START + CLAIM)
        house.objects.put(key, jsontext.encode(claimed))

    house.objects.before_put_if = somebody_claims
    assert house.process(entry) == START
    assert receiver.received == []
    assert house.process(entry) == START + CLAIM


def test_a_claim_of_a_dead_worker_lapses_and_its_attempt_counts(house: House) -> None:
    with Receiver(Reply(500)) as receiver:
        entry = house.register(receiver)
        house.settle()
        house.objects.put(entry.key, jsontext.encode(entry.replace(attempts=1, next_attempt_at=START + CLAIM)))
        assert house.process(entry) == START + CLAIM
        house.now += CLAIM
        house.process(entry)
        assert len(receiver.received) == 1
    assert house.stored(entry).attempts == 2


def test_a_callback_that_kills_its_workers_comes_to_an_end(house: House, receiver: Receiver) -> None:
    entry = house.register(receiver)
    house.settle()
    house.objects.put(entry.key, jsontext.encode(entry.replace(attempts=MAX_ATTEMPTS, next_attempt_at=START)))
    assert house.process(entry) is None
    assert receiver.received == []
    assert house.open() == []


def test_an_entry_that_is_deleted_after_the_claim_is_not_sent(house: House, receiver: Receiver) -> None:
    entry = house.register(receiver)
    house.settle()
    store = house.objects.put_if

    def put_and_lose(key: str, data: bytes, **options: object) -> None:
        store(key, data, **options)  # type: ignore[arg-type] # handed through as it came
        house.objects.delete([key])

    house.objects.put_if = put_and_lose  # type: ignore[method-assign] # a deletion right behind the claim
    assert house.process(entry) is None
    assert receiver.received == []


def test_a_worker_whose_claim_lapsed_overwrites_nothing(house: House) -> None:
    with Receiver(Reply(500)) as receiver:
        entry = house.register(receiver)
        house.settle()
        others = entry.replace(attempts=2, next_attempt_at=START + timedelta(hours=1))
        written = 0

        def another_claims_second(key: str) -> None:
            nonlocal written
            written += 1
            if written == 2:
                house.objects.put(key, jsontext.encode(others))

        house.objects.before_put_if = another_claims_second
        house.process(entry)
    assert house.stored(entry) == others


def test_storage_that_is_away_is_said_and_nothing_is_sent(house: House, receiver: Receiver) -> None:
    entry = house.register(receiver)
    house.settle()
    house.objects.down = True
    with pytest.raises(StorageUnavailable):
        house.process(entry)
    house.objects.down = False
    assert receiver.received == []
    assert house.process(entry) is None
    assert len(receiver.received) == 1


def test_neither_log_nor_log_lines_repeat_the_secret_part_of_an_address(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with Receiver(Reply(500)) as receiver:
        entry = register(house.objects, EXPORT, 0, receiver.url("/T0/hunter2?token=hunter2"), START)
        house.settle()
        house.process(entry)
        (line,) = read_log(house.objects, EXPORT)
        assert line.receiver == receiver.url("")
    assert "hunter2" not in repr(line)
    (record,) = [record for record in caplog.records if record.message == "callback.attempted"]
    assert "hunter2" not in repr(vars(record))
    assert vars(record)["status"] == 500
