"""dbt: ``{"run_results": run_results.json, "manifest": manifest.json}``, or ``run_results.json`` alone.

``sources.json``, which ``dbt source freshness`` writes, has the same frame and is taken too, and so is the webhook of
dbt's platform, which knows the run and none of its nodes. Three things are derived, for dbt writes none of them:

- The execution's status: it failed where a node failed, as the command's exit code says.
- Its start: the end of the run, when the file was made, less ``elapsed_time``.
- The project, which is the workflow: the manifest's, else the package that most of the nodes belong to.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from producer.contract.errors import InvalidRecord
from producer.contract.record import Status
from producer.engines import dbt_cloud, dbt_nodes, times
from producer.engines.adapter import Adapter
from producer.engines.cursor import Cursor, present

_LONGEST_RUN: Final = 10**8
"""Seconds; a longer ``elapsed_time`` is no run's."""


def recognises(payload: Any) -> bool:
    """Whether the payload is dbt's results, alone or with the manifest, or its platform's webhook."""
    if not isinstance(payload, dict):
        return False
    return dbt_cloud.is_webhook(payload) or _is_artifact(payload.get("run_results", payload))


def _is_artifact(results: Any) -> bool:
    metadata = results.get("metadata") if isinstance(results, dict) else None
    return isinstance(metadata, dict) and "invocation_id" in metadata and "dbt_version" in metadata


def to_record(payload: Any) -> dict[str, Any]:
    """Convert the results of one invocation. Raises InvalidRecord, and NotCompleted of a webhook."""
    root = Cursor(payload)
    if not isinstance(payload, dict):
        raise root.problem("must be an object", remedy=_FORMS)
    if dbt_cloud.is_webhook(payload):
        return dbt_cloud.record(root)
    wrapped = root.has("run_results")
    results = root.get("run_results") if wrapped else root
    if not results.has("metadata"):
        raise results.get("metadata").problem("is missing", remedy=_FORMS)
    manifest = root.get("manifest") if wrapped else Cursor(None, "manifest")
    steps = dbt_nodes.steps(results.get("results"), manifest)
    event = root.rest("run_results", "manifest") if wrapped else None
    return {
        "workflow": _workflow(results, manifest),
        "execution": present(**_execution(results, manifest, steps), event=event),
        "steps": steps,
    }


_FORMS: Final = 'Send target/run_results.json, or {"run_results": …, "manifest": …} with target/manifest.json.'


def _workflow(results: Cursor, manifest: Cursor) -> dict[str, Any]:
    described = manifest.get("metadata")
    project = described.get("project_name").text() or _project(results)
    if not project:
        raise InvalidRecord(
            "Nothing names the dbt project.",
            field="manifest.metadata.project_name",
            remedy='Send {"run_results": …, "manifest": …} with the manifest of the same invocation.',
        )
    return present(id=project, details=described.rest("dbt_schema_version", "env", "invocation_id", "generated_at"))


def _project(results: Cursor) -> str | None:
    """Name the package of most nodes; where none ran, the folder of the project."""
    packages: Counter[str] = Counter()
    for result in results.get("results").each():
        parts = (result.get("unique_id").label() or "").split(".")
        if len(parts) > 2 and parts[1]:
            packages[parts[1]] += 1
    if packages:
        return packages.most_common(1)[0][0]
    folder = results.get("args", "project_dir").value
    return folder.replace("\\", "/").rstrip("/").rpartition("/")[2] if isinstance(folder, str) else None


def _execution(results: Cursor, manifest: Cursor, steps: list[dict[str, Any]]) -> dict[str, Any]:
    metadata = results.get("metadata")
    finished_at = metadata.get("generated_at").time()
    who = (metadata.get("env", name).label() for name in ("DBT_CLOUD_RUN_REASON", "DBT_CLOUD_RUN_REASON_CATEGORY"))
    return present(
        id=metadata.get("invocation_id").identifier(),
        status=_status(steps).value,
        started_at=metadata.get("invocation_started_at").time() or _started(results, finished_at, steps),
        finished_at=finished_at,
        triggered_by=next((name for name in who if name), None),
        input=results.get("args").value or None,
        notes=list(_notes(results, manifest)),
        details=present(
            metadata=metadata.rest("invocation_id", "generated_at", "invocation_started_at"),
            elapsed_time=results.get("elapsed_time").number(),
            **(results.rest("metadata", "results", "elapsed_time", "args") or {}),
        ),
    )


def _status(steps: list[dict[str, Any]]) -> Status:
    """Derive how the invocation ended from how its nodes did."""
    ends = {step["status"] for step in steps}
    return next((status for status in (Status.FAILED, Status.CANCELLED) if status.value in ends), Status.SUCCEEDED)


def _started(results: Cursor, finished_at: str | None, steps: list[dict[str, Any]]) -> str | None:
    elapsed = results.get("elapsed_time").number()
    earliest: str | None = next((step["started_at"] for step in steps if "started_at" in step), None)
    if finished_at is None or elapsed is None or not 0 <= elapsed <= _LONGEST_RUN:
        return earliest
    end = times.instant(finished_at)
    return times.from_epoch_ms((end.timestamp() - elapsed) * 1000) if end.year > 1970 else earliest


def _notes(results: Cursor, manifest: Cursor) -> list[str]:
    notes = ["dbt's results name no status of the invocation; it was derived from those of the nodes."]
    if not results.has("results"):
        notes.append("The event held no results, so no steps can be shown.")
    if not manifest.exists:
        notes.append("The event held no manifest, so descriptions, SQL and dependencies of the nodes are not shown.")
    return notes


ADAPTER: Final = Adapter("dbt", to_record, recognises)
