"""What an attempt to deliver a callback can come to."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from producer.contract.errors import RunfolioError


class Verdict(StrEnum):
    """What follows from an attempt."""

    DELIVERED = "delivered"
    RETRY = "retry"
    GIVEN_UP = "given-up"


class Outcome(NamedTuple):
    """The result of one attempt.

    ``reason`` is a sentence for people that gives nothing away about the network behind the worker. ``status`` is the
    HTTP status where there was an answer, ``retry_after`` the receiver's wish in seconds.
    """

    verdict: Verdict
    reason: str
    status: int | None = None
    retry_after: float | None = None


class Undelivered(RunfolioError):
    """There was no answer: the host could not be resolved, may not be told, or did not speak. Caught by the sender."""
