"""The order in which steps are listed, and the numbers of those that ran more than once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from producer.engines import times

_LAST: Final = times.instant("9999-12-31T00:00:00Z")


def in_order(steps: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort steps by their start, else by their end; those without any time come last, in the order given."""
    return sorted(steps, key=_moment)


def _moment(step: dict[str, Any]) -> tuple[bool, datetime]:
    text = step.get("started_at") or step.get("finished_at")
    return (False, times.instant(text)) if text else (True, _LAST)


def numbered(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give every run of a step that ran more than once its number, from 1 in the order given."""
    runs, seen = Counter(step["name"] for step in steps), Counter[str]()
    result = []
    for step in steps:
        name = step["name"]
        seen[name] += 1
        result.append({**step, "iteration": seen[name]} if runs[name] > 1 else step)
    return result
