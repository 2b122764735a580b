"""Names and delivery options of the tasks: what gateway and worker must agree on to speak through Celery."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from producer.contract.export import Pending

EXPORT_TASK: Final = "runfolio.export"
CALLBACK_TASK: Final = "runfolio.callback"
EXPORT_QUEUE: Final = "runfolio-exports"
CALLBACK_QUEUE: Final = "runfolio-callbacks"
ENQUEUED_AT: Final = "enqueued_at"
"""Message header: when the task was sent, in milliseconds since the epoch."""


class ExportMessage(Struct, frozen=True):
    """What an export task carries. A small record rides along as the text of its header object."""

    pending: Pending
    record: str | None = None


def delivery_options() -> dict[str, Any]:
    """Celery settings that both sides need alike.

    Messages are acknowledged when a process takes them: ownership is the board's lease, not the message, so Redis'
    visibility time-out matters only for messages that a killed worker had fetched and not begun. It must be equal on
    both sides.
    """
    return {
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "worker_send_task_events": False,
        "broker_transport_options": {
            "visibility_timeout": 30,
            "socket_timeout": 10,
            "socket_connect_timeout": 3,
        },
        "broker_connection_retry_on_startup": True,
    }


def encode_message(message: ExportMessage) -> dict[str, Any]:
    """Turn a message into the task's keyword arguments, plain JSON."""
    builtins = msgspec.to_builtins(message)
    assert isinstance(builtins, dict)  # noqa: S101 # a Struct becomes a dict; the stub says Any
    return builtins


def decode_message(arguments: dict[str, Any]) -> ExportMessage:
    """Rebuild a message from the task's keyword arguments."""
    return msgspec.convert(arguments, ExportMessage)
