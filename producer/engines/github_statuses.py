"""GitHub's two words for how a run, a job or a step stands: its status, and once that is completed its conclusion."""

from __future__ import annotations

from typing import Final

from producer.contract.record import Status
from producer.engines.cursor import Cursor
from producer.engines.vocabulary import Phase, Vocabulary

STATUSES: Final = Vocabulary(
    {
        "requested": Phase.QUEUED,
        "queued": Phase.QUEUED,
        "pending": Phase.QUEUED,
        "waiting": Phase.WAITING,
        "in_progress": Phase.RUNNING,
        "action_required": Phase.WAITING,
        "success": Status.SUCCEEDED,
        "neutral": Status.SUCCEEDED,
        "failure": Status.FAILED,
        "startup_failure": Status.FAILED,
        "cancelled": Status.CANCELLED,
        "timed_out": Status.TIMED_OUT,
        "skipped": Status.SKIPPED,
        "stale": Status.INTERRUPTED,
    },
    notes={
        "neutral": "The conclusion is neither success nor failure (the engine's status: 'neutral').",
        "startup_failure": "The run could not start, mostly for a mistake in the workflow's file (the engine's "
        "status: 'startup_failure').",
        "stale": "GitHub gave up waiting for an end (the engine's status: 'stale').",
    },
)
_COMPLETED: Final = "completed"


def word_of(one: Cursor) -> Cursor:
    """Return the word that counts: the conclusion of what is completed, else the status."""
    status, conclusion = one.get("status"), one.get("conclusion")
    return conclusion if status.value == _COMPLETED or not status.exists else status
