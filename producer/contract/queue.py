"""Sends tasks by name; whoever sends imports no code of the tasks."""

from __future__ import annotations

from celery import Celery
from kombu.exceptions import OperationalError

from producer.contract.errors import BrokerUnavailable
from producer.contract.export import Pending
from producer.contract.tasks import (
    CALLBACK_QUEUE,
    CALLBACK_TASK,
    ENQUEUED_AT,
    EXPORT_QUEUE,
    EXPORT_TASK,
    ExportMessage,
    delivery_options,
    encode_message,
)


def make_celery(broker_url: str) -> Celery:
    """Return a Celery application that can send; it connects when it first does."""
    app = Celery("runfolio", broker=broker_url, set_as_current=False)
    app.conf.update(delivery_options())
    app.conf.update(task_publish_retry_policy={"max_retries": 2, "interval_start": 0.05, "interval_max": 0.5})
    return app


class Queue:
    """The way to the workers, for the gateway and the sweeper."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def export(self, pending: Pending, marked_at: int, record: str | None = None) -> None:
        """Ask a worker to make an export; a small record may ride along. Raises BrokerUnavailable.

        ``marked_at`` is the time of the board's queued mark, in milliseconds: the sweeper compares the two.
        """
        message = encode_message(ExportMessage(pending, record))
        self._send(EXPORT_TASK, EXPORT_QUEUE, message, headers={ENQUEUED_AT: marked_at})

    def callback(self, export_id: str, name: str) -> None:
        """Ask a worker to deliver a callback. Raises BrokerUnavailable."""
        self._send(CALLBACK_TASK, CALLBACK_QUEUE, {"export_id": export_id, "name": name})

    def _send(
        self, task: str, queue: str, arguments: dict[str, object], headers: dict[str, object] | None = None
    ) -> None:
        try:
            self._app.send_task(
                task,
                kwargs=arguments,
                queue=queue,
                headers=headers,
                ignore_result=True,
                # Celery would put the arguments, with link and record, into a header once more, and into logs.
                argsrepr="()",
                kwargsrepr="{…}",
            )
        except (OperationalError, OSError) as error:
            raise BrokerUnavailable(
                f"The broker does not take tasks: {error}.", remedy="The export is kept and made when it is back."
            ) from None
