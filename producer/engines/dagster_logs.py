"""Logs of a Dagster run: the events as lines, and what the processes wrote, where it can be told whose it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from producer.engines.cursor import Cursor
from producer.engines.dagster_events import Event

_STREAMS: Final = ("stdout", "stderr")


class Captured(NamedTuple):
    """What processes wrote: by the step that alone wrote it, a text for each process in their order, and the rest."""

    by_step: dict[str, list[str]]
    rest: dict[str, str]


def lines(events: Iterable[Event]) -> str | None:
    """Write events as the lines of a log: time, level, type, message."""
    return "\n".join(filter(None, map(_line, events))) or None


def _line(event: Event) -> str:
    level, message = event.whole.get("level").label() or "", event.whole.get("message").label() or ""
    parts = (event.time, level, event.type, message)
    return " ".join(part for part in parts if part) if message or event.type else ""


def captured(logs: Cursor, events: list[Event]) -> Captured:
    """Read the captured logs: of one process, or of several by the key of their file.

    A process that runs several steps writes into one file, which then is nobody's alone; Dagster names with it the
    first of its steps only.
    """
    steps = {event.step for event in events if event.step}
    owners = {event.whole.get("fileKey").label(): _owner(event) for event in events if event.type == "LOGS_CAPTURED"}
    if len(owners) == 1 and len(steps) > 1:
        owners = {}
    if any(logs.has(stream) for stream in _STREAMS):
        files = {next(iter(owners), None) or "": logs}
    else:
        files = {key: file for key, file in logs.items() if isinstance(file.value, dict)}
    begun = {key: position for position, key in enumerate(owners)}
    by_step: dict[str, list[str]] = {}
    rest: dict[str, str] = {}
    for key in sorted(files, key=lambda key: begun.get(key, len(begun))):
        owner = owners.get(key) or (key if key in steps else None)
        texts = {stream: text for stream in _STREAMS if (text := files[key].get(stream).text())}
        if owner:
            told = "\n".join(f"{stream}:\n{text.rstrip()}" for stream, text in texts.items())
            by_step.setdefault(owner, []).append(told)
        else:
            rest |= {f"{key} {stream}".strip(): text for stream, text in texts.items()}
    return Captured(by_step, rest)


def _owner(event: Event) -> str | None:
    """Name the one step that wrote a file."""
    keys = event.whole.get("stepKeys").value
    if isinstance(keys, list):
        return keys[0] if len(keys) == 1 and isinstance(keys[0], str) else None
    return event.step
