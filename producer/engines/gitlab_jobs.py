"""GitLab's jobs as steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from producer.contract.record import Status
from producer.engines.cursor import Cursor, present
from producer.engines.job_logs import JobLogs
from producer.engines.ordering import in_order, numbered
from producer.engines.prose import plain
from producer.engines.vocabulary import Phase, StepEnd, Vocabulary

STATUSES: Final = Vocabulary(
    {
        "created": Phase.QUEUED,
        "waiting_for_resource": Phase.QUEUED,
        "waiting_for_callback": Phase.WAITING,
        "preparing": Phase.QUEUED,
        "pending": Phase.QUEUED,
        "scheduled": Phase.QUEUED,
        "manual": Phase.QUEUED,
        "running": Phase.RUNNING,
        "canceling": Phase.RUNNING,
        "success": Status.SUCCEEDED,
        "failed": Status.FAILED,
        "canceled": Status.CANCELLED,
        "skipped": Status.SKIPPED,
    }
)
"""Statuses of a job; in a pipeline that has ended, a manual or scheduled job is one that nobody started."""

_TIMEOUTS: Final = frozenset({"job_execution_timeout"})


def jobs_of(root: Cursor) -> list[Cursor]:
    """Go through all jobs, each once: the webhook tells of the same jobs as the API."""
    known: dict[str, Cursor] = {}
    for part in ("builds", "jobs", "bridges"):
        for job in root.get(part).each():
            key = job.get("id").label() or job.path
            told = known.get(key)
            known[key] = job if told is None else Cursor({**told.fields(), **(job.rest() or {})}, job.path)
    return list(known.values())


def steps(
    jobs: list[Cursor], logs: JobLogs, pipeline: Cursor, user: Cursor, address: str | None
) -> list[dict[str, Any]]:
    """Write the jobs in the order of their start, then those that never started; retries are iterations."""
    order = {stage.label(): position for position, stage in enumerate(pipeline.get("stages").each())}
    ordered = sorted(jobs, key=lambda job: (order.get(job.get("stage").label(), len(order)), _number(job)))
    return numbered(in_order(_step(job, logs.of(job), user, address) for job in ordered))


def _number(job: Cursor) -> int:
    value = job.get("id").value
    return value if isinstance(value, int) else 0


def _step(job: Cursor, log: str | None, user: Cursor, address: str | None) -> dict[str, Any]:
    end = _end(job)
    failed = end.status in {Status.FAILED, Status.TIMED_OUT}
    # Who started the pipeline is shown there; of a job only somebody else is news.
    repeated = ("user",) if job.get("user").value == user.value else ()
    return present(
        name=_name(job),
        status=end.status.value,
        started_at=job.get("started_at").time(),
        finished_at=job.get("finished_at").time(),
        description=_stage(job),
        error=job.get("failure_reason").value if failed else None,
        log=log,
        notes=list(_notes(job, end, log)) or None,
        url=_url(job, address),
        details=job.rest(*_SHOWN, *repeated, *(("failure_reason",) if failed else ())),
    )


_SHOWN: Final = ("name", "stage", "status", "started_at", "finished_at", "web_url", "pipeline", "commit", "project")


def _end(job: Cursor) -> StepEnd:
    end = STATUSES.step(job.get("status"))
    timed_out = end.status is Status.FAILED and job.get("failure_reason").label() in _TIMEOUTS
    return StepEnd(Status.TIMED_OUT, end.note) if timed_out else end


def _name(job: Cursor) -> str:
    name = job.get("name").text()
    if name is None:
        raise job.get("name").problem("is missing", remedy="Send the job as GitLab wrote it.")
    return name


def _stage(job: Cursor) -> str | None:
    stage = job.get("stage").label()
    return f"Stage: {plain(stage)}." if stage else None


def _url(job: Cursor, address: str | None) -> str | None:
    number = job.get("id").label()
    return job.get("web_url").label() or (f"{address}/-/jobs/{number}" if address and number else None)


def _notes(job: Cursor, end: StepEnd, log: str | None) -> Iterator[str]:
    if end.note:
        yield end.note
    if end.status is Status.FAILED and job.get("allow_failure").value is True:
        yield "This job may fail: its failure does not fail the pipeline."
    if end.status is Status.SKIPPED:
        return
    if log is None:
        yield "The event did not hold this job's log, where whatever the job put out stands."
    if job.get("started_at").exists and not job.get("finished_at").exists:
        yield "GitLab did not say when this job ended."
    downstream = job.get("downstream_pipeline")
    if isinstance(downstream.value, dict) and downstream.get("id").label():
        yield f"Started pipeline {downstream.get('id').label()}, which is an execution of its own."
