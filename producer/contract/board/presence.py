"""Signs of life: of processes, and of the index itself."""

from __future__ import annotations

import uuid
from datetime import timedelta

from producer.contract.board import places
from producer.contract.board.broker import Broker
from producer.contract.board.leases import in_milliseconds

_COMPLETE = b"complete"


class Heartbeats:
    """Which processes are alive. Every method raises BrokerUnavailable."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def beat(self, kind: str, name: str, ttl: timedelta) -> None:
        """Show that the process ``name`` of a kind (``worker``, ``sweeper``) lives, for ``ttl`` from now."""
        self._broker.run("beat", [places.alive(kind)], [places.encoded(name), in_milliseconds(ttl)])

    def alive(self, kind: str) -> int:
        """Count the processes of a kind that are alive."""
        return int(self._broker.run("beat", [places.alive(kind)]))


class Rebuild:
    """Whether the listing index holds everything that storage does. Every method raises BrokerUnavailable."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def complete(self) -> bool:
        """Tell whether the index was rebuilt since the board was last lost; a new board is not complete."""
        return bool(self._broker.command("GET", places.INDEX) == _COMPLETE)

    def start(self) -> str:
        """Begin to rebuild the index, and return the token to finish with."""
        token = uuid.uuid4().hex
        self._broker.command("SET", places.INDEX, token)
        return token

    def finish(self, token: str) -> bool:
        """Note the index as complete; False where the board was lost or another rebuild begun meanwhile."""
        return bool(self._broker.run("rebuilt", [places.INDEX], [token]))
