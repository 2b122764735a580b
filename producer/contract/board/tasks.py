"""The queues that Celery's workers take from: lists, pushed to at the head and taken from at the tail."""

from __future__ import annotations

from producer.contract.board.broker import Broker


class TaskBoard:
    """The way into the queues. Every method raises BrokerUnavailable."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def push(self, queue: str, message: bytes) -> None:
        """Put a message, as Celery reads it, at the end of a queue."""
        self._broker.command("LPUSH", queue, message)
