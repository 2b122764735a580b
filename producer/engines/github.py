"""GitHub Actions: a workflow run, with its jobs where the sender has fetched them.

``{"workflow_run": …, "jobs": […]}``, where ``jobs`` is the API's listing, its ``jobs``, or a list of ``workflow_job``
events; the webhook ``workflow_run`` as it is; a run as ``GET /repos/{owner}/{repo}/actions/runs/{id}`` returns it. A
``logs`` object with the text of jobs by their id or name may stand beside them.

- A run that is tried again keeps its id: from the second attempt on, the attempt is part of the execution's id.
- A run has no time at which it ended; its last change is that.
- ``action_required`` is a conclusion to GitHub, but means that the run waits for a person.

Left out are the addresses of GitHub's API, of which every object carries dozens.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from producer.contract.record import Status
from producer.engines.adapter import Adapter
from producer.engines.cursor import Cursor, present
from producer.engines.github_jobs import Jobs, steps
from producer.engines.github_pointer import points
from producer.engines.github_statuses import STATUSES, word_of


def recognises(payload: Any) -> bool:
    """Whether the payload is or holds a workflow run, or tells of a job."""
    if not isinstance(payload, dict):
        return False
    run, job = payload.get("workflow_run"), payload.get("workflow_job")
    if isinstance(run, dict):
        return "id" in run and ("status" in run or "conclusion" in run)
    return _is_run(payload) or (isinstance(job, dict) and "run_id" in job)


def _is_run(body: dict[str, Any]) -> bool:
    return "workflow_id" in body and "conclusion" in body and ("run_number" in body or "head_sha" in body)


def to_record(payload: Any) -> dict[str, Any]:
    """Convert a completed workflow run. Raises InvalidRecord and NotCompleted."""
    root = Cursor(payload)
    if not isinstance(payload, dict):
        raise root.problem("must be an object", remedy=_FORMS)
    run = root if _is_run(payload) else root.get("workflow_run")
    if not run.exists:
        told = "is missing: the event tells of one job of a run" if "workflow_job" in payload else "is missing"
        raise run.problem(told, remedy=_FORMS)
    STATUSES.execution(word_of(run))
    jobs = Jobs(root)
    written = steps(jobs)
    return {
        "workflow": _workflow(run, root),
        "execution": _execution(run, root, jobs, written),
        "steps": written,
    }


_FORMS: Final = "Send {workflow_run, jobs}, or the webhook workflow_run with the action 'completed'."


def _workflow(run: Cursor, root: Cursor) -> dict[str, Any]:
    workflow, known = root.get("workflow"), run.get("workflow_id")
    names = (workflow.get("name"), run.get("name"), workflow.get("path"), run.get("path"))
    repository = root.get("repository") if root.get("repository").exists else run.get("repository")
    details = {**(_without_addresses(workflow, "id", "name") or {}), **present(repository=_repository(repository))}
    return present(
        id=(known if known.exists else workflow.get("id")).identifier(),
        name=next((text for name in names if (text := name.text())), None),
        details=details or None,
    )


def _execution(run: Cursor, root: Cursor, jobs: Jobs, written: list[dict[str, Any]]) -> dict[str, Any]:
    end = STATUSES.execution(word_of(run))
    started = run.get("run_started_at")
    details = {
        **(_without_addresses(run, *_SHOWN, *_PARTS) or {}),
        **present(actor=_login(run.get("actor")), triggering_actor=_login(run.get("triggering_actor"))),
        **present(head_repository=run.get("head_repository", "full_name").value),
    }
    return present(
        id=_identifier(run),
        status=end.status.value,
        started_at=(started if started.exists else run.get("created_at")).time(),
        finished_at=run.get("updated_at").time(),
        triggered_by=_trigger(run),
        url=run.get("html_url").text(),
        notes=list(_notes(end.note, run, jobs, written)) or None,
        details=details or None,
        event=_beside(root, run, jobs),
    )


_SHOWN: Final = (
    "id",
    "workflow_id",
    "name",
    "status",
    "conclusion",
    "run_started_at",
    "updated_at",
    "html_url",
    "repository",
    "head_repository",
    "actor",
    "triggering_actor",
)
_PARTS: Final = ("workflow_run", "workflow", "jobs", "logs", "workflow_job", "repository", "organization", "sender")
_OF_REPOSITORY: Final = ("full_name", "html_url", "description", "default_branch", "private", "visibility")
_LINKS: Final = frozenset({"html_url", "logs_url", "artifacts_url", "previous_attempt_url", "badge_url"})
"""The addresses that lead a person, or a script with a token, to something of the run."""


def _identifier(run: Cursor) -> str:
    named, attempt = run.get("id").identifier(), run.get("run_attempt").integer() or 1
    return named if attempt < 2 else f"{named}-{attempt}"


def _trigger(run: Cursor) -> str | None:
    who, event = _login(run.get("triggering_actor")) or _login(run.get("actor")), run.get("event").label()
    return f"{who} ({event})" if who and event else who or event


def _login(person: Cursor) -> str | None:
    return person.get("login").label() if isinstance(person.value, dict) else None


def _repository(repository: Cursor) -> dict[str, Any] | None:
    """Name the repository; what else GitHub sends of it (stars, forks, settings) is none of the run's."""
    if not isinstance(repository.value, dict):
        return None
    return present(**{name: repository.value.get(name) for name in _OF_REPOSITORY}) or None


def _without_addresses(value: Cursor, *used: str) -> dict[str, Any] | None:
    """Return an object's fields without those of ``used`` and the addresses of the API."""
    if not isinstance(value.value, dict):
        return None
    fields = value.rest(*used, "url") or {}
    return {name: field for name, field in fields.items() if name in _LINKS or not name.endswith("_url")} or None


def _beside(root: Cursor, run: Cursor, jobs: Jobs) -> dict[str, Any] | None:
    """Keep what else the event holds; who sent it and for whom by their names."""
    more = {} if run is root else (root.rest(*_PARTS) or {})
    senders = (
        {} if run is root else present(organization=_login(root.get("organization")), sender=_login(root.get("sender")))
    )
    return {**more, **senders, **present(logs=jobs.logs.unused())} or None


def _notes(note: str | None, run: Cursor, jobs: Jobs, written: list[dict[str, Any]]) -> Iterator[str]:
    if note:
        yield note
    attempt = run.get("run_attempt").integer() or 1
    if attempt > 1:
        yield f"This is attempt {attempt} of the run."
    if not written:
        yield "The event held no jobs, so no steps can be shown. Send the run's jobs beside it."
    elif jobs.total > len(written):
        yield f"The event held {len(written)} of the run's {jobs.total} jobs; the others cannot be shown."
    if written and all(step["status"] == Status.SKIPPED.value for step in written):
        yield "All jobs were skipped."


ADAPTER: Final = Adapter("github", to_record, recognises, points)
