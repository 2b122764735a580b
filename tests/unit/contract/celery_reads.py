"""What Celery makes of messages and which ones it writes, by its own code; the queues are in this process's memory."""

from __future__ import annotations

import json
from typing import Any

from celery import Celery
from kombu import Connection
from kombu.message import Message

from worker.celery import delivery_options

MEMORY = "memory://"


def delivered(message: bytes) -> Message:
    """Read a message as a worker gets it."""
    with Connection(MEMORY) as connection:
        channel: Any = connection.default_channel
        read: Message = channel.message_to_python(json.loads(message))
        return read


def written(task: str, arguments: dict[str, Any], queue: str, headers: dict[str, Any]) -> dict[str, Any]:
    """Return the envelope that Celery writes to ask for a task."""
    app = Celery("other", broker=MEMORY, set_as_current=False)
    app.conf.update(delivery_options())
    app.send_task(
        task,
        kwargs=arguments,
        queue=queue,
        headers=headers,
        ignore_result=True,
        argsrepr="()",
        kwargsrepr="{…}",
    )
    with app.connection_for_read() as connection:
        channel: Any = connection.default_channel
        envelope: dict[str, Any] = channel._get(queue)  # noqa: SLF001 # there is no other way to the raw form
        return envelope
