"""Leases: one worker at a time owns an export, and what a former owner still sends changes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from producer.contract.board import places
from producer.contract.board.broker import Argument, Broker
from producer.contract.board.entries import Lease, Refusal
from producer.contract.board.exports import arguments_of, keys_of, require_settled
from producer.contract.errors import Conflict, LeaseLost
from producer.contract.export import Export, State

_WITH_CALLBACKS: Final = 2


def in_milliseconds(duration: timedelta) -> int:
    """Write a time to live as the broker takes it: whole milliseconds, at least one."""
    return max(1, duration // timedelta(milliseconds=1))


class Leases:
    """Fenced ownership of exports. Every method raises BrokerUnavailable.

    A lease whose time has passed is not lost at once: its holder may renew and settle as long as nobody else took
    the export, nobody put it back into the queue, and it is not settled or revoked. A lease is lost with the board,
    since nobody could tell any more who came after.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def acquire(self, export: Export, generation: int, *, owner: str, ttl: timedelta) -> Lease | Refusal:
        """Take an export into work: it becomes running and its queued mark goes.

        ``export`` is what the task knows, so that the board is whole again after this even if it was lost. Its
        status does not matter. The lease's number is above the last one and not below the clock.
        """
        # The random part lets an answer that was lost on the way be asked for again, and nobody else take it.
        name = f"{owner}/{uuid.uuid4().hex}"
        arguments = [*arguments_of(export, generation), name, in_milliseconds(ttl)]
        number: int = self._broker.run("acquire", keys_of(export.id, export.workflow.id), arguments)
        return Lease(export.id, generation, name, number) if number > 0 else Refusal(number)

    def renew(self, lease: Lease, ttl: timedelta) -> None:
        """Prolong a lease to ``ttl`` from now. Raises LeaseLost."""
        self._fenced("renew", lease, [in_milliseconds(ttl)])

    def progress(self, lease: Lease, done: int, total: int) -> None:
        """Note and publish how far the export is, in steps. Raises LeaseLost."""
        self._fenced("progress", lease, [done, total])

    def settle(self, lease: Lease, export: Export) -> bool:
        """End an export as its status says, release the lease, list it and publish it, in one step.

        Returns whether it was noted that the export has callbacks. Raises LeaseLost, and Conflict where a running
        export cannot become that.
        """
        require_settled(export)
        answer = self._changed("settle", lease, export, [export.status], [places.CALLED])
        if answer < 0:
            raise Conflict(
                f"Export {export.id} is {State.RUNNING} and cannot become {export.status}.",
                field="status",
                remedy="Settle a running export as ready, failed or deleted.",
            )
        return answer == _WITH_CALLBACKS

    def hand_back(self, lease: Lease, export: Export, reason: str) -> None:
        """Release a running export undone: it is queued again, without a queued mark. Raises LeaseLost.

        ``reason`` is a sentence for people, which is told where the export is given up in the end.
        """
        self._changed("hand_back", lease, export, [reason])

    def revoke(self, export_id: str) -> bool:
        """Take an export's lease away from whoever holds it: whatever the holder does next raises LeaseLost.

        Returns whether anybody held one.
        """
        keys = [places.export(export_id), places.live(export_id)]
        return bool(self._broker.run("revoke", keys, [places.encoded(export_id), 0]))

    def _fenced(self, script: str, lease: Lease, arguments: list[Argument]) -> None:
        keys = [places.export(lease.export_id), places.live(lease.export_id)]
        fence: list[Argument] = [lease.export_id, lease.generation, lease.owner, lease.number]
        if not self._broker.run(script, keys, [*fence, *arguments]):
            raise _lost(lease)

    def _changed(
        self, script: str, lease: Lease, export: Export, arguments: list[Argument], more_keys: Sequence[bytes] = ()
    ) -> int:
        fenced: list[Argument] = [*arguments_of(export, lease.generation), lease.owner, lease.number]
        keys = [*keys_of(lease.export_id, export.workflow.id), *more_keys]
        answer: int = self._broker.run(script, keys, [*fenced, *arguments])
        if answer == 0:
            raise _lost(lease)
        return answer


def _lost(lease: Lease) -> LeaseLost:
    return LeaseLost(
        f"{lease.owner} no longer holds export {lease.export_id}: its lease {lease.number} has ended.",
        remedy="Stop and change nothing; whoever holds the export now, or the sweeper, finishes it.",
    )
