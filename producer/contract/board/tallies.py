"""What the audit log says of exports, summed up: who asked for one first, and how often it was downloaded.

The sums follow from the batches of the log in storage, each of which is counted once. To know a batch again, the names
of counted ones are kept, but not for ever: up to the *floor*, a name of a batch that only rises, all are counted. On a
board that was lost there is no floor, and counting begins with the first batch of the log.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from producer.contract.audit import Tally
from producer.contract.board import places
from producer.contract.board.broker import Argument, Broker


class Demand(NamedTuple):
    """Who asked for an export first, None where the board does not know, and how often it was downloaded."""

    requested_by: str | None
    downloads: int


class Floor(NamedTuple):
    """The name up to which all batches are counted, None where none is known to be.

    ``life`` is the board's: another one was lost since, with all that was counted on it.
    """

    life: str
    name: str | None


class Tallies:
    """The sums. Every method raises BrokerUnavailable."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def of(self, export_ids: Sequence[str]) -> list[Demand]:
        """Tell the sums of exports, in their order."""
        if not export_ids:
            return []
        names = [places.encoded(each) for each in export_ids]
        found = self._broker.batch([("HMGET", places.ASKED, *names), ("HMGET", places.DOWNLOADS, *names)])
        return [Demand(by.decode() if by else None, int(count or 0)) for by, count in zip(*found, strict=True)]

    def asked(self, names: Mapping[str, str]) -> None:
        """Note who asked for exports first, by the exports' ids, where storage was asked for it."""
        if names:
            self._broker.command("HSET", places.ASKED, *_flat(names))

    def count(self, batch: str, tally: Tally, *, passed_in: str | None = None) -> bool:
        """Take the batch of a name into the sums, unless that was done before; tell whether it was done by this.

        ``passed_in`` is for whoever stored the batch when the floor had passed its name already, in that life of the
        board: nobody else comes across it then. It must not be counted so twice.
        """
        counted = [places.ASKED, places.DOWNLOADS, places.COUNTED, places.FLOOR, places.LIFE]
        arguments: list[Argument] = [batch, passed_in or "", len(tally.asked)]
        arguments += [*_flat(tally.asked), *_flat(tally.downloads)]
        return bool(self._broker.run("count", counted, arguments))

    def floor(self) -> Floor:
        """Tell up to where all batches are counted."""
        _, life, name = self._broker.batch(
            [("SET", places.LIFE, uuid.uuid4().hex, "NX"), ("GET", places.LIFE), ("GET", places.FLOOR)]
        )
        return Floor(life.decode(), name.decode() if name is not None else None)

    def raise_floor(self, life: str, name: str) -> bool:
        """Say that all batches up to a name were counted in a life of the board; False where that is over."""
        return bool(self._broker.run("raise_floor", [places.COUNTED, places.FLOOR, places.LIFE], [life, name]))

    def counted(self, batches: Sequence[str]) -> set[str]:
        """Tell which of these batches above the floor are counted."""
        if not batches:
            return set()
        scores = self._broker.command("ZMSCORE", places.COUNTED, *batches)
        return {name for name, score in zip(batches, scores, strict=True) if score is not None}


def _flat(values: Mapping[str, str | int]) -> list[Argument]:
    return list(chain.from_iterable((places.encoded(name), value) for name, value in values.items()))
