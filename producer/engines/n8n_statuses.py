"""n8n's words for how an execution or a run of a node stands."""

from __future__ import annotations

from typing import Final

from producer.contract.record import Status
from producer.engines.cursor import Cursor
from producer.engines.vocabulary import Phase, StepEnd, Vocabulary

STATUSES: Final = Vocabulary(
    {
        "new": Phase.QUEUED,
        "running": Phase.RUNNING,
        "waiting": Phase.WAITING,
        "success": Status.SUCCEEDED,
        "error": Status.FAILED,
        "failed": Status.FAILED,
        "canceled": Status.CANCELLED,
        "crashed": Status.INTERRUPTED,
    },
    notes={"crashed": "n8n itself stopped while this was running (the engine's status: 'crashed')."},
)

_DERIVED: Final = "The event names no status; it was derived from the engine's other fields."


def execution_end(run: Cursor) -> StepEnd:
    """Read how an execution ended.

    Old versions wrote no status, and newer ones call what those left behind ``unknown``; what tells then is
    ``finished``, ``stoppedAt`` and ``waitTill``.
    """
    word = run.get("status")
    if word.exists and word.value != "unknown":
        return STATUSES.execution(word)
    if not run.has("finished"):
        raise word.problem("is missing, and 'finished' is too", remedy="Send the execution as n8n returns it.")
    return STATUSES.execution(Cursor(_derived(run), word.path))._replace(note=_DERIVED)


def _derived(run: Cursor) -> str:
    if run.get("waitTill").exists:
        return "waiting"
    if run.get("finished").value is True:
        return "success"
    return "error" if run.get("stoppedAt").exists else "running"


def run_end(task: Cursor) -> StepEnd:
    """Read how one run of a node ended; old versions told it only by the presence of an error."""
    word = task.get("executionStatus")
    if word.exists:
        return STATUSES.step(word)
    return StepEnd(Status.FAILED if task.get("error").exists else Status.SUCCEEDED, _DERIVED)
