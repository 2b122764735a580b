"""Argo's phases of workflows and nodes, and what Argo tells only in a message: what was stopped, what ran too long."""

from __future__ import annotations

from typing import Final

from producer.contract.record import Status
from producer.engines.cursor import Cursor
from producer.engines.vocabulary import Phase, StepEnd, Vocabulary

_ERROR: Final = "Argo itself failed to run this (the engine's phase: 'Error')."

WORKFLOWS: Final = Vocabulary(
    {
        "": Phase.QUEUED,
        "Pending": Phase.QUEUED,
        "Running": Phase.RUNNING,
        "Succeeded": Status.SUCCEEDED,
        "Failed": Status.FAILED,
        "Error": Status.FAILED,
    },
    notes={"Error": _ERROR},
)

NODES: Final = Vocabulary(
    {
        "": Phase.QUEUED,
        "Pending": Phase.QUEUED,
        "Running": Phase.RUNNING,
        "Succeeded": Status.SUCCEEDED,
        "Skipped": Status.SKIPPED,
        "Omitted": Status.SKIPPED,
        "Failed": Status.FAILED,
        "Error": Status.FAILED,
    },
    notes={"Error": _ERROR},
)

_STOPPED: Final = ("workflow shutdown with strategy", "Stopped with strategy")
_LATE: Final = (
    "Step exceeded its deadline",
    "Step exceeded workflow deadline",
    "Max duration limit exceeded",
    "Pod was active on the node longer than the specified deadline",
)


def workflow_end(workflow: Cursor) -> StepEnd:
    """Read how a workflow ended: one that somebody shut down has failed in Argo's words. Raises NotCompleted."""
    status = workflow.get("status")
    end = WORKFLOWS.execution(_phase(status))
    shutdown = workflow.get("spec", "shutdown").label()
    if shutdown and end.status is Status.FAILED:
        return StepEnd(Status.CANCELLED, f"Somebody shut the workflow down: '{shutdown}' (Argo's phase: 'Failed').")
    return _refined(end, status.get("message").label() or "")


def node_end(node: Cursor) -> StepEnd:
    """Read how a node of a completed workflow ended."""
    return _refined(NODES.step(_phase(node)), node.get("message").label() or "")


def _phase(holder: Cursor) -> Cursor:
    """Read the phase; Argo leaves it out before a workflow or a node has one."""
    phase = holder.get("phase")
    return phase if phase.exists else Cursor("", phase.path)


def _refined(end: StepEnd, message: str) -> StepEnd:
    if end.status is not Status.FAILED:
        return end
    if any(words in message for words in _STOPPED):
        return StepEnd(Status.CANCELLED, "It was stopped with the workflow (Argo's phase: 'Failed').")
    if any(words in message for words in _LATE):
        return StepEnd(Status.TIMED_OUT, "It ran longer than allowed (Argo's phase: 'Failed').")
    return end
