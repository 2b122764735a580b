from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from producer.contract.board import Board, Lease, Refusal
from producer.contract.errors import BrokerUnavailable, LeaseLost
from producer.contract.export import Progress, State
from tests.integration.board.examples import BLINK, MINUTE, acquired, export, moves_of, settled

pytestmark = pytest.mark.integration


def let_pass() -> None:
    """Wait until a lease of a blink has ended."""
    time.sleep(2 * BLINK.total_seconds())


def test_one_of_many_workers_gets_the_lease(board: Board) -> None:
    one = export()
    board.exports.queued(one, 0)

    with ThreadPoolExecutor(8) as workers:
        answers = list(workers.map(lambda n: board.leases.acquire(one, 0, owner=f"worker-{n}", ttl=MINUTE), range(32)))

    leases = [answer for answer in answers if isinstance(answer, Lease)]
    assert len(leases) == 1
    assert [answer for answer in answers if answer is Refusal.HELD] == [Refusal.HELD] * 31
    assert leases[0].owner.startswith("worker-")


def test_the_same_worker_does_not_get_a_lease_twice(board: Board) -> None:
    one = export()
    acquired(board.leases, one)

    assert board.leases.acquire(one, 0, owner="worker", ttl=MINUTE) is Refusal.HELD


def test_a_request_sent_again_by_the_client_library_gets_the_lease_it_already_has(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = export()
    monkeypatch.setattr("producer.contract.board.leases.uuid.uuid4", lambda: type("Same", (), {"hex": "same"}))

    assert acquired(board.leases, one) == acquired(board.leases, one)


def test_a_lease_that_has_run_out_goes_to_the_next_with_a_higher_number(board: Board) -> None:
    one = export()
    first = acquired(board.leases, one, ttl=BLINK)
    let_pass()
    assert board.queue.leased([one.id]) == set()

    second = acquired(board.leases, one)

    assert second.number > first.number
    for move in moves_of(board.leases, first, one):
        with pytest.raises(LeaseLost, match="no longer holds"):
            move()
    board.leases.settle(second, settled(one))


def test_the_number_rises_even_where_the_clock_stands_still(board: Board, client: redis.Redis) -> None:
    one = export()
    first = acquired(board.leases, one, ttl=BLINK)
    ahead = first.number + 10**9
    client.hset(b"{rf}:l:" + one.id.encode(), "number", ahead)
    let_pass()

    assert acquired(board.leases, one).number == ahead + 1


def test_a_lease_that_has_run_out_can_be_renewed_while_nobody_took_the_export(board: Board) -> None:
    one = export()
    lease = acquired(board.leases, one, ttl=BLINK)
    let_pass()

    board.leases.renew(lease, MINUTE)

    assert board.queue.leased([one.id]) == {one.id}


def test_a_lease_that_has_run_out_ends_when_the_export_is_queued_anew(board: Board) -> None:
    one = export()
    lease = acquired(board.leases, one, ttl=BLINK)
    board.leases.progress(lease, 5, 8)
    let_pass()

    assert board.exports.queued(one, 0) is not None

    with pytest.raises(LeaseLost):
        board.leases.renew(lease, MINUTE)
    entry = board.exports.known(one.id)
    assert entry is not None
    assert (entry.export.status, entry.export.progress) == (State.QUEUED, Progress(0, 8))


def test_a_held_export_is_not_queued_over_its_holder(board: Board) -> None:
    one = export()
    lease = acquired(board.leases, one)

    assert board.exports.queued(one, 0) is None

    assert board.queue.marked([one.id]) == set()
    board.leases.renew(lease, MINUTE)


def test_a_new_generation_ends_the_lease_on_the_old_one(board: Board) -> None:
    one = export()
    old = acquired(board.leases, one)

    new = acquired(board.leases, one, 1)

    assert new.number > old.number
    with pytest.raises(LeaseLost):
        board.leases.progress(old, 1, 8)
    board.leases.progress(new, 1, 8)


def test_revoking_stops_the_holder(board: Board) -> None:
    one = export()
    lease = acquired(board.leases, one)

    assert board.leases.revoke(one.id)
    assert not board.leases.revoke(one.id)

    for move in moves_of(board.leases, lease, one):
        with pytest.raises(LeaseLost):
            move()
    assert board.queue.leased([one.id]) == set()
    assert acquired(board.leases, one).number > lease.number


def test_handing_back_queues_without_a_mark(board: Board) -> None:
    one = export()
    board.exports.queued(one, 0)
    lease = acquired(board.leases, one)
    board.leases.progress(lease, 5, 8)

    board.leases.hand_back(lease, one, "away")
    board.leases.hand_back(lease, one, "away")

    entry = board.exports.known(one.id)
    assert entry is not None
    assert (entry.export.status, entry.export.progress) == (State.QUEUED, Progress(0, 8))
    assert board.queue.marked([one.id]) == set() == board.queue.leased([one.id])
    assert [each.id for each in board.exports.page(status="queued").items] == [one.id]
    with pytest.raises(LeaseLost):
        board.leases.renew(lease, MINUTE)


def test_a_message_for_a_held_export_takes_its_mark_along(board: Board, client: redis.Redis) -> None:
    one = export()
    acquired(board.leases, one)
    client.zadd(b"{rf}:marks", {one.id: 1})

    assert board.leases.acquire(one, 0, owner="other", ttl=MINUTE) is Refusal.HELD

    assert board.queue.marked([one.id]) == set()


def test_scripts_come_back_after_the_broker_has_forgotten_them(board: Board, client: redis.Redis) -> None:
    one = export()
    lease = acquired(board.leases, one)

    client.script_flush()

    board.leases.progress(lease, 1, 8)


def test_a_broker_that_refuses_or_does_not_answer_is_unavailable(board: Board, client: redis.Redis) -> None:
    one = export()
    client.config_set("maxmemory", "1")
    try:
        with pytest.raises(BrokerUnavailable, match="maxmemory"):
            board.exports.queued(one, 0)
    finally:
        client.config_set("maxmemory", "0")
    with redis.Redis(port=1, socket_timeout=0.2, retry=Retry(NoBackoff(), 0)) as nobody:
        gone = Board(nobody)
        calls: list[Callable[[], object]] = [
            gone.check,
            gone.queue.now,
            lambda: gone.exports.known(one.id),
            lambda: gone.exports.queued(one, 0),
        ]
        for call in calls:
            with pytest.raises(BrokerUnavailable) as refused:
                call()
            assert refused.value.remedy is not None
    board.check()


@pytest.mark.parametrize("other", [{"owner": "worker/forged"}, {"number": 1}, {"generation": 1}])
def test_a_lease_counts_only_as_it_was_given(board: Board, other: dict[str, Any]) -> None:
    one = export()
    lease = acquired(board.leases, one)
    board.leases.progress(lease, 2, 8)

    for move in moves_of(board.leases, msgspec.structs.replace(lease, **other), one):
        with pytest.raises(LeaseLost):
            move()

    entry = board.exports.known(one.id)
    assert entry is not None
    assert (entry.export.status, entry.export.progress) == (State.RUNNING, Progress(2, 8))


def test_a_new_attempt_starts_from_nothing(board: Board) -> None:
    one = export()
    board.leases.progress(acquired(board.leases, one, ttl=BLINK), 5, 8)
    let_pass()

    acquired(board.leases, one)

    entry = board.exports.known(one.id)
    assert entry is not None
    assert entry.export.progress == Progress(0, 8)


def test_whatever_ends_a_running_attempt_ends_its_lease(board: Board) -> None:
    asked_anew, deleted = export(), export()
    for one in (asked_anew, deleted):
        acquired(board.leases, one)

    board.exports.queued(asked_anew, 1)
    board.exports.announce(settled(deleted, State.DELETED), 0)

    assert board.queue.leased([asked_anew.id, deleted.id]) == set()


def test_a_revoked_holder_settles_nothing_even_as_others_have_settled_it(board: Board) -> None:
    one = export()
    lease = acquired(board.leases, one)
    board.leases.revoke(one.id)
    board.exports.announce(settled(one, State.DELETED), 0)

    with pytest.raises(LeaseLost):
        board.leases.settle(lease, settled(one, State.DELETED))
