"""n8n: one execution, in any of the forms in which n8n gives it away.

- The public API, ``GET /api/v1/executions/{id}?includeData=true``; the internal ``GET /rest/executions/{id}`` too,
  with its envelope ``{"data": …}`` and its ``flatted`` run data.
- The external hook ``workflow.postExecute``: ``{"executionId", "workflow": {"id", "name"}, "runData"}``.
- The Error Trigger: ``{"execution", "workflow"}``. It tells only the node that failed.
- What ``n8n execute --rawOutput`` prints names neither execution nor workflow. Ids are never made up: with ``id`` and
  ``workflowId`` put beside its fields it is the API's form.

Left out are n8n's own bookkeeping (its scheduler's state in ``executionData``, static data of the workflow, how items
are paired) and the bytes of binary data, of which the steps tell name, type and size.
"""

from __future__ import annotations

from typing import Any, Final

from producer.contract.errors import InvalidRecord
from producer.contract.record import Status
from producer.engines import flatted, n8n_runs
from producer.engines.adapter import Adapter
from producer.engines.cursor import Cursor, present
from producer.engines.n8n_failure import failure
from producer.engines.n8n_pointer import points
from producer.engines.n8n_statuses import execution_end


def recognises(payload: Any) -> bool:
    """Whether the payload has one of the forms."""
    body = _unwrapped(payload)
    if not isinstance(body, dict):
        return False
    return _is_hook(body) or _is_api(body) or _is_error_event(body) or _is_bare_run(body)


def to_record(payload: Any) -> dict[str, Any]:
    """Convert a completed execution.

    Raises InvalidRecord and NotCompleted, and of flatted run data TooLarge and MalformedBody.
    """
    body = _unwrapped(payload)
    root = Cursor(body)
    if not isinstance(body, dict):
        raise root.problem("must be an object", remedy=_FORMS)
    if _is_hook(body):
        return _record_of_hook(root)
    if _is_error_event(body):
        return _record_of_failure(root)
    if _is_api(body):
        return _record_of_api(root)
    raise _unknown_form(root)


def _unwrapped(payload: Any) -> Any:
    """Take an execution out of the internal API's envelope."""
    inner = payload.get("data") if isinstance(payload, dict) and "workflowId" not in payload else None
    return inner if isinstance(inner, dict) and "workflowId" in inner else payload


def _is_hook(body: dict[str, Any]) -> bool:
    return "executionId" in body and isinstance(body.get("runData"), dict)


def _is_api(body: dict[str, Any]) -> bool:
    names_workflow = "workflowId" in body or isinstance(body.get("workflowData"), dict)
    return names_workflow and "id" in body and ("status" in body or "finished" in body)


def _is_error_event(body: dict[str, Any]) -> bool:
    cause = body.get("execution") or body.get("trigger")
    return isinstance(body.get("workflow"), dict) and isinstance(cause, dict) and "error" in cause and "mode" in cause


def _is_bare_run(body: dict[str, Any]) -> bool:
    data = body.get("data")
    return isinstance(data, dict) and "resultData" in data


def _unknown_form(root: Cursor) -> InvalidRecord:
    if _is_bare_run(root.value):
        missing = " and ".join(name for name in ("id", "workflowId") if name not in root.value)
        return InvalidRecord(
            f"The run names no {missing or 'status'}.", field=missing.partition(" ")[0] or "status", remedy=_ADD_IDS
        )
    return root.problem("is no n8n execution", remedy=_FORMS)


_ADD_IDS: Final = (
    "Add 'id' (of the execution) and 'workflowId', and 'workflowData' with the workflow's 'name' and 'nodes', "
    "to the object that n8n printed."
)
_FORMS: Final = (
    "Send one execution as GET /api/v1/executions/{id}?includeData=true returns it, the postExecute hook's "
    "{executionId, workflow, runData}, or the Error Trigger's {execution, workflow}."
)


def _record_of_hook(root: Cursor) -> dict[str, Any]:
    # Hooks are the user's code: what it sends beside the run, such as the execution's url, is kept.
    beside = root.rest("executionId", "workflow", "runData") or {}
    run = Cursor({**beside, **root.get("runData").fields()}, "runData")
    return _record(root.get("executionId"), root.get("workflow"), run)


def _record_of_api(root: Cursor) -> dict[str, Any]:
    workflow = root.get("workflowData")
    if not workflow.get("id").exists:
        workflow = Cursor({**workflow.fields(), "id": root.get("workflowId").identifier()}, workflow.path)
    return _record(root.get("id"), workflow, root)


def _record(execution_id: Cursor, workflow: Cursor, run: Cursor) -> dict[str, Any]:
    data = run.get("data")
    if isinstance(data.value, str):
        data = Cursor(flatted.parse(data), data.path)
    return {
        "workflow": _workflow(workflow),
        "execution": _execution(execution_id, run, data),
        "steps": n8n_runs.steps(data.get("resultData"), workflow.get("nodes")),
    }


def _workflow(workflow: Cursor) -> dict[str, Any]:
    return present(
        id=workflow.get("id").identifier(),
        name=workflow.get("name").text(),
        details=workflow.rest("id", "name", "nodes", "staticData", "pinData"),
    )


def _execution(execution_id: Cursor, run: Cursor, data: Cursor) -> dict[str, Any]:
    end = execution_end(run)
    result = data.get("resultData")
    error, more = failure(result.get("error"))
    details = {
        **(run.rest(*_SHOWN_OF_RUN) or {}),
        **(data.rest("version", "startData", "resultData", "executionData") or {}),
        **(result.rest("runData", "error") or {}),
        **present(runtimeData=data.get("executionData", "runtimeData").value, error=more),
    }
    return present(
        id=execution_id.identifier(),
        status=end.status.value,
        started_at=run.get("startedAt").time(),
        finished_at=run.get("stoppedAt").time(),
        triggered_by=run.get("mode").text(),
        error=error,
        url=run.get("url").text(),
        notes=[note for note in (end.note, _retry(run), _no_data(data), _queued(data)) if note] or None,
        details=details or None,
    )


_SHOWN_OF_RUN: Final = (
    "id",
    "workflowId",
    "workflowData",
    "status",
    "startedAt",
    "stoppedAt",
    "mode",
    "data",
    "finished",
    "url",
)


def _retry(run: Cursor) -> str | None:
    original = run.get("retryOf").label()
    return f"This execution is a retry of execution {original}." if original else None


def _no_data(data: Cursor) -> str | None:
    if data.get("resultData", "runData").exists:
        return None
    return "The event held no run data, so no steps can be shown. Fetch the execution with includeData=true."


def _queued(data: Cursor) -> str | None:
    """Name the nodes that had still to run; a node that failed stays on n8n's stack and is none of them."""
    stack = data.get("executionData", "nodeExecutionStack").value
    entries = stack if isinstance(stack, list) else []
    nodes = [entry["node"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("node"), dict)]
    last = data.get("resultData", "lastNodeExecuted").value
    names = [str(node.get("name")) for node in nodes if node.get("name") != last]
    return f"Still queued when the execution ended: {', '.join(names)}." if names else None


def _record_of_failure(root: Cursor) -> dict[str, Any]:
    """Convert the Error Trigger's event, which knows the error and the last node only."""
    execution = root.get("execution")
    identifier = execution.get("id")
    if not identifier.exists:
        raise InvalidRecord(
            "The Error Trigger's event names no execution: either the trigger itself failed, so that nothing ran, or "
            "n8n does not save this workflow's executions.",
            field="execution.id",
            remedy="There is nothing to export; let n8n save failed executions where there should be.",
        )
    error, more = failure(execution.get("error"))
    header = present(
        id=identifier.identifier(),
        status=Status.FAILED.value,
        started_at=execution.get("executionContext", "establishedAt").time(),
        triggered_by=execution.get("mode").text(),
        error=error,
        url=execution.get("url").text(),
        notes=[note for note in (_ERROR_EVENT, _retry(execution)) if note],
        details=present(**(execution.rest("id", "url", "error", "mode") or {}), error=more) or None,
    )
    steps = [n8n_runs.failed_step(execution)] if execution.get("lastNodeExecuted").exists else []
    return {"workflow": _workflow(root.get("workflow")), "execution": header, "steps": steps}


_ERROR_EVENT: Final = (
    "The event of an Error Trigger holds only the node that failed. Send the whole execution to see every step."
)

ADAPTER: Final = Adapter("n8n", to_record, recognises, points)
