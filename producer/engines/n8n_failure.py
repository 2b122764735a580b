"""n8n's errors as text that people read: the message, the description, the stack."""

from __future__ import annotations

from typing import Any

from producer.engines.cursor import Cursor


def failure(error: Cursor) -> tuple[Any, dict[str, Any] | None]:
    """Return an error's text and its other fields (code, context, cause …).

    The failing node inside of it is left out, for the step shows it. An error that is no object is given back as is.
    """
    if not isinstance(error.value, dict):
        return error.value, None
    parts = [_text(error.get(name)) for name in ("message", "description", "stack")]
    texts = [part for n, part in enumerate(parts) if part and not _repeats(part, parts[n + 1 :])]
    if not texts:
        return error.rest("node"), None
    others = error.rest("node", *(name for name in ("message", "description", "stack") if _text(error.get(name))))
    return "\n\n".join(texts), others


def _text(field: Cursor) -> str:
    return field.value if isinstance(field.value, str) else ""


def _repeats(part: str, later: list[str]) -> bool:
    """Whether a later part begins with this one, as stacks often begin with the message."""
    return any(other.startswith(part) for other in later)
