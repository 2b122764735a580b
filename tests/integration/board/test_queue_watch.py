from __future__ import annotations

import time
from datetime import timedelta

import celery
import pytest
import redis

from producer.contract.board import Attempts, Board, QueuedMark
from producer.contract.tasks import ENQUEUED_AT
from tests.integration.board.examples import BLINK, MINUTE, acquired, export, settled

pytestmark = pytest.mark.integration


def test_marks_are_found_by_age_and_removed_unless_set_anew(board: Board, client: redis.Redis) -> None:
    exports = [export() for _ in range(3)]
    marks = []
    for one in exports:
        marked_at = board.exports.queued(one, 0)
        assert marked_at is not None
        marks.append(QueuedMark(one.id, marked_at))
        time.sleep(0.002)

    assert board.queue.marks_before(marks[2].marked_at, 10) == marks[:2]
    assert board.queue.marks_before(marks[2].marked_at, 1) == marks[:1]
    assert board.queue.marks_before(0, 10) == []

    board.exports.queued(exports[0], 0)
    assert board.queue.unmark(marks[:2]) == 1
    assert board.queue.marked([one.id for one in exports]) == {exports[0].id, exports[2].id}
    assert board.queue.unmark([]) == 0
    client.flushdb()
    assert board.queue.unmark(marks) == 0
    assert board.queue.marks_before(board.queue.now(), 10) == []


def test_marks_of_large_exports_stand_apart(board: Board) -> None:
    small, large = export(), export()
    board.exports.queued(small, 0)
    board.exports.queued(large, 0, large=True)
    later = board.queue.now() + 1

    assert [mark.export_id for mark in board.queue.marks_before(later, 10)] == [small.id]
    (mark,) = board.queue.marks_before(later, 10, large=True)
    assert mark.export_id == large.id
    assert board.queue.marked([small.id, large.id]) == {small.id, large.id}
    assert board.queue.unmark([mark]) == 1
    assert board.queue.marked([small.id, large.id]) == {small.id}
    board.exports.queued(large, 0, large=True)
    acquired(board.leases, large)
    assert board.queue.marked([large.id]) == set()


def test_many_exports_are_asked_for_at_once(board: Board) -> None:
    ids = [f"{number:032x}" for number in range(1_203)]
    for export_id in ids[::400]:
        acquired(board.leases, export(id=export_id))

    assert board.queue.leased(iter(ids)) == set(ids[::400])
    assert board.queue.marked(iter(ids)) == set()
    assert board.queue.leased([]) == set() == board.queue.marked([])


def test_the_oldest_message_of_a_real_celery_queue_tells_its_time(
    board: Board, board_url: str, client: redis.Redis
) -> None:
    assert board.queue.oldest_queued("exports") is None
    with celery.Celery(broker=board_url) as app:
        app.conf.broker_transport_options = {"socket_timeout": 5}
        for sent in (1111, 2222):
            app.send_task("runfolio.export", queue="exports", headers={ENQUEUED_AT: sent})

    assert board.queue.oldest_queued("exports") == 1111
    client.rpop("exports")
    assert board.queue.oldest_queued("exports") == 2222


def test_attempts_are_counted_for_a_while_and_end_with_the_export(board: Board, client: redis.Redis) -> None:
    one = export()

    assert [board.queue.attempt(one.id).put_back for _ in range(3)] == [1, 2, 3]

    assert client.pttl(b"{rf}:again:" + one.id.encode()) == pytest.approx(24 * 3600 * 1000, rel=0.01)
    board.leases.settle(acquired(board.leases, one), settled(one))
    assert board.queue.attempt(one.id) == Attempts(1, 0, "")


def test_what_was_handed_back_is_counted_once_with_its_reason(board: Board, client: redis.Redis) -> None:
    one = export()
    lease = acquired(board.leases, one)
    for _ in range(2):
        board.leases.hand_back(lease, one, "The store is full.")

    assert client.pttl(b"{rf}:again:" + one.id.encode()) == pytest.approx(24 * 3600 * 1000, rel=0.01)
    attempts = board.queue.attempt(one.id)
    assert attempts == Attempts(1, 1, "The store is full.")
    assert attempts.lost == 0


def test_one_sweeper_at_a_time(board: Board) -> None:
    assert board.queue.sweeper_lock("a", MINUTE)
    assert board.queue.sweeper_lock("a", BLINK)
    assert not board.queue.sweeper_lock("b", MINUTE)
    time.sleep(2 * BLINK.total_seconds())
    assert board.queue.sweeper_lock("b", MINUTE)
    assert not board.queue.sweeper_lock("a", MINUTE)


def test_heartbeats_end(board: Board) -> None:
    assert board.heartbeats.alive("worker") == 0
    board.heartbeats.beat("worker", "one", MINUTE)
    board.heartbeats.beat("worker", "one", MINUTE)
    board.heartbeats.beat("worker", "two", BLINK)
    board.heartbeats.beat("sweeper", "three", timedelta(0))
    assert board.heartbeats.alive("worker") == 2
    time.sleep(2 * BLINK.total_seconds())
    assert board.heartbeats.alive("worker") == 1
    assert board.heartbeats.alive("sweeper") == 0


def test_the_index_is_complete_only_after_an_undisturbed_rebuild(board: Board, client: redis.Redis) -> None:
    assert not board.rebuild.complete()
    first = board.rebuild.start()
    second = board.rebuild.start()
    assert not board.rebuild.finish(first)
    assert not board.rebuild.complete()
    assert board.rebuild.finish(second)
    assert board.rebuild.complete()

    token = board.rebuild.start()
    client.flushdb()
    assert not board.rebuild.finish(token)
    assert not board.rebuild.complete()
