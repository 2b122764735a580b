from __future__ import annotations

import time

import pytest
import redis

from producer.contract.board import Board, Refusal
from producer.contract.errors import LeaseLost
from producer.contract.export import State
from tests.integration.board.examples import BLINK, MINUTE, acquired, export, listed, moves_of, settled, status_of

pytestmark = pytest.mark.integration


def test_forgetting_leaves_nothing(board: Board, client: redis.Redis) -> None:
    one, running = export(), export()
    board.exports.queued(one, 0)
    board.queue.attempt(one.id)
    acquired(board.leases, running)

    for each in (one, running):
        board.exports.forget(each.id)

    assert client.dbsize() == 0


def test_what_another_version_wrote_counts_as_unknown_and_is_replaced(board: Board, client: redis.Redis) -> None:
    one = export()
    board.exports.queued(one, 0)
    key = b"{rf}:x:" + one.id.encode()

    for stored in (b'0 queued 1 1\n{"id": 5}', b"0 sleeping 1 1\n{}", b"\xff\xfe\n{", b"", b"0 queued"):
        client.set(key, stored)
        assert board.exports.known(one.id) is None
        assert board.exports.page().items == []

    assert board.exports.queued(one, 0) is not None
    assert listed(board) == [one.id]


def test_a_lost_board_is_made_good_by_the_next_call(board: Board, client: redis.Redis) -> None:
    one = export()
    board.exports.queued(one, 0)
    lease = acquired(board.leases, one)
    client.flushdb()

    for move in moves_of(board.leases, lease, one):
        with pytest.raises(LeaseLost):
            move()
    assert client.dbsize() == 0

    # A number taken in the very millisecond of the lost one would equal it; the owner's name tells them apart then.
    time.sleep(0.002)
    again = acquired(board.leases, one, ttl=BLINK)
    assert again.number > lease.number
    assert status_of(board, one.id) is State.RUNNING
    assert listed(board) == [one.id]


def test_a_settled_export_needs_no_live_part(board: Board, client: redis.Redis) -> None:
    one = export()
    board.leases.settle(acquired(board.leases, one), settled(one))
    before = board.exports.known(one.id)
    assert 0 < client.pttl(b"{rf}:l:" + one.id.encode()) <= 6 * 3600 * 1000

    client.delete(b"{rf}:l:" + one.id.encode())

    assert board.exports.known(one.id) == before
    assert board.leases.acquire(one, 0, owner="late", ttl=MINUTE) is Refusal.SETTLED
    # A new generation's live part must not inherit the end of the old one.
    board.leases.settle(acquired(board.leases, one, 1), settled(one))
    acquired(board.leases, one, 2)
    assert client.pttl(b"{rf}:l:" + one.id.encode()) == -1
