"""Sends tasks by name; whoever sends imports no code of the tasks."""

from __future__ import annotations

from collections.abc import Mapping

from producer.contract.board import TaskBoard
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


class Queue:
    """The way to the workers, for the gateway and the sweeper."""

    def __init__(self, tasks: TaskBoard) -> None:
        self._tasks = tasks

    def export(
        self,
        pending: Pending,
        marked_at: int,
        record: str | None = None,
        *,
        again: bool = False,
        first: bool = False,
    ) -> None:
        """Ask a worker to make an export, or one that was put back; a small record may ride along.

        ``marked_at`` is the time of the board's queued mark, in milliseconds: the sweeper compares the two. Raises
        BrokerUnavailable. See ExportMessage for ``first``.
        """
        message = ExportMessage(pending, record, first)
        queue = (LARGE_QUEUES if pending.large else SMALL_QUEUES)[again]
        self._send(EXPORT_TASK, queue, message, {ENQUEUED_AT: marked_at})

    def callback(self, export_id: str, name: str) -> None:
        """Ask a worker to deliver a callback. Raises BrokerUnavailable."""
        self._send(CALLBACK_TASK, CALLBACK_QUEUE, {"export_id": export_id, "name": name}, {})

    def _send(self, task: str, queue: str, arguments: object, headers: Mapping[str, object]) -> None:
        self._tasks.push(queue, write_message(task, arguments, queue, headers))
