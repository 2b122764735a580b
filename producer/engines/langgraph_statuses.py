"""LangGraph's and LangSmith's words for how a run stands, and what tells it where there is no word."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from producer.contract.record import Status
from producer.engines.cursor import Cursor
from producer.engines.vocabulary import Phase, Vocabulary

STATUSES: Final = Vocabulary(
    {
        "pending": Phase.QUEUED,
        "running": Phase.RUNNING,
        "paused": Phase.WAITING,
        "success": Status.SUCCEEDED,
        "error": Status.FAILED,
        "timeout": Status.TIMED_OUT,
        "interrupted": Status.INTERRUPTED,
        "cancelled": Status.CANCELLED,
    },
    notes={"interrupted": "LangGraph stopped this run before it was through (its status: 'interrupted')."},
)
"""``paused`` and ``cancelled`` are no words of the engine: they name what its exceptions mean."""

_EXCEPTIONS: Final = (
    ("GraphInterrupt(", "paused"),
    ("NodeInterrupt(", "paused"),
    ("ParentCommand(", "success"),
    ("CancelledError(", "cancelled"),
    ("KeyboardInterrupt(", "cancelled"),
)
"""LangGraph steers itself by exceptions, which the tracer writes down as errors."""


class Word(NamedTuple):
    """A status word, and what it means; None where the word is unknown."""

    cursor: Cursor
    meaning: Status | Phase | None


def run_word(run: Cursor) -> Word:
    """Find the word for how a traced run stands: from its error, its own status, or its end."""
    word = _word(run)
    known = isinstance(word.value, str)
    return Word(word, STATUSES.words.get(word.value) if known else None)


def _word(run: Cursor) -> Cursor:
    error, status = run.get("error"), run.get("status")
    steering = _steering(error.value)
    if steering is not None:
        return Cursor(steering, error.path)
    pause = _pause(run.get("outputs"))
    if pause is not None:
        return pause
    if status.exists:
        return status
    if error.exists and error.value != "":
        return Cursor("error", error.path)
    return Cursor("success" if run.get("end_time").exists else "running", status.path)


def _steering(error: Any) -> str | None:
    if not isinstance(error, str):
        return None
    return next((word for beginning, word in _EXCEPTIONS if error.startswith(beginning)), None)


def _pause(outputs: Cursor) -> Cursor | None:
    """Recognise the answer of a graph that waits for a person."""
    value = outputs.value
    waits = isinstance(value, dict) and bool(value.get("__interrupt__"))
    return Cursor("paused", f"{outputs.path}.__interrupt__") if waits else None
