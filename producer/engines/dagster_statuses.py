"""Dagster's words for runs and steps, and the events with which an attempt of a step ends."""

from __future__ import annotations

from typing import Final

from producer.contract.record import Status
from producer.engines.vocabulary import Phase, Vocabulary

RUNS: Final = Vocabulary(
    {
        "QUEUED": Phase.QUEUED,
        "NOT_STARTED": Phase.QUEUED,
        "MANAGED": Phase.QUEUED,
        "STARTING": Phase.QUEUED,
        "STARTED": Phase.RUNNING,
        "SUSPENDED": Phase.WAITING,
        "CANCELING": Phase.RUNNING,
        "SUCCESS": Status.SUCCEEDED,
        "FAILURE": Status.FAILED,
        "CANCELED": Status.CANCELLED,
    }
)

STATS: Final = Vocabulary(
    {
        "SKIPPED": Status.SKIPPED,
        "SUCCESS": Status.SUCCEEDED,
        "FAILURE": Status.FAILED,
        "IN_PROGRESS": Phase.RUNNING,
    }
)

EVENTS: Final = Vocabulary(
    {
        "STEP_SUCCESS": Status.SUCCEEDED,
        "STEP_FAILURE": Status.FAILED,
        "STEP_UP_FOR_RETRY": Status.FAILED,
        "STEP_SKIPPED": Status.SKIPPED,
    }
)
