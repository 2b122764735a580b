"""GitHub's jobs as steps, with the steps inside of each as nested entries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from producer.contract.record import Status
from producer.engines.cursor import Cursor, present
from producer.engines.github_statuses import STATUSES, word_of
from producer.engines.job_logs import JobLogs
from producer.engines.ordering import in_order, numbered
from producer.engines.prose import plain, table

_MATRIX: Final = re.compile(r"(?P<job>.+?) \((?P<values>.+)\)", re.DOTALL)
"""The name that GitHub gives to a job of a matrix: ``build (ubuntu-latest, 3.12)``."""


class Jobs:
    """The jobs of an event and their logs."""

    def __init__(self, root: Cursor) -> None:
        part = root.get("jobs")
        listing = part.get("jobs") if isinstance(part.value, dict) else part
        # Whoever collects the events of jobs has each of them in an envelope.
        self.each = [job.get("workflow_job") if job.has("workflow_job") else job for job in listing.each()]
        total = part.get("total_count").value if isinstance(part.value, dict) else 0
        self.total = total if isinstance(total, int) else 0
        self.logs = JobLogs(root.get("logs"), self.each)


def steps(jobs: Jobs) -> list[dict[str, Any]]:
    """Write the jobs in the order of their start; those of one matrix, and repeated ones, are iterations."""
    names = [_name(job) for job in jobs.each]
    matrices = {
        base for base, runs in Counter(_base(n) for n in set(names) if _MATRIX.fullmatch(n)).items() if runs > 1
    }
    titles = [_base(name) if _base(name) in matrices else name for name in names]
    written = [_step(job, title, jobs.logs.of(job)) for job, title in zip(jobs.each, titles, strict=True)]
    return numbered(in_order(written))


def _name(job: Cursor) -> str:
    name = job.get("name").text()
    if name is None:
        raise job.get("name").problem("is missing", remedy="Send the job as GitHub's API answers it.")
    return name


def _base(name: str) -> str:
    match = _MATRIX.fullmatch(name)
    return match["job"] if match else name


def _step(job: Cursor, title: str, log: str | None) -> dict[str, Any]:
    end = STATUSES.step(word_of(job))
    entries = [_entry(step) for step in job.get("steps").each()]
    inside = [_inside(step) for step in job.get("steps").each()]
    notes = [
        end.note,
        *inside,
        None if entries or end.status is Status.SKIPPED else "The event did not hold this job's steps.",
        None if log or end.status is Status.SKIPPED else _NO_LOG,
    ]
    return present(
        name=title,
        status=end.status.value,
        started_at=job.get("started_at").time(),
        finished_at=job.get("completed_at").time(),
        description=_description(job, title),
        error=_error(job, end.status),
        log=log,
        children=entries or None,
        notes=[note for note in notes if note] or None,
        details=_details(job),
    )


_NO_LOG: Final = (
    "The event did not hold this job's log, where whatever the job put out stands; GitHub keeps it for a time."
)
_SHOWN: Final = ("name", "status", "conclusion", "started_at", "completed_at", "steps")


def _details(job: Cursor) -> dict[str, Any] | None:
    fields = job.rest(*_SHOWN, "url", "run_url", "check_run_url")
    return fields or None


def _description(job: Cursor, title: str) -> str | None:
    """Say what distinguishes this run of the job, and list its steps with their times."""
    name, attempt, runner = job.get("name").text() or "", job.get("run_attempt").value, job.get("runner_name").label()
    matrix = _MATRIX.fullmatch(name) if name != title else None
    sentences = [
        f"Matrix: {plain(matrix['values'])}." if matrix else None,
        f"Attempt {attempt} of the run." if isinstance(attempt, int) and attempt > 1 else None,
        f"Runner: {plain(runner)}." if runner else None,
    ]
    rows = [_row(step) for step in job.get("steps").each()]
    parts = [" ".join(part for part in sentences if part), table(_HEAD, rows) if rows else ""]
    return "\n\n".join(part for part in parts if part) or None


_HEAD: Final = ("Number", "Step", "Status", "Started", "Finished")


def _row(step: Cursor) -> tuple[str, ...]:
    times = (step.get("started_at").time() or "", step.get("completed_at").time() or "")
    status = STATUSES.step(word_of(step)).status.value
    return (plain(step.get("number").label() or ""), plain(step.get("name").text() or ""), status, *times)


def _error(job: Cursor, status: Status) -> str | None:
    """Name the steps that failed; what they said stands in the log only."""
    if status not in {Status.FAILED, Status.TIMED_OUT}:
        return None
    return "\n".join(_failures(job)) or None


def _failures(job: Cursor) -> Iterator[str]:
    for step in job.get("steps").each():
        if STATUSES.step(word_of(step)).status in {Status.FAILED, Status.TIMED_OUT}:
            yield f"Step {step.get('number').label() or '?'} failed: {step.get('name').label() or 'without a name'}"


def _entry(step: Cursor) -> dict[str, Any]:
    """Write a step as a nested entry; its number and times stand in the table."""
    return present(
        name=step.get("name").text() or "",
        kind="step",
        status=STATUSES.step(word_of(step)).status.value,
        details=step.rest("name", "number", "status", "conclusion", "started_at", "completed_at"),
    )


def _inside(step: Cursor) -> str | None:
    """Say of a step what its status alone would hide."""
    note = STATUSES.step(word_of(step)).note
    return f"Step {step.get('number').label() or '?'}: {note}" if note else None
