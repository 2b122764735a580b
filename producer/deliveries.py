"""The use cases around callbacks of an export: how they stand, and telling receivers once more."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from producer.audit import AuditLog
from producer.contract import callbacks
from producer.contract.audit import Action
from producer.contract.board import Board
from producer.contract.callbacks import Callback, CallbackEntry, Delivery
from producer.contract.errors import BrokerUnavailable, Conflict, InvalidOptions
from producer.contract.export import Export, Pending
from producer.contract.objects import ObjectStore
from producer.contract.outbox import Outbox, Settled
from producer.contract.queue import Queue
from producer.contract.views import settled_view
from producer.exports import unknown_export

log = logging.getLogger(__name__)


class DeliveryLog(Struct, frozen=True):
    """The attempts to tell receivers of an export, oldest first, and how each of its callbacks stands."""

    items: list[Delivery]
    callbacks: list[Callback]


class Redelivery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which callback is to be told once more; all of the export's where none is named."""

    callback: str | None = None


class Redelivered(Struct, frozen=True):
    """The callbacks that were put back."""

    items: list[Callback]


@dataclass(frozen=True)
class Deliveries:
    """The callbacks of exports. ``enabled`` tells whether there is a secret to sign them with."""

    objects: ObjectStore
    outbox: Outbox
    board: Board
    queue: Queue
    audit: AuditLog
    enabled: bool
    now: Callable[[], datetime]

    def of(self, export_id: str) -> DeliveryLog:
        """Show what became of an export's callbacks."""
        registered = callbacks.callbacks_of(self.objects, export_id)
        return DeliveryLog(
            callbacks.read_log(self.objects, export_id), [callbacks.shown(one) for one in registered.values()]
        )

    def again(self, export_id: str, asked: Redelivery, asked_by: str) -> Redelivered:
        """Put callbacks back, durably, to be told of the export as it is now.

        Receivers know a message that they have by its ``webhook-id``. Raises NotFound, Conflict, and InvalidOptions
        naming ``callback``.
        """
        settled = self._tellable(export_id)
        view, generation = settled_view(settled.facts, self.now()), settled.facts.pending.generation
        _require_told_of(view)
        entries = [
            callbacks.put_back(self.objects, export_id, generation, url, self.now())
            for url in self._addresses(export_id, asked.callback)
        ]
        self._send(entries)
        self.audit.note(Action.REDELIVERED, asked_by, view)
        return Redelivered([callbacks.shown(entry) for entry in entries])

    def _tellable(self, export_id: str) -> Settled:
        if not self.enabled:
            raise Conflict(
                "Callbacks are switched off: there is no secret to sign them with.",
                remedy="Set RUNFOLIO_CALLBACK_SECRET.",
            )
        current = self.outbox.current(export_id)
        if current is None:
            raise unknown_export()
        if isinstance(current, Pending):
            raise Conflict(
                "The export is being made; its callbacks are told by themselves as soon as it is ready or has failed.",
                remedy="Wait for the export's end.",
            )
        return current

    def _addresses(self, export_id: str, callback: str | None) -> list[str]:
        registered = callbacks.callbacks_of(self.objects, export_id)
        if not registered:
            raise Conflict(
                "The export has no callback.",
                remedy="Ask for the export with callback_url; one that is ready is told of at once.",
            )
        if callback is None:
            return [callbacks.entry_of(one).url for one in registered.values()]
        if callback not in registered:
            raise InvalidOptions(
                "The export has no such callback.",
                field="callback",
                remedy=f"Take its name from GET /v1/exports/{export_id}/deliveries.",
            )
        return [callbacks.entry_of(registered[callback]).url]

    def _send(self, entries: list[CallbackEntry]) -> None:
        """Ask for entries to be told at once; where the broker is away, the sweeper asks later."""
        try:
            for entry in entries:
                self.queue.callback(entry.export_id, entry.name)
            self.board.callbacks.note([entry.export_id for entry in entries])
        except BrokerUnavailable as error:
            log.warning("broker is away, callbacks left to the sweeper", extra={"reason": error.detail})


def _require_told_of(view: Export) -> None:
    if view.status not in callbacks.EVENT_TYPES:
        raise Conflict(
            f"The export is {view.status}, of which receivers are not told: there is no archive to lead them to.",
            remedy="Export again with POST /v1/workflows/{workflow_id}/executions/{execution_id}/exports.",
        )
