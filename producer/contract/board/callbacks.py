"""Which exports have callbacks, so that a list of them need not ask storage; what became of each lies there alone.

A note is never taken back: addresses are kept for as long as their export is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from producer.contract.board import places
from producer.contract.board.broker import Broker


class CallbackBoard:
    """The notes. Every method raises BrokerUnavailable."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def note(self, export_ids: Collection[str]) -> None:
        """Note that these exports have callbacks."""
        if export_ids:
            self._broker.command("SADD", places.CALLED, *map(places.encoded, export_ids))

    def noted(self, export_ids: Sequence[str]) -> set[str]:
        """Tell which of these exports have callbacks."""
        if not export_ids:
            return set()
        found = self._broker.command("SMISMEMBER", places.CALLED, *map(places.encoded, export_ids))
        return {export_id for export_id, there in zip(export_ids, found, strict=True) if there}
