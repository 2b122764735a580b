"""Names and content of the tasks: what gateway and worker must agree on to speak through Celery."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from producer.contract.export import Pending
from producer.contract.ready import ready

EXPORT_TASK: Final = "runfolio.export"
CALLBACK_TASK: Final = "runfolio.callback"
EXPORT_QUEUE: Final = "runfolio-exports"
AGAIN_QUEUE: Final = "runfolio-exports-again"
"""Exports that were put back. Workers take from both queues in turn: whoever lost a worker has waited before, and does
not wait again behind all that came since."""

CALLBACK_QUEUE: Final = "runfolio-callbacks"
SMALL_QUEUES: Final = (EXPORT_QUEUE, AGAIN_QUEUE)
LARGE_QUEUES: Final = ("runfolio-large", "runfolio-large-again")
"""The same for large exports, which take long: workers of their own make them, and small ones never wait for them."""

EXPORT_QUEUES: Final = (*SMALL_QUEUES, *LARGE_QUEUES)
QUEUES: Final = (*EXPORT_QUEUES, CALLBACK_QUEUE)
ENQUEUED_AT: Final = "enqueued_at"
"""Message header: when the task was sent, in milliseconds since the epoch."""


class ExportMessage(Struct, frozen=True):
    """What an export task carries. A small record rides along as the text of its header object.

    ``first`` says that storage knew nothing of the export when it was accepted, just before this was sent.
    """

    pending: Pending
    record: str | None = None
    first: bool = False


def decode_message(arguments: dict[str, Any]) -> ExportMessage:
    """Rebuild a message from the task's keyword arguments."""
    return msgspec.convert(arguments, ready(ExportMessage))
