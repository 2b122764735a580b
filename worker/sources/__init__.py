"""Fetches from an engine's API what its event left out, before an archive is made of it.

``completion`` is the story: from the record as it was told to the one that is exported. Each engine has one file that
knows its API; ``client`` asks, with retries and within limits of time and size, by way of ``http``, which speaks to the
configured address alone.
"""

from __future__ import annotations

from worker.sources.client import Limits
from worker.sources.completion import Completion, Most
from worker.sources.engine import Engines

__all__ = ["Completion", "Engines", "Limits", "Most"]
