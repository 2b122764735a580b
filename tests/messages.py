"""Messages as a worker's task gets them."""

from __future__ import annotations

from typing import Any

import msgspec

from producer.contract.tasks import ExportMessage


def encode_message(message: ExportMessage) -> dict[str, Any]:
    """Turn a message into the task's keyword arguments, plain JSON."""
    builtins = msgspec.to_builtins(message)
    assert isinstance(builtins, dict)
    return builtins
