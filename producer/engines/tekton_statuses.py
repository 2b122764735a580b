"""How Tekton says that something stands: by a condition's status, and its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from producer.contract.record import Status
from producer.engines.cursor import Cursor
from producer.engines.vocabulary import Phase, Vocabulary

STATUSES: Final = Vocabulary(
    {
        "True": Status.SUCCEEDED,
        "False": Status.FAILED,
        "Unknown": Phase.RUNNING,
        "Pending": Phase.QUEUED,
        "PipelineRunPending": Phase.WAITING,
        "Cancelled": Status.CANCELLED,
        "PipelineRunCancelled": Status.CANCELLED,
        "TaskRunCancelled": Status.CANCELLED,
        "CancelledRunningFinally": Status.CANCELLED,
        "StoppedRunningFinally": Status.CANCELLED,
        "StoppedRunFinally": Status.CANCELLED,
        "CustomRunCancelled": Status.CANCELLED,
        "RunCancelled": Status.CANCELLED,
        "PipelineRunTimeout": Status.TIMED_OUT,
        "TaskRunTimeout": Status.TIMED_OUT,
        "CustomRunTimedOut": Status.TIMED_OUT,
        "RunTimedOut": Status.TIMED_OUT,
    }
)
"""The statuses of the condition ``Succeeded``; beside them the reasons by which one that is ``False`` is no failure.
``Pending`` stands for an object that has no condition yet."""

TERMINATIONS: Final[Mapping[str, Status]] = {
    "Completed": Status.SUCCEEDED,
    "Continued": Status.FAILED,
    "Error": Status.FAILED,
    "OOMKilled": Status.FAILED,
    "TimeoutExceeded": Status.TIMED_OUT,
    "Skipped": Status.SKIPPED,
    "Cancelled": Status.CANCELLED,
}
"""Why the container of a step ended. ``Continued`` is a failure that the task was told to ignore."""


def condition(status: Cursor) -> Cursor:
    """Find the condition that tells whether something succeeded."""
    for one in status.get("conditions").each():
        if one.get("type").value == "Succeeded":
            return one
    return Cursor(None, f"{status.path}.conditions")


def word(status: Cursor) -> Cursor:
    """Find the word for how a run stands."""
    found = condition(status)
    if not found.exists:
        return Cursor("Pending", found.path)
    stands, reason = found.get("status"), found.get("reason").value
    if not isinstance(reason, str) or reason not in STATUSES.words:
        return stands
    decides = stands.value == "False" or (stands.value == "Unknown" and reason == "PipelineRunPending")
    return Cursor(reason, found.get("reason").path) if decides else stands


def explanation(status: Cursor) -> str | None:
    """Tell the reason and the message of the condition."""
    found = condition(status)
    parts = [part for part in (found.get("reason").text(), found.get("message").text()) if part]
    return ": ".join(parts) or None
