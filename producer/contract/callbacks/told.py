"""Callbacks that came to their end, in ``receivers/<export id>/<callback id>.json``, and how all of an export stand.

An entry moves here when it is delivered or given up: so the address is always kept, and can be told again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from producer.contract import jsontext, keys
from producer.contract.callbacks.entries import CallbackEntry, callback_id, entries
from producer.contract.errors import Conflict, InvalidRecord, MalformedBody, ObjectNotFound
from producer.contract.export import State
from producer.contract.objects import ObjectStore

log = logging.getLogger(__name__)

EVENT_TYPES: Final = {
    State.READY: "runfolio.export.ready.v1",
    State.FAILED: "runfolio.export.failed.v1",
}
"""The states that receivers are told of. Who deletes an export, or lets it expire, knows already."""


MOST_CALLBACKS: Final = 50
"""Addresses that one export tells."""


class Standing(StrEnum):
    """How a callback stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given-up"


class EndedCallback(Struct, frozen=True):
    """A callback that was delivered or given up, as its entry was then."""

    entry: CallbackEntry
    standing: Standing
    ended_at: datetime


class Callback(Struct, frozen=True):
    """A callback of an export as people see it; path and query of its address stay untold.

    ``callback`` names it in its export, and ``receiver`` is scheme and host of its address. ``next_attempt_at`` is null
    where none is set: the callback is delivered, given up, or to be told as soon as the export is settled. ``reason``
    tells what became of the last attempt.
    """

    callback: str
    receiver: str
    message_id: str
    status: Standing
    attempts: int
    next_attempt_at: datetime | None
    ended_at: datetime | None
    reason: str | None


def end(objects: ObjectStore, entry: CallbackEntry, standing: Standing, now: datetime) -> None:
    """Take an entry from what is to be told to what came to its end. Raises StorageUnavailable."""
    ended = EndedCallback(entry, standing, now)
    objects.put(
        keys.receiver(entry.export_id, entry.callback_id), jsontext.encode(ended), content_type="application/json"
    )
    objects.delete([entry.key])


def callbacks_of(objects: ObjectStore, export_id: str) -> dict[str, CallbackEntry | EndedCallback]:
    """Return every callback of an export by its id, in the order in which they were asked for.

    An address that is to be told counts as waiting, whatever it was told before; of two generations the newer one.
    """
    found: dict[str, CallbackEntry | EndedCallback] = {one.entry.callback_id: one for one in _ended(objects, export_id)}
    for entry in sorted(entries(objects, export_id), key=lambda one: one.generation):
        found[entry.callback_id] = entry
    return dict(sorted(found.items(), key=lambda item: (entry_of(item[1]).created_at, item[0])))


def require_room(objects: ObjectStore, export_id: str, url: str) -> None:
    """Raise Conflict unless an export may tell this address too; requests at the same time may exceed it by a few."""
    folders = (f"{prefix}{keys.segment(export_id)}/" for prefix in (keys.CALLBACKS, keys.RECEIVERS))
    known = {keys.callback_of(found.key) for folder in folders for found in objects.list(folder)}
    if len(known) >= MOST_CALLBACKS and callback_id(url) not in known:
        raise Conflict(
            f"The export tells {MOST_CALLBACKS} addresses already, which is the most.",
            field="callback_url",
            remedy="Let one receiver tell the others, or leave callback_url out and follow the export's events.",
        )


def entry_of(callback: CallbackEntry | EndedCallback) -> CallbackEntry:
    """Return a callback's entry, its last one where it came to its end."""
    return callback if isinstance(callback, CallbackEntry) else callback.entry


def shown(callback: CallbackEntry | EndedCallback) -> Callback:
    """Show a callback to people."""
    entry, ended = entry_of(callback), callback if isinstance(callback, EndedCallback) else None
    timed = ended is None and entry.attempts > 0 and not entry.claimed
    return Callback(
        callback=entry.callback_id,
        receiver=entry.target.origin,
        message_id=entry.message_id,
        status=ended.standing if ended else Standing.WAITING,
        attempts=entry.attempts,
        next_attempt_at=entry.next_attempt_at if timed else None,
        ended_at=ended.ended_at if ended else None,
        reason=entry.last_outcome,
    )


def _ended(objects: ObjectStore, export_id: str) -> Iterator[EndedCallback]:
    for found in objects.list(f"{keys.RECEIVERS}{keys.segment(export_id)}/"):
        try:
            content = objects.get(found.key)
            yield jsontext.convert(jsontext.decode(content.data, where="ended callback"), EndedCallback)
        except ObjectNotFound:
            continue
        except (MalformedBody, InvalidRecord) as error:
            log.warning("callback.unreadable", extra={"key": found.key, "reason": error.detail})
