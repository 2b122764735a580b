"""Limits of calls that all gateways share: what each has let through, told by time and not by call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from producer.contract.board import places
from producer.contract.board.broker import CHUNK, Broker

_MICROSECONDS: Final = 1_000_000


class RateBoard:
    """Buckets by the name of their limit and their key. Every method raises BrokerUnavailable."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def spend(self, limit: str, interval: float, period: float, spent: Mapping[str, int]) -> dict[str, float]:
        """Take calls out of buckets, and tell in how many seconds each is full again.

        ``interval`` is the time in which one call grows back, ``period`` that in which all do, in seconds.
        """
        full: dict[str, float] = {}
        times = [round(interval * _MICROSECONDS), round(period * _MICROSECONDS)]
        everyone = [*spent]
        for start in range(0, len(everyone), CHUNK):
            keys = everyone[start : start + CHUNK]
            names = [places.bucket(limit, key) for key in keys]
            answers = self._broker.run("spend", names, [*times, *(spent[key] for key in keys)])
            full |= {key: answer / _MICROSECONDS for key, answer in zip(keys, answers, strict=True)}
        return full
