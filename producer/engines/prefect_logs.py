"""Prefect's logs: lines of text, cut into attempts, and the errors in them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from producer.engines import times
from producer.engines.cursor import Cursor
from producer.engines.prefect_states import Attempt

_LEVELS: Final = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}
_TRACEBACK: Final = "Traceback (most recent call last):"
_RETRY_FOLLOWS: Final = re.compile(r"Task run failed with exception: .* - Retry \d+/\d+ will start ", re.DOTALL)
_HOOK: Final = "An error was encountered while running hook"


def in_order(logs: Iterable[Cursor]) -> list[Cursor]:
    """Sort log entries by their time, those without one first, as they came."""
    return sorted(logs, key=lambda log: times.instant(log.get("timestamp").time() or _FIRST))


_FIRST: Final = "0001-01-01T00:00:00Z"


def line(log: Cursor) -> str:
    """Write an entry as loggers do."""
    level = log.get("level").value
    grade = _LEVELS.get(level, str(level)) if isinstance(level, int) else level
    parts = (log.get("timestamp").label(), grade, log.get("name").label())
    head = " ".join(str(part) for part in parts if part)
    message = log.get("message").label() or ""
    return f"{head}: {message}" if head else message


def text(logs: Sequence[Cursor]) -> str | None:
    """Write a log."""
    return "\n".join(line(log) for log in logs) or None


def by_attempt(logs: Sequence[Cursor], attempts: Sequence[Attempt]) -> list[list[Cursor]]:
    """Cut a task run's log where its attempts begin.

    What Prefect says of a failed attempt is logged a moment after the next one has begun, where it begins at once;
    where all of these sentences are there, they are the ends of the attempts, else it is the time.
    """
    ends = [place for place, log in enumerate(logs) if _RETRY_FOLLOWS.match(log.get("message").label() or "")]
    if len(ends) != len(attempts) - 1:
        moments = [times.instant(log.get("timestamp").time() or _FIRST) for log in logs]
        starts = [times.instant(attempt.started_at or _FIRST) for attempt in attempts[1:]]
        ends = [bisect_left(moments, start) - 1 for start in starts]
    cuts = [0, *(end + 1 for end in ends), len(logs)]
    return [list(logs[begin:end]) for begin, end in pairwise(cuts)]


def error(logs: Iterable[Cursor], message: str | None) -> str | None:
    """Put an error together: the state's message, and the last traceback of the log, or what a retry was due to."""
    messages = [said for log in logs if not (said := log.get("message").label() or "").startswith(_HOOK)]
    traced = [said for said in messages if _TRACEBACK in said]
    if traced:
        before, _, stack = traced[-1].partition(_TRACEBACK)
        return f"{message or before.strip()}\n\n{_TRACEBACK}{stack}".strip()
    retried = [said for said in messages if _RETRY_FOLLOWS.match(said)]
    return message or (retried[-1] if retried else None)
