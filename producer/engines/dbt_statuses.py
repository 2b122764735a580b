"""dbt's words for how a node ended."""

from __future__ import annotations

from typing import Final

from producer.contract.record import Status
from producer.engines.vocabulary import Phase, Vocabulary

STATUSES: Final = Vocabulary(
    {
        "success": Status.SUCCEEDED,
        "pass": Status.SUCCEEDED,
        "warn": Status.SUCCEEDED,
        "reused": Status.SUCCEEDED,
        "no-op": Status.SKIPPED,
        "skipped": Status.SKIPPED,
        "error": Status.FAILED,
        "fail": Status.FAILED,
        "runtime error": Status.FAILED,
        "partial success": Status.FAILED,
        "cancelled": Status.CANCELLED,
    },
    notes={
        "warn": "dbt warns (its status: 'warn').",
        "reused": "dbt reused what an earlier run had built (its status: 'reused').",
        "no-op": "There was nothing to run for this node (dbt's status: 'no-op').",
        "skipped": "dbt skipped this node, as it does where something above it failed.",
        "partial success": "Some batches succeeded and some failed (dbt's status: 'partial success').",
    },
)

CLOUD_STATUSES: Final = Vocabulary(
    {
        "Queued": Phase.QUEUED,
        "Starting": Phase.RUNNING,
        "Running": Phase.RUNNING,
        "Success": Status.SUCCEEDED,
        "Error": Status.FAILED,
        "Errored": Status.FAILED,
        "Failed": Status.FAILED,
        "Cancelled": Status.CANCELLED,
        "Canceled": Status.CANCELLED,
    }
)
"""Words of dbt's platform for a run of a job."""
