"""How long fuzzing lasts, and what came of it."""

from __future__ import annotations

import os
import resource
from typing import Final, NamedTuple

CI_SECONDS: Final = 60.0
"""What all of it takes at least where nobody asks for more; RUNFOLIO_FUZZ_SECONDS asks."""

SHARE_OF_HTTP: Final = 0.5
"""Of the time: for requests to a real gateway."""

SHARE_GUIDED: Final = 0.1
"""Of the time: for the fuzzer that follows branches. The rest is for what reads bodies, part by part."""


class Campaign(NamedTuple):
    """A part that was fuzzed: how many cases there were, and how many of them were not refused, where that is known.

    ``grown`` is the memory in MiB that the process has taken meanwhile.
    """

    part: str
    cases: int
    taken: int | None
    seconds: float
    slowest: float | None
    grown: int


CAMPAIGNS: Final[list[Campaign]] = []
"""What has been fuzzed in this run, for the table at its end."""


_SECONDS: Final = float(os.environ.get("RUNFOLIO_FUZZ_SECONDS", CI_SECONDS))
# Read when this is imported: the gateway under test lets nothing of its environment through.


def seconds() -> float:
    """Return how long all of it may take."""
    return _SECONDS


def peak() -> int:
    """Return the most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
