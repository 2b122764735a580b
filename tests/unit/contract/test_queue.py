from __future__ import annotations

import socket
from typing import Any, cast

import pytest
from redis import Redis

from producer.contract.board import Board, TaskBoard
from producer.contract.board.exports import ExportBoard, MarkedTask
from producer.contract.errors import BrokerUnavailable
from producer.contract.export import Export
from producer.contract.queue import Queue
from producer.contract.tasks import ENQUEUED_AT, decode_message
from tests.unit.contract.celery_reads import delivered
from tests.unit.contract.test_outbox import EXPORT, pending


class Pushed:
    """Stands in for the board's parts and keeps what they are to push."""

    def __init__(self, marked_at: int | None = 123) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.asked: list[tuple[bool, bool]] = []
        self._marked_at = marked_at

    def queued(self, _export: Export, _generation: int, *, large: bool, once: bool, task: MarkedTask) -> int | None:
        self.asked.append((large, once))
        if self._marked_at is not None:
            self.push(task.queue, task.before + str(self._marked_at).encode() + task.after)
        return self._marked_at

    def push(self, queue: str, message: bytes) -> None:
        self.messages.append((queue, message))

    def queue(self) -> Queue:
        return Queue(cast("TaskBoard", self), cast("ExportBoard", self))

    def only(self) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Return the queue, the headers and the keyword arguments of the one message, as a worker reads them."""
        ((queue, message),) = self.messages
        read = delivered(message)
        _, arguments, _ = read.decode()
        return queue, dict(read.headers), arguments


def test_an_export_is_sent_by_name_as_plain_json() -> None:
    pushed = Pushed()
    assert pushed.queue().export(pending(), '{"digest":"x"}', first=True)
    queue, headers, arguments = pushed.only()
    assert pushed.asked == [(False, True)]
    assert (headers["task"], queue, headers[ENQUEUED_AT]) == ("runfolio.export", "runfolio-exports", 123)
    message = decode_message(arguments)
    assert (message.pending, message.record, message.first) == (pending(), '{"digest":"x"}', True)


def test_an_export_that_nobody_need_make_is_not_sent() -> None:
    pushed = Pushed(marked_at=None)
    assert not pushed.queue().export(pending())
    assert pushed.messages == []


def test_what_was_put_back_goes_ahead_of_what_waits_for_its_first_turn() -> None:
    pushed = Pushed()
    pushed.queue().put_back(pending(), 456)
    queue, headers, arguments = pushed.only()
    assert (queue, headers[ENQUEUED_AT]) == ("runfolio-exports-again", 456)
    assert decode_message(arguments).pending == pending()


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
    board = Board(Redis(port=port))
    queue = Queue(board.tasks, board.exports)
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        queue.callback(EXPORT, "x")
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        queue.export(pending())
