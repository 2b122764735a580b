"""Step Functions' values: JSON in strings, and errors whose cause is often JSON again."""

from __future__ import annotations

from typing import Any, Final

from producer.contract import jsontext
from producer.contract.errors import RunfolioError
from producer.engines.cursor import Cursor

_TRACES: Final = ("stackTrace", "trace", "stack")
_MESSAGE: Final = "errorMessage"


def value(text: Any) -> Any:
    """Parse JSON in a string; what is no JSON, or no string, stays as it is."""
    if not isinstance(text, str):
        return text
    try:
        return jsontext.decode(text)
    except RunfolioError:
        return text


def error(told: Cursor) -> tuple[str | None, dict[str, Any] | None]:
    """Write an error and its cause as text with the stack, and return what the cause tells besides."""
    name, cause = told.get("error").label(), value(told.get("cause").value)
    if not isinstance(cause, dict) or not isinstance(cause.get(_MESSAGE), str):
        shown = cause if isinstance(cause, str) else None
        others = None if shown is not None or cause is None else {"cause": cause}
        return ": ".join(part for part in (name, shown) if part) or None, others
    traces = [_lines(cause[key]) for key in _TRACES if key in cause]
    head = ": ".join(part for part in (name, cause[_MESSAGE]) if part)
    kind = cause.get("errorType")
    used = {_MESSAGE, *_TRACES, *(["errorType"] if kind == name else [])}
    others = {key: each for key, each in cause.items() if key not in used}
    return "\n".join([head, *(trace for trace in traces if trace)]), others or None


def _lines(trace: Any) -> str:
    if isinstance(trace, list):
        return "\n".join(_lines(each).rstrip("\n") for each in trace)
    return trace if isinstance(trace, str) else jsontext.encode(trace).decode()
