"""When the sweeper stops putting an export back, when it tries again, and what its user is told."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from producer.contract.board import Attempts
from producer.contract.problem import NAMESPACE, Problem

PATIENCE: Final = timedelta(days=1)
"""How long after it was accepted an export that is handed back, because storage or broker do not work, still waits."""

_LONGEST_PAUSE: Final = 60.0
_LONGEST_PAUSE_HANDED_BACK: Final = 15.0
"""Storage or broker were away: what waits for them shall go on soon after they are back."""

_REMEDY: Final = "Look into the workers' log for this export's id, then run 'runfolio retry', or export again."


def reason_to_give_up(attempts: Attempts, max_attempts: int, since: datetime, now: datetime) -> str | None:
    """Tell why an export is to be given up that is about to be put back, or ``None`` where it is to be tried again.

    Attempts that ended without a word count: a record that kills its worker must not do so for ever. Those that were
    handed back do not, for the record is not to blame; they end with patience.
    """
    if attempts.lost > max_attempts:
        return (
            f"{attempts.lost - 1} attempts to make the archive ended without a result: each time the worker was lost."
        )
    if attempts.handed_back and now - since > PATIENCE:
        return (
            f"{attempts.handed_back} attempts to make the archive were broken off since {since:%Y-%m-%d %H:%M} UTC, "
            f"the last for this reason: {attempts.reason}"
        )
    return None


def pause_after(attempts: Attempts, chance: Callable[[], float] = random.random) -> float:
    """Tell for how many seconds an export that is put back is then left alone: twice as long each time, up to a limit.

    Up to a quarter is added by chance, so that exports which failed together do not all come back together.
    """
    longest = _LONGEST_PAUSE_HANDED_BACK if attempts.handed_back and attempts.lost <= 1 else _LONGEST_PAUSE
    doubled: float = min(2.0 ** (attempts.put_back - 1), longest)
    return doubled * (1 + chance() / 4)


def given_up(detail: str) -> Problem:
    """Describe to a user that an export was given up."""
    return Problem(f"{NAMESPACE}given-up", "The export was given up", 422, detail, None, _REMEDY)
