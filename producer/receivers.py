"""Who is to be told of an export's end: checked before anything is stored, and noted before the export is accepted."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from producer.contract import callbacks
from producer.contract.board import Board
from producer.contract.errors import BrokerUnavailable, Conflict
from producer.contract.export import RequestedExport
from producer.contract.objects import ObjectStore
from producer.contract.queue import Queue

log = logging.getLogger(__name__)

T = TypeVar("T")


def send_quietly(identity: str, send: Callable[[], T]) -> T | None:
    """Do what needs the broker, for what is durable or is about to be: where it is away, the sweeper does it."""
    try:
        return send()
    except BrokerUnavailable as error:
        log.warning("broker is away, left to the sweeper", extra={"export": identity, "reason": error.detail})
        return None


@dataclass(frozen=True)
class Receivers:
    """The addresses that exports tell of their end."""

    objects: ObjectStore
    board: Board
    queue: Queue
    enabled: bool
    allow: callbacks.AllowList
    now: Callable[[], datetime]

    def check(self, requested: RequestedExport) -> None:
        """Refuse a callback that cannot be made, before anything is stored. Raises Conflict, InvalidOptions."""
        if requested.callback_url is None:
            return
        if not self.enabled:
            raise Conflict(
                "Callbacks are switched off: there is no secret to sign them with.",
                field="callback_url",
                remedy="Set RUNFOLIO_CALLBACK_SECRET, or leave callback_url out and follow the export's events.",
            )
        callbacks.validate_url(requested.callback_url, self.allow)

    def note(self, identity: str, generation: int, url: str | None, *, now: bool) -> None:
        """Note that an address is to be told, durably; ``now`` where there is something to tell already.

        Raises Conflict where the export tells too many.
        """
        if url is None:
            return
        callbacks.require_room(self.objects, identity, url)
        # Noted first: whoever settles the export looks for entries where there is a note.
        send_quietly(identity, lambda: self.board.callbacks.note([identity]))
        entry = callbacks.register(self.objects, identity, generation, url, self.now())
        if now:
            send_quietly(identity, lambda: self.queue.callback(identity, entry.name))
