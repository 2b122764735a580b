"""Airflow's structured task logs as text, and the errors in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from producer.contract import jsontext
from producer.contract.errors import MalformedBody
from producer.engines.cursor import Cursor

_WORN: Final = frozenset({"dag_id", "run_id", "task_id", "ti_id", "map_index", "try_number", "ti"})
"""What every line repeats of its task instance."""
_PLACED: Final = frozenset({"timestamp", "level", "logger", "event", "filename", "lineno", "error_detail"})
_ERRORS: Final = frozenset({"error", "critical", "fatal"})
_DEEPEST_GROUP: Final = 20
_TRACEBACK: Final = re.compile(r"^Traceback \(most recent call last\):\n.*?(?=^\[|\Z)", re.DOTALL | re.MULTILINE)


class TaskLog(NamedTuple):
    """A try's log as text, the error that it tells, and a remark where it is not whole."""

    text: str | None
    error: str | None
    note: str | None


def read_log(log: Cursor) -> TaskLog:
    """Read the log of a try: an answer of the API, the list of its entries, lines of JSON, or text."""
    content = log.get("content") if log.has("content") else log
    if isinstance(log.value, dict) and not log.has("content"):
        return TaskLog(None, None, f"The log could not be had: {_refusal(log)}")
    entries = list(_entries(content.value))
    text = "\n".join(_line(entry) for entry in entries)
    more = log.has("continuation_token") and bool(log.get("continuation_token").value)
    return TaskLog(text or None, _error(entries), "The event held only the beginning of this log." if more else None)


def _refusal(log: Cursor) -> str:
    told = (log.get(name).label() for name in ("__http_error__", "detail", "body"))
    return " ".join(part[:200] for part in told if part) or "the event held no content."


def _entries(content: Any) -> Iterator[dict[str, Any] | str]:
    if isinstance(content, str):
        yield from _of_text(content)
    elif isinstance(content, list):
        for entry in content:
            if isinstance(entry, dict):
                yield entry
            else:
                # Older versions write pairs of a host and its text.
                yield from map(_as_text, entry if isinstance(entry, list) else [entry])
    elif content is not None:
        yield _as_text(content)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else jsontext.encode(value).decode()


def _of_text(text: str) -> Iterator[dict[str, Any] | str]:
    """Read text that may be lines of JSON, as the API writes them on demand and as they lie in log files."""
    if not text.startswith("{"):
        yield text
        return
    for line in text.splitlines():
        entry = _json_object(line)
        yield line if entry is None else entry


def _json_object(line: str) -> dict[str, Any] | None:
    try:
        entry = jsontext.decode(line)
    except MalformedBody:
        return None
    return entry if isinstance(entry, dict) else None


def _line(entry: dict[str, Any] | str) -> str:
    """Write an entry as loggers do: when, how grave, who, what, and whatever else it says."""
    if isinstance(entry, str):
        return entry
    head = " ".join(str(part) for part in (entry.get("timestamp"), _level(entry).upper(), entry.get("logger")) if part)
    more = [f"{key}={_as_text(value)}" for key, value in entry.items() if _tells(key, value)]
    place = [f"({entry['filename']}:{entry.get('lineno', '?')})"] if entry.get("filename") else []
    said = " ".join([_as_text(entry.get("event", "")), *more, *place])
    return "\n".join(
        part for part in (f"{head}: {said}" if head else said, _traceback(entry.get("error_detail"))) if part
    )


def _tells(key: str, value: Any) -> bool:
    return key not in _WORN and key not in _PLACED and value is not None


def _level(entry: dict[str, Any]) -> str:
    return str(entry.get("level") or "")


def _error(entries: list[dict[str, Any] | str]) -> str | None:
    """Find the last exception, else what was logged as an error, else a traceback in text."""
    traced = [trace for entry in entries if isinstance(entry, dict) and (trace := _described(entry))]
    if traced:
        return traced[-1]
    lines = [
        _as_text(entry.get("event", ""))
        for entry in entries
        if isinstance(entry, dict) and _level(entry).lower() in _ERRORS
    ]
    if lines:
        return "\n".join(lines)
    found = [match[0] for entry in entries if isinstance(entry, str) for match in _TRACEBACK.finditer(entry)]
    return found[-1].rstrip() if found else None


def _described(entry: dict[str, Any]) -> str:
    stacks = _stacks(entry.get("error_detail"))
    return f"{_message(stacks[0])}\n\n{_traceback(stacks)}" if stacks else ""


def _stacks(detail: Any) -> list[dict[str, Any]]:
    return [stack for stack in detail if isinstance(stack, dict)] if isinstance(detail, list) else []


def _message(stack: dict[str, Any]) -> str:
    kind, value = stack.get("exc_type"), stack.get("exc_value")
    notes = stack.get("exc_notes")
    lines = [f"{kind or 'Exception'}: {value}" if value else str(kind or "Exception")]
    return "\n".join([*lines, *(str(note) for note in notes)] if isinstance(notes, list) else lines)


def _traceback(detail: Any, depth: int = 0) -> str:
    """Write exceptions as Python does: the cause first, although the log has it last."""
    stacks = _stacks(detail)
    parts: list[str] = []
    for stack in reversed(stacks):
        parts.append("\n".join(["Traceback (most recent call last):", *_frames(stack), _message(stack)]))
        parts.extend(_group(stack, depth))
        if stack is not stacks[0]:
            parts.append(_DIRECT if stack.get("is_cause") else _WHILE)
    return "\n\n".join(parts)


_DIRECT: Final = "The above exception was the direct cause of the following exception:"
_WHILE: Final = "During handling of the above exception, another exception occurred:"


def _group(stack: dict[str, Any], depth: int) -> Iterator[str]:
    members = stack.get("exceptions")
    if not isinstance(members, list) or depth >= _DEEPEST_GROUP:
        return
    for number, member in enumerate(members, 1):
        inside = _traceback(member if isinstance(member, list) else [member], depth + 1)
        yield "\n".join(["", f"Exception {number} of the group:", inside]).strip()


def _frames(stack: dict[str, Any]) -> Iterator[str]:
    frames = stack.get("frames")
    for frame in frames if isinstance(frames, list) else []:
        if isinstance(frame, dict):
            where, line, name = frame.get("filename"), frame.get("lineno"), frame.get("name")
            yield f'  File "{where}", line {line}, in {name}'
