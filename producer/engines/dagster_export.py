"""What ``dagster debug export`` writes: Dagster's own objects, marked by ``__class__``, as GraphQL would give them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Final

from producer.engines.cursor import Cursor, present

CLASS: Final = "DebugRunPayload"
_DATA: Final = "event_specific_data"
_ASSETS: Final = ("materialization", "asset_observation", "expectation_result")
_FIELDS: Final = {"md_str": "mdStr"}


def is_export(payload: Any) -> bool:
    """Whether a payload is such a file."""
    return isinstance(payload, dict) and payload.get("__class__") == CLASS


def as_answers(root: Cursor) -> dict[str, Any]:
    """Return run and events in the form of GraphQL's answers, with what somebody has put beside them."""
    run = root.get("pipeline_run")
    answer = present(
        runId=run.get("run_id").value,
        jobName=run.get("job_name").value or run.get("pipeline_name").value,
        status=_enum(run.get("status")),
        tags=[{"key": key, "value": value.value} for key, value in run.get("tags").items()],
        runConfig=run.get("run_config").value,
        rootRunId=run.get("root_run_id").value,
        parentRunId=run.get("parent_run_id").value,
        executionPlan={"steps": list(_plan(root.get("execution_plan_snapshot")))},
        dagsterVersion=root.get("version").value,
    )
    beside = root.rest(*_PARTS) or {}
    return {**beside, "run": answer, "events": [_event(each) for each in root.get("event_list").each()]}


_PARTS: Final = (
    "__class__",
    "version",
    "pipeline_run",
    "event_list",
    "pipeline_snapshot",
    "execution_plan_snapshot",
    "run",
    "events",
    "data",
)


def _enum(value: Cursor) -> Any:
    """Take the member's name out of ``{"__enum__": "DagsterRunStatus.FAILURE"}``."""
    named = value.get("__enum__").text() if isinstance(value.value, dict) else value.text()
    return named and named.rpartition(".")[2]


def _plan(snapshot: Cursor) -> Iterator[dict[str, Any]]:
    wanted = snapshot.get("step_keys_to_execute").value
    for step in snapshot.get("steps").each():
        key = step.get("key").value
        if not isinstance(wanted, list) or key in wanted:
            inputs = [{"dependsOn": [{"key": up} for up in _upstream(each)]} for each in step.get("inputs").each()]
            yield {"key": key, "kind": _enum(step.get("kind")), "inputs": inputs}


def _upstream(step_input: Cursor) -> Iterator[str]:
    for handle in step_input.get("upstream_output_handles").each():
        key = handle.get("step_key").text()
        if key:
            yield key


def _event(entry: Cursor) -> dict[str, Any]:
    event = entry.get("dagster_event")
    told = event.get(_DATA)
    handle = told.get("step_output_handle")
    level = entry.get("level").value
    asset = next((told.get(name) for name in _ASSETS if isinstance(told.get(name).value, dict)), Cursor(None))
    entries = asset.get("metadata_entries") if asset.exists else told.get("metadata_entries")
    return present(
        eventType=event.get("event_type_value").value,
        stepKey=entry.get("step_key").value or event.get("step_key").value,
        timestamp=entry.get("timestamp").value,
        level=logging.getLevelName(level) if isinstance(level, int) else level,
        message=entry.get("user_message").value or event.get("message").value or "",
        error=told.get("error").value or entry.get("error_info").value,
        outputName=handle.get("output_name").value or told.get("output_name").value,
        mappingKey=handle.get("mapping_key").value,
        inputName=told.get("input_name").value,
        upstreamStepKey=told.get("upstream_step_key").value,
        upstreamOutputName=told.get("upstream_output_name").value,
        metadataEntries=[_metadata(each) for each in entries.each()] or None,
        failureMetadata=_failure(told.get("user_failure_data")),
        fileKey=told.get("file_key").value or told.get("log_key").value,
        stepKeys=told.get("step_keys").value,
        data=told.rest(*_SHOWN),
    )


_SHOWN: Final = (
    "__class__",
    "error",
    "step_output_handle",
    "output_name",
    "input_name",
    "upstream_step_key",
    "upstream_output_name",
    "metadata_entries",
    "user_failure_data",
    "file_key",
    "log_key",
    "step_keys",
)


def _failure(told: Cursor) -> dict[str, Any] | None:
    entries = [_metadata(each) for each in told.get("metadata_entries").each()]
    return {"metadataEntries": entries} if entries else None


def _metadata(entry: Cursor) -> dict[str, Any]:
    data = entry.get("entry_data")
    if not isinstance(data.value, dict):
        return entry.fields()
    shown = {_FIELDS.get(name, name): value for name, value in data.fields().items() if name != "__class__"}
    return present(label=entry.get("label").value, description=entry.get("description").value, **shown)
