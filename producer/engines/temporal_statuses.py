"""The events with which a Temporal workflow, and whatever it started, comes to an end."""

from __future__ import annotations

from typing import Final

from producer.contract.record import Status
from producer.engines.vocabulary import Vocabulary

EXECUTIONS: Final = Vocabulary(
    {
        "WorkflowExecutionCompleted": Status.SUCCEEDED,
        "WorkflowExecutionFailed": Status.FAILED,
        "WorkflowExecutionTimedOut": Status.TIMED_OUT,
        "WorkflowExecutionCanceled": Status.CANCELLED,
        "WorkflowExecutionTerminated": Status.CANCELLED,
        "WorkflowExecutionContinuedAsNew": Status.SUCCEEDED,
    },
    notes={
        "WorkflowExecutionTerminated": "The workflow was terminated: it could not clean up.",
        "WorkflowExecutionContinuedAsNew": "This run ended to go on in a new one.",
    },
)

STEPS: Final = Vocabulary(
    {
        "ActivityTaskCompleted": Status.SUCCEEDED,
        "ActivityTaskFailed": Status.FAILED,
        "ActivityTaskTimedOut": Status.TIMED_OUT,
        "ActivityTaskCanceled": Status.CANCELLED,
        "ChildWorkflowExecutionCompleted": Status.SUCCEEDED,
        "ChildWorkflowExecutionFailed": Status.FAILED,
        "ChildWorkflowExecutionTimedOut": Status.TIMED_OUT,
        "ChildWorkflowExecutionCanceled": Status.CANCELLED,
        "ChildWorkflowExecutionTerminated": Status.CANCELLED,
        "StartChildWorkflowExecutionFailed": Status.FAILED,
        "TimerFired": Status.SUCCEEDED,
        "TimerCanceled": Status.CANCELLED,
        "ExternalWorkflowExecutionSignaled": Status.SUCCEEDED,
        "SignalExternalWorkflowExecutionFailed": Status.FAILED,
        "ExternalWorkflowExecutionCancelRequested": Status.SUCCEEDED,
        "RequestCancelExternalWorkflowExecutionFailed": Status.FAILED,
        "WorkflowExecutionUpdateCompleted": Status.SUCCEEDED,
        "WorkflowExecutionUpdateRejected": Status.FAILED,
        "NexusOperationCompleted": Status.SUCCEEDED,
        "NexusOperationFailed": Status.FAILED,
        "NexusOperationTimedOut": Status.TIMED_OUT,
        "NexusOperationCanceled": Status.CANCELLED,
    },
    notes={"ChildWorkflowExecutionTerminated": "The child workflow was terminated: it could not clean up."},
)

ONGOING: Final = frozenset(
    {
        "WorkflowExecutionStarted",
        "WorkflowExecutionSignaled",
        "WorkflowExecutionCancelRequested",
        "WorkflowExecutionUpdateAdmitted",
        "WorkflowExecutionUpdateAccepted",
        "WorkflowExecutionUpdateRejected",
        "WorkflowExecutionUpdateCompleted",
        "WorkflowExecutionOptionsUpdated",
        "WorkflowExecutionPaused",
        "WorkflowExecutionUnpaused",
    }
)
"""Events about the workflow itself after which it goes on."""
