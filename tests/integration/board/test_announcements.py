from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import redis
import redis.asyncio

from producer.contract.board import CHANGES_CHANNEL, Announcements, Board, Change
from producer.contract.export import State
from tests.integration.board.examples import MINUTE, acquired, export, settled

pytestmark = pytest.mark.integration

Scenario = Callable[[Announcements], Awaitable[None]]


@asynccontextmanager
async def announcements(url: str) -> AsyncIterator[Announcements]:
    async with redis.asyncio.Redis.from_url(url) as client:
        listening = Announcements(client)
        async with listening.follow("anything") as follower:
            await listening.start()
            # A new subscription wakes every follower.
            assert await follower.wait(10) is None
        assert listening.subscribed
        try:
            yield listening
        finally:
            await listening.stop()


def play(url: str, scenario: Scenario) -> None:
    async def scene() -> None:
        async with announcements(url) as listening:
            await scenario(listening)

    asyncio.run(scene())


def test_a_follower_sees_every_step_of_its_export_alone(board: Board, board_url: str) -> None:
    one, other = export(), export()

    async def scenario(listening: Announcements) -> None:
        async with listening.follow(one.id) as follower:
            board.exports.queued(other, 0)
            board.exports.queued(one, 0)
            queued = await follower.wait(5)
            lease = acquired(board.leases, one)
            running = await follower.wait(5)
            board.leases.progress(lease, 5, 8)
            progress = await follower.wait(5)
            board.leases.settle(lease, settled(one))
            ready = await follower.wait(5)
            assert await follower.wait(0.05) is None

        seen = [change for change in (queued, running, progress, ready) if change]
        assert [(change.status, change.done) for change in seen] == [
            (State.QUEUED, 0),
            (State.RUNNING, 0),
            (State.RUNNING, 5),
            (State.READY, 8),
        ]
        entry = board.exports.known(one.id)
        assert entry is not None
        assert [change.export for change in seen] == [None, None, None, entry.export], "Its end is told whole."
        assert (seen[-1].id, seen[-1].sequence) == (one.id, entry.sequence)
        assert [change.sequence for change in seen] == sorted({change.sequence for change in seen})

    play(board_url, scenario)


def test_a_slow_follower_finds_only_the_newest_change(board: Board, board_url: str) -> None:
    one = export()

    async def scenario(listening: Announcements) -> None:
        async with listening.follow(one.id) as slow, listening.follow(one.id) as quick:
            lease = acquired(board.leases, one)
            for done in range(1, 9):
                board.leases.progress(lease, done, 8)
            while (change := await quick.wait(5)) is not None and change.done < 8:
                pass
            newest = await slow.wait(5)
            assert newest is not None
            assert newest.done == 8
            assert await slow.wait(0.01) is None

    play(board_url, scenario)


def test_a_broken_connection_is_replaced_and_wakes_everybody(board: Board, board_url: str, client: redis.Redis) -> None:
    one = export()

    async def scenario(listening: Announcements) -> None:
        async with listening.follow(one.id) as follower, listening.follow("another") as other:
            client.client_kill_filter(_type="pubsub")
            # Well before their time is over, both are told to read the board.
            async with asyncio.timeout(20):
                assert await follower.wait(60) is None
                assert await other.wait(60) is None
            board.leases.acquire(one, 0, owner="worker", ttl=MINUTE)
            change = await follower.wait(5)
            assert change is not None
            assert change.status is State.RUNNING

    play(board_url, scenario)


def test_a_message_that_cannot_be_read_disturbs_nobody(board: Board, board_url: str, client: redis.Redis) -> None:
    one = export()

    async def scenario(listening: Announcements) -> None:
        async with listening.follow(one.id) as follower:
            for message in (b"\xff", b"{}", b"[1]", b'{"id": 1}'):
                client.publish(CHANGES_CHANNEL, message)
            board.exports.queued(one, 0)
            assert await follower.wait(5) is not None

    play(board_url, scenario)


def test_a_silent_connection_is_asked_whether_it_lives(
    board: Board, board_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producer.contract.board.announcements.SILENCE", 0.05)
    one = export()

    async def scenario(listening: Announcements) -> None:
        await asyncio.sleep(0.4)
        assert listening.subscribed
        async with listening.follow(one.id) as follower:
            board.exports.queued(one, 0)
            assert await follower.wait(5) is not None

    play(board_url, scenario)


def test_a_broker_that_comes_late_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producer.contract.board.announcements.FIRST_DELAY", 0.01)
    monkeypatch.setattr("producer.contract.board.announcements.LONGEST_DELAY", 0.02)

    async def scene() -> None:
        async with redis.asyncio.Redis(port=1) as client:
            listening = Announcements(client)
            await listening.start()
            await listening.start()
            await asyncio.sleep(0.1)
            assert not listening.subscribed
            async with listening.follow("one") as follower:
                stopping = asyncio.create_task(listening.stop())
                assert await follower.wait(5) is None
                await stopping

    asyncio.run(scene())


def test_thousands_follow_at_little_cost(board: Board, board_url: str) -> None:
    one = export()

    async def scenario(listening: Announcements) -> None:
        async def follow(export_id: str) -> Change | None:
            async with listening.follow(export_id) as follower:
                return await follower.wait(5)

        waiting = [asyncio.create_task(follow(one.id)) for _ in range(3_000)]
        await asyncio.sleep(0)
        board.exports.queued(one, 0)
        changes = await asyncio.gather(*waiting)
        assert {change.status if change else None for change in changes} == {State.QUEUED}

    play(board_url, scenario)
