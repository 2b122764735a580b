"""Logs of jobs, kept beside the jobs by their ids or names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from producer.engines.cursor import Cursor


class JobLogs:
    """Finds the log of each job, and remembers what belongs to none of them."""

    def __init__(self, logs: Cursor, jobs: Sequence[Cursor]) -> None:
        self._logs = dict(logs.items())
        names = Counter(job.get("name").label() for job in jobs)
        # A name that several jobs share says of none of them that the log is its own.
        self._telling = {name for name, count in names.items() if count == 1}
        self._asked: set[str] = set()

    def of(self, job: Cursor) -> str | None:
        """Find a job's log."""
        name = job.get("name").label()
        keys = [key for key in (job.get("id").label(), name if name in self._telling else None) if key]
        self._asked.update(keys)
        return next((self._logs[key].text() for key in keys if key in self._logs), None)

    def unused(self) -> dict[str, Any] | None:
        """Return the logs of jobs that the event does not hold."""
        return {key: log.value for key, log in self._logs.items() if key not in self._asked} or None
