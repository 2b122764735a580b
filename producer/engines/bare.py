"""Records of payloads that name an execution and do not say how it ended."""

from __future__ import annotations

from typing import Any, Final

from producer.contract.record import Status
from producer.engines.cursor import Cursor, present

UNKNOWN: Final = "The event did not say how the execution ended."


def bare_record(workflow: Cursor, name: Cursor, execution: Cursor) -> dict[str, Any]:
    """Make a record of ids alone. Raises InvalidRecord where one of them is missing or none.

    An execution that is not known to have ended well or badly counts as interrupted until its engine was asked.
    """
    return {
        "workflow": present(id=workflow.identifier(), name=name.text() or None),
        "execution": {"id": execution.identifier(), "status": Status.INTERRUPTED.value, "notes": [UNKNOWN]},
        "steps": [],
    }


def named(value: Any) -> str | None:
    """Read an id as text, ``None`` for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return None
    return str(value)
