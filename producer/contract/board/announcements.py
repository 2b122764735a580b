"""Changes as they happen, for a gateway: one subscription a process, handed on to whoever waits for an export."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from producer.contract.board.places import CHANGES_CHANNEL
from producer.contract.errors import BrokerUnavailable
from producer.contract.export import Export, State
from producer.contract.ready import ready

logger = logging.getLogger(__name__)

FIRST_DELAY: Final = 0.1
LONGEST_DELAY: Final = 5.0
"""Seconds between attempts to subscribe anew: doubled from the first to the longest."""

SILENCE: Final = 15.0
"""Seconds without a message after which the connection is asked whether it lives."""


class Change(Struct, frozen=True):
    """That an export changed. ``sequence`` rises with every change of an export; ``done`` and ``total`` are steps.

    ``export`` is the export where it is settled.
    """

    id: str
    status: State
    done: int
    total: int
    sequence: int
    export: Export | None = None


class Follower:
    """Waits for changes of one export. Whoever is slow finds the newest change alone; nothing queues up."""

    def __init__(self) -> None:
        self._newest: Change | None = None
        self._woken = asyncio.Event()

    async def wait(self, timeout: float) -> Change | None:  # noqa: ASYNC109 # a caller has nothing to cancel: no change is an answer
        """Return the newest change not yet returned, as soon as there is one.

        Returns None after ``timeout`` seconds, and where changes may have been missed: read the board then.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._woken.wait()
        except TimeoutError:
            return None
        self._woken.clear()
        newest, self._newest = self._newest, None
        return newest

    def offer(self, change: Change) -> None:
        """Hand on a change, over any older one."""
        if self._newest is None or change.sequence > self._newest.sequence:
            self._newest = change
        self._woken.set()

    def wake(self) -> None:
        """Let the follower read the board, for changes may have been missed."""
        self._newest = None
        self._woken.set()


class Announcements:
    """The process's one subscription to the changes of all exports.

    ``client`` is a ready asynchronous client. Follow first, read the board then, wait after that: no change is lost
    in between. After a failure of the broker the subscription comes back by itself and wakes every follower.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._followers: dict[str, set[Follower]] = {}
        self._decoder = msgspec.json.Decoder(ready(Change))
        self._subscribed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen, in the background; a broker that does not answer yet is tried again."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep_listening(), name="announcements")

    async def stop(self) -> None:
        """End the subscription and wake whoever still waits."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                # It ends by itself only by a mistake in the program, which is not to pass unseen.
                task.result()
        self._subscribed.clear()
        self._wake_all()

    @property
    def subscribed(self) -> bool:
        """Whether the subscription stands at the moment."""
        return self._subscribed.is_set()

    @asynccontextmanager
    async def follow(self, export_id: str) -> AsyncGenerator[Follower]:
        """Follow one export within the block."""
        follower = Follower()
        self._followers.setdefault(export_id, set()).add(follower)
        try:
            yield follower
        finally:
            remaining = self._followers[export_id]
            remaining.discard(follower)
            if not remaining:
                del self._followers[export_id]

    async def _keep_listening(self) -> None:
        delay = FIRST_DELAY
        while True:
            try:
                async with self._client.pubsub() as subscription:
                    await self._listen(subscription)
            except (RedisError, OSError, BrokerUnavailable) as error:
                logger.warning("announcements.interrupted", extra={"reason": str(error), "retry_in": delay})
            delay = FIRST_DELAY if self._subscribed.is_set() else min(delay * 2, LONGEST_DELAY)
            self._subscribed.clear()
            await asyncio.sleep(delay)

    async def _listen(self, subscription: PubSub) -> None:
        await subscription.subscribe(CHANGES_CHANNEL)
        asked = False
        while True:
            message = await subscription.get_message(timeout=SILENCE)
            if message is not None:
                asked = False
                self._take(message["type"], message["data"])
            elif asked:
                raise BrokerUnavailable("The broker has stopped answering on the subscription.")
            else:
                await subscription.ping()
                asked = True

    def _take(self, kind: str, data: bytes) -> None:
        if kind == "subscribe":
            # The client subscribes anew by itself when its connection breaks; either way changes may have been missed.
            self._subscribed.set()
            self._wake_all()
        elif kind == "message":
            self._hand_on(data)

    def _hand_on(self, data: bytes) -> None:
        try:
            change = self._decoder.decode(data)
        except msgspec.DecodeError:
            logger.warning("announcements.unreadable", extra={"size": len(data)})
            return
        for follower in self._followers.get(change.id, ()):
            follower.offer(change)

    def _wake_all(self) -> None:
        for followers in self._followers.values():
            for follower in followers:
                follower.wake()
