"""Temporal's failures as text that people read: message and stack, down to the first cause."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from producer.engines.cursor import Cursor
from producer.engines.temporal_payloads import readable

_TOLD: Final = ("message", "stackTrace", "cause", "encodedAttributes")


def text(failure: Cursor) -> str | None:
    """Write a failure as text; None where there is none."""
    parts = [_one(link) for link in _chain(failure)]
    return "\n\nCaused by: ".join(part for part in parts if part) or None


def more(failure: Cursor) -> list[dict[str, Any]] | None:
    """Return what the text does not tell of a failure and of each of its causes, such as types and details."""
    found = [readable(link.rest(*_TOLD)) for link in _chain(failure)]
    return [each for each in found if each] or None


def _chain(failure: Cursor) -> Iterator[Cursor]:
    here = failure
    while isinstance(here.value, dict) and here.value:
        yield here
        here = here.get("cause")


def _one(failure: Cursor) -> str:
    encoded = readable(failure.get("encodedAttributes").value)
    hidden = encoded if isinstance(encoded, dict) else {}
    message = _string(failure.get("message").value) or _string(hidden.get("message"))
    stack = _string(failure.get("stackTrace").value) or _string(hidden.get("stack_trace"))
    kind = _string(_info(failure, "applicationFailureInfo", "type"))
    timeout = _string(_info(failure, "timeoutFailureInfo", "timeoutType")).removeprefix("TIMEOUT_TYPE_")
    head = ": ".join(part for part in (kind, message) if part)
    head += f" (time-out: {timeout})" if timeout else ""
    return "\n".join(part for part in (head or _kind(failure), stack.rstrip()) if part)


def _info(failure: Cursor, name: str, field: str) -> Any:
    info = failure.get(name).value
    return info.get(field) if isinstance(info, dict) else None


def _kind(failure: Cursor) -> str:
    """Name what kind of failure it is where it has no message."""
    infos = [name.removesuffix("FailureInfo") for name in failure.fields() if name.endswith("FailureInfo")]
    return f"A failure without a message ({', '.join(infos)})" if infos else "A failure without a message"


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
