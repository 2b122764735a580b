"""Waiting for an export: held requests and event streams, woken by the broker and safe without it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final, NamedTuple

import anyio

from producer.api.bridge import in_thread
from producer.api.stopping import Stopping
from producer.contract.errors import Unavailable
from producer.contract.export import Export, State
from producer.gateway import Gateway

_LOOK_AGAIN: Final = 5.0
"""Seconds after which the export is read even if nobody announced a change: an announcement can be lost."""


class Change(NamedTuple):
    """An export at a moment. ``id`` names the moment: a client that saw it need not see it again."""

    id: str
    export: Export


def change_of(export: Export) -> Change:
    """Name the moment that an export shows. A link's token opens an archive, so only its digest goes into the name."""
    link = hashlib.sha256(export.download_url.encode()).hexdigest()[:8]
    return Change(f"{export.status}-{export.progress.done}-{link}", export)


async def watch(gateway: Gateway, stopping: Stopping, export_id: str, last_seen: str | None) -> AsyncGenerator[Change]:
    """Yield an export now and after each change, until it is settled or the gateway stops.

    ``last_seen`` is the id of a change that the client has: the first one is left out where nothing has happened
    since, unless the export is settled. While neither broker nor storage can tell, nothing is yielded. Raises NotFound.
    """
    seen = last_seen
    async with gateway.announcements.follow(export_id) as follower:
        with stopping.waking(follower.wake):
            told: Export | None = None
            while True:
                change = await _look(gateway, export_id) if told is None else change_of(told)
                if change is not None and (change.id != seen or change.export.status.settled):
                    yield change
                    seen = change.id
                if stopping.requested or (change is not None and change.export.status.settled):
                    return
                news = await follower.wait(_LOOK_AGAIN)
                told = None if news is None else news.export


async def while_allowed(
    changes: AsyncGenerator[Change], allowed: Callable[[Change], Awaitable[bool]]
) -> AsyncGenerator[Change]:
    """Yield changes as long as whoever sees them still may; a stream can last longer than a permission."""
    async with aclosing(changes):
        async for change in changes:
            if not await allowed(change):
                return
            yield change


async def _look(gateway: Gateway, export_id: str) -> Change | None:
    try:
        return change_of(await in_thread(gateway.calls, gateway.exports.find, export_id))
    except Unavailable:
        return None


async def settled_within(gateway: Gateway, stopping: Stopping, view: Export, seconds: float) -> Export:
    """Return an export as soon as it is settled, or as it is when the time is over or the gateway stops."""
    with anyio.move_on_after(seconds):
        async for change in watch(gateway, stopping, view.id, None):
            view = change.export
    return view


def event_of(export: Export) -> str:
    """Name the Server-Sent Event of an export's state."""
    return "progress" if export.status is State.RUNNING else export.status.value
