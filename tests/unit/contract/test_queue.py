from __future__ import annotations

import socket
from typing import Any, cast

import pytest
from redis import Redis

from producer.contract.board import Board, TaskBoard
from producer.contract.errors import BrokerUnavailable
from producer.contract.queue import Queue
from producer.contract.tasks import ENQUEUED_AT, decode_message
from tests.unit.contract.celery_reads import delivered
from tests.unit.contract.test_outbox import EXPORT, pending


class Pushed:
    """Stands in for the board's part and keeps what it is to push."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []

    def push(self, queue: str, message: bytes) -> None:
        self.messages.append((queue, message))

    def queue(self) -> Queue:
        return Queue(cast("TaskBoard", self))

    def only(self) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Return the queue, the headers and the keyword arguments of the one message, as a worker reads them."""
        ((queue, message),) = self.messages
        read = delivered(message)
        _, arguments, _ = read.decode()
        return queue, dict(read.headers), arguments


def test_an_export_is_sent_by_name_as_plain_json() -> None:
    pushed = Pushed()
    pushed.queue().export(pending(), 123, '{"digest":"x"}')
    queue, headers, arguments = pushed.only()
    assert (headers["task"], queue, headers[ENQUEUED_AT]) == ("runfolio.export", "runfolio-exports", 123)
    message = decode_message(arguments)
    assert (message.pending, message.record) == (pending(), '{"digest":"x"}')


def test_a_callback_is_sent_to_its_own_queue() -> None:
    pushed = Pushed()
    pushed.queue().callback(EXPORT, "0-ab.json")
    queue, headers, arguments = pushed.only()
    assert (headers["task"], queue) == ("runfolio.callback", "runfolio-callbacks")
    assert arguments == {"export_id": EXPORT, "name": "0-ab.json"}


def test_a_broker_that_is_not_there_is_an_error_of_ours() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    queue = Queue(Board(Redis(port=port)).tasks)
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        queue.callback(EXPORT, "x")
