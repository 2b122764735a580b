"""Sends tasks by name; whoever sends imports no code of the tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from producer.contract.board import TaskBoard
from producer.contract.board.exports import ExportBoard, MarkedTask
from producer.contract.export import Pending
from producer.contract.messages import write_message
from producer.contract.tasks import (
    CALLBACK_QUEUE,
    CALLBACK_TASK,
    ENQUEUED_AT,
    EXPORT_TASK,
    LARGE_QUEUES,
    SMALL_QUEUES,
    ExportMessage,
)
from producer.contract.views import pending_view

_HEADER: Final = f'"{ENQUEUED_AT}":'.encode()
_NO_TIME: Final = 0


class Queue:
    """The way to the workers, for the gateway and the sweeper. Every method raises BrokerUnavailable.

    A message tells the time of the board's queued mark, in milliseconds: the sweeper compares the two.
    """

    def __init__(self, tasks: TaskBoard, exports: ExportBoard) -> None:
        self._tasks = tasks
        self._exports = exports

    def export(self, pending: Pending, record: str | None = None, *, first: bool = False, once: bool = False) -> bool:
        """Mark an export as queued and ask a worker to make it, in one step; tell whether that was needed.

        A small record may ride along. With ``once`` it is not needed where the export has its mark already; so it is
        with ``first``, for which see ExportMessage.
        """
        queue = (LARGE_QUEUES if pending.large else SMALL_QUEUES)[0]
        message = write_message(EXPORT_TASK, ExportMessage(pending, record, first), queue, {ENQUEUED_AT: _NO_TIME})
        # The broker's clock tells the time. The header's name is nowhere before: arguments are written in Base64.
        before, header, after = message.partition(_HEADER)
        task = MarkedTask(queue, before + header, after.removeprefix(str(_NO_TIME).encode()))
        view = pending_view(pending)
        return (
            self._exports.queued(view, pending.generation, large=pending.large, once=first or once, task=task)
            is not None
        )

    def put_back(self, pending: Pending, marked_at: int) -> None:
        """Ask a worker to make an export that was put back, and has its mark already."""
        queue = (LARGE_QUEUES if pending.large else SMALL_QUEUES)[1]
        self._send(EXPORT_TASK, queue, ExportMessage(pending), {ENQUEUED_AT: marked_at})

    def callback(self, export_id: str, name: str) -> None:
        """Ask a worker to deliver a callback."""
        self._send(CALLBACK_TASK, CALLBACK_QUEUE, {"export_id": export_id, "name": name}, {})

    def _send(self, task: str, queue: str, arguments: object, headers: Mapping[str, object]) -> None:
        self._tasks.push(queue, write_message(task, arguments, queue, headers))
