"""Waiting for an export: held requests and event streams, woken by the broker and safe without it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, NamedTuple

import anyio

from producer.api.bridge import in_thread
from producer.contract.export import Export, State
from producer.gateway import Gateway

_LOOK_AGAIN: Final = 5.0
"""Seconds after which the export is read even if nobody announced a change: an announcement can be lost."""


class Change(NamedTuple):
    """An export at a moment. ``id`` names the moment: a client that saw it need not see it again."""

    id: str
    export: Export


async def watch(gateway: Gateway, export_id: str, last_seen: str | None) -> AsyncIterator[Change]:
    """Yield an export now and after each change, until it is settled.

    ``last_seen`` is the id of a change that the client has: the first one is left out where nothing has happened
    since, unless the export is settled.
    """
    seen = last_seen
    async with gateway.announcements.follow(export_id) as follower:
        while True:
            change = await _look(gateway, export_id)
            if change.id != seen or change.export.status.settled:
                yield change
                seen = change.id
            if change.export.status.settled:
                return
            await follower.wait(_LOOK_AGAIN)


async def _look(gateway: Gateway, export_id: str) -> Change:
    export = await in_thread(gateway.calls, gateway.exports.watched, export_id)
    return Change(f"{export.status}-{export.progress.done}-{export.download_url[-6:]}", export)


async def settled_within(gateway: Gateway, export_id: str, seconds: float) -> Export:
    """Return an export as soon as it is settled, or as it is when the time is over."""
    export: Export | None = None
    with anyio.move_on_after(seconds):
        async for change in watch(gateway, export_id, None):
            export = change.export
    return export or (await _look(gateway, export_id)).export


def event_of(export: Export) -> str:
    """Name the Server-Sent Event of an export's state."""
    return "progress" if export.status is State.RUNNING else export.status.value
