"""Routes: workflows, their executions, and exporting one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from producer.access.principal import Principal
from producer.access.entries import Scope
from producer.api.bridge import in_thread
from producer.api.dependencies import Caller, Cursor, GatewayParts, Limit
from producer.api.paths import SEGMENT
from producer.api.responses import Json
from producer.contract import jsontext
from producer.contract.errors import InvalidOptions
from producer.contract.export import RequestedExport, read_requested
from producer.gateway import Gateway

router = APIRouter(prefix="/v1/workflows", tags=["executions"])

WorkflowId = Annotated[str, Path(description="Percent-encoded: `a/b` is `a%2Fb`.")]
ExecutionId = Annotated[str, Path(description="Percent-encoded: `a/b` is `a%2Fb`.")]
EXECUTIONS = f"/{{workflow_id:{SEGMENT}}}/executions"
EXECUTION = f"{EXECUTIONS}/{{execution_id:{SEGMENT}}}"


@router.get("", summary="List workflows, those with the latest execution first")
async def workflows(
    gateway: GatewayParts,
    caller: Caller,
    q: Annotated[str | None, Query(description="Part of a name or id.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Json:
    """Workflows that the token may see."""
    caller.require_scope(Scope.READ)
    return Json(await in_thread(gateway.calls, gateway.executions.workflows, q, caller.may_see, cursor, limit))


@router.get(EXECUTIONS, summary="List a workflow's executions, newest first")
async def executions(
    gateway: GatewayParts,
    caller: Caller,
    workflow_id: WorkflowId,
    status: Annotated[str | None, Query(description="Only those that ended so, or `running`.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Json:
    """Show Executions of one workflow."""
    caller.require(Scope.READ, workflow_id)
    return Json(await in_thread(gateway.calls, gateway.executions.executions, workflow_id, status, cursor, limit))


@router.get(EXECUTION, summary="Show an execution and a page of its steps")
async def execution(
    gateway: GatewayParts,
    caller: Caller,
    workflow_id: WorkflowId,
    execution_id: ExecutionId,
    offset: Annotated[int, Query(ge=0, description="The first step, counted from 0.")] = 0,
    limit: Limit = 50,
) -> Json:
    """Its newest revision: the record's own fields, and steps in their order."""
    caller.require(Scope.READ, workflow_id)
    return Json(await in_thread(gateway.calls, gateway.executions.page, workflow_id, execution_id, offset, limit))


@router.post(
    f"{EXECUTION}/exports",
    status_code=202,
    summary="Export an execution",
    openapi_extra={
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/RequestedExport"}}}}
    },
)
async def export(
    request: Request,
    gateway: GatewayParts,
    caller: Caller,
    workflow_id: WorkflowId,
    execution_id: ExecutionId,
    dry_run: Annotated[bool, Query(description="Tell what the archive would hold, and make nothing.")] = False,
) -> Json:
    """202 with the export, 200 where its archive is there already. One that failed, expired or was deleted is made
    anew, under a new link."""
    caller.require(Scope.EXPORT, workflow_id)
    requested = _requested(await request.body())
    if dry_run:
        foreseen = await in_thread(
            gateway.calls, gateway.executions.foresee, workflow_id, execution_id, requested.options
        )
        return Json(foreseen)
    answer = await in_thread(gateway.calls, _request, gateway, caller, workflow_id, execution_id, requested)
    return Json(answer.export, status_code=200 if answer.ready else 202)


def _requested(body: bytes) -> RequestedExport:
    value: Any = jsontext.decode(body) if body.strip() else {}
    if not isinstance(value, dict):
        raise InvalidOptions(
            "The body must be one object of options.", field="body", remedy="Send {} for the defaults."
        )
    return read_requested(value, where="")[0]


def _request(
    gateway: Gateway, caller: Principal, workflow_id: str, execution_id: str, requested: RequestedExport
) -> Any:
    record = gateway.executions.record(workflow_id, execution_id)
    return gateway.exports.request(record, requested, caller.name, revive=True)
