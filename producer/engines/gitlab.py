"""GitLab CI: a pipeline with its jobs.

The webhook ``pipeline`` as it is, or ``{"pipeline": …, "jobs": […]}`` as the API answers them, with ``bridges`` (jobs
that start other pipelines) and ``logs`` (traces by a job's id or name) where the sender has fetched them; these may
stand beside the webhook's fields too. A pipeline alone makes a record without steps.

- GitLab calls at every change of a pipeline: what has not ended is refused, and so is one that waits for a person.
- The jobs come in no order; jobs that never started stand last, in the order of their stages.
- A reason of failure is sent with jobs that did not fail, too; it counts for those that did.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from producer.contract.record import Status
from producer.engines.adapter import Adapter
from producer.engines.cursor import Cursor, present
from producer.engines.gitlab_jobs import jobs_of, steps
from producer.engines.job_logs import JobLogs
from producer.engines.vocabulary import Phase, Vocabulary

STATUSES: Final = Vocabulary(
    {
        "created": Phase.QUEUED,
        "waiting_for_resource": Phase.QUEUED,
        "preparing": Phase.QUEUED,
        "pending": Phase.QUEUED,
        "scheduled": Phase.WAITING,
        "manual": Phase.WAITING,
        "waiting_for_callback": Phase.WAITING,
        "running": Phase.RUNNING,
        "canceling": Phase.RUNNING,
        "success": Status.SUCCEEDED,
        "failed": Status.FAILED,
        "canceled": Status.CANCELLED,
        "skipped": Status.SKIPPED,
    }
)
"""Statuses of a pipeline."""

_PARTS: Final = ("object_kind", "object_attributes", "pipeline", "project", "user", "builds", "jobs", "bridges", "logs")
_KINDS: Final = frozenset({"pipeline", "build"})


def recognises(payload: Any) -> bool:
    """Whether the payload is or holds a pipeline, or tells of a job."""
    if not isinstance(payload, dict):
        return False
    kind, pipeline = payload.get("object_kind"), payload.get("pipeline")
    told = isinstance(kind, str) and kind in _KINDS
    return told or _is_pipeline(payload) or (isinstance(pipeline, dict) and _is_pipeline(pipeline))


def _is_pipeline(body: dict[str, Any]) -> bool:
    return "sha" in body and "ref" in body and "status" in body and "id" in body and "run_id" not in body


def to_record(payload: Any) -> dict[str, Any]:
    """Convert a completed pipeline. Raises InvalidRecord and NotCompleted."""
    root = Cursor(payload)
    if not isinstance(payload, dict):
        raise root.problem("must be an object", remedy=_FORMS)
    pipeline = _pipeline(root)
    STATUSES.execution(pipeline.get("status"))
    project = root.get("project")
    user = root.get("user") if root.get("user").exists else pipeline.get("user")
    jobs = jobs_of(root)
    logs = JobLogs(root.get("logs"), jobs)
    written = steps(jobs, logs, pipeline, user, _address(project, pipeline))
    return {
        "workflow": _workflow(pipeline, project),
        "execution": _execution(pipeline, root, user, logs, written),
        "steps": written,
    }


_FORMS: Final = "Send the webhook 'Pipeline events' as it is, or {pipeline, jobs} as GitLab's API answers them."


def _pipeline(root: Cursor) -> Cursor:
    body = root.fields()
    if body.get("object_attributes") is not None:
        kind = root.get("object_kind")
        if kind.exists and kind.value != "pipeline":
            raise kind.problem("is not 'pipeline'", remedy=_FORMS)
        return root.get("object_attributes")
    if body.get("pipeline") is not None:
        return root.get("pipeline")
    if _is_pipeline(body):
        return root
    told = "is missing: the event tells of one job" if body.get("object_kind") == "build" else "is missing"
    raise root.get("object_attributes").problem(told, remedy=_FORMS)


def _workflow(pipeline: Cursor, project: Cursor) -> dict[str, Any]:
    """Name the project: its pipelines are one workflow."""
    named = project.get("id") if project.get("id").exists else pipeline.get("project_id")
    name = project.get("path_with_namespace").text() or _path(pipeline) or project.get("name").text()
    return present(id=named.identifier(), name=name, details=project.rest("id", "path_with_namespace"))


_ADDRESS: Final = re.compile(r"(?P<project>https?://[^/]+/(?P<path>.+))/-/pipelines/\d+")


def _path(pipeline: Cursor) -> str | None:
    match = _ADDRESS.fullmatch(_url(pipeline) or "")
    return match["path"] if match else None


def _url(pipeline: Cursor) -> str | None:
    return pipeline.get("url").label() or pipeline.get("web_url").label()


def _address(project: Cursor, pipeline: Cursor) -> str | None:
    """Find the project's address, below which pipelines and jobs have theirs."""
    match = _ADDRESS.fullmatch(_url(pipeline) or "")
    return project.get("web_url").label() or (match["project"] if match else None)


def _execution(
    pipeline: Cursor, root: Cursor, user: Cursor, logs: JobLogs, written: list[dict[str, Any]]
) -> dict[str, Any]:
    end = STATUSES.execution(pipeline.get("status"))
    started = pipeline.get("started_at")
    address, named = _address(root.get("project"), pipeline), pipeline.get("id").identifier()
    beside = {**((None if pipeline is root else root.rest(*_PARTS)) or {}), **present(logs=logs.unused())}
    return present(
        id=named,
        status=end.status.value,
        started_at=(started if started.exists else pipeline.get("created_at")).time(),
        finished_at=pipeline.get("finished_at").time(),
        triggered_by=_trigger(user, pipeline.get("source").label()),
        input=_variables(pipeline.get("variables")),
        error=pipeline.get("yaml_errors").value or pipeline.get("failure_reason").value,
        url=_url(pipeline) or (f"{address}/-/pipelines/{named}" if address else None),
        notes=list(_notes(root, end.note, written)) or None,
        details=pipeline.rest(*_SHOWN, *(_PARTS if pipeline is root else ())),
        user=user.value,
        event=beside or None,
    )


_SHOWN: Final = (
    "id",
    "project_id",
    "status",
    "started_at",
    "finished_at",
    "url",
    "web_url",
    "user",
    "variables",
    "yaml_errors",
    "failure_reason",
)


def _trigger(user: Cursor, source: str | None) -> str | None:
    who = user.get("username").label() or user.get("name").label() if isinstance(user.value, dict) else None
    return f"{who} ({source})" if who and source else who or source


def _variables(variables: Cursor) -> Any:
    """Show variables by their names where each has one of its own."""
    entries = variables.value
    if not isinstance(entries, list) or not all(isinstance(entry, dict) and "key" in entry for entry in entries):
        return entries
    named = {str(entry["key"]): entry.get("value") for entry in entries}
    return (named if len(named) == len(entries) else entries) or None


def _notes(root: Cursor, note: str | None, written: list[dict[str, Any]]) -> Iterator[str]:
    if note:
        yield note
    if not written:
        yield "The event held no jobs, so no steps can be shown."
    source = root.get("source_pipeline")
    if isinstance(source.value, dict) and source.get("pipeline_id").label():
        project = source.get("project")
        path = project.get("path_with_namespace").label() if isinstance(project.value, dict) else None
        yield f"Started by pipeline {source.get('pipeline_id').label()} of {path or 'another project'}."


ADAPTER: Final = Adapter("gitlab", to_record, recognises)
