"""Routes: workflows, their executions, and exporting one."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from producer.access.entries import Scope
from producer.access.principal import Principal
from producer.api.bridge import in_thread, small_body
from producer.api.dependencies import Caller, Counters, Cursor, GatewayParts, Limit, Offset
from producer.api.described import answered, choice, json_content, page_of
from producer.api.paths import SEGMENT
from producer.api.responses import Json
from producer.contract import jsontext
from producer.contract.board.places import RANKS
from producer.contract.errors import InvalidOptions
from producer.contract.export import RequestedExport, read_requested
from producer.exports import Requested
from producer.gateway import Gateway

router = APIRouter(prefix="/v1/workflows", tags=["executions"])

WorkflowId = Annotated[str, Path(description="Percent-encoded: `a/b` is `a%2Fb`.")]
ExecutionId = Annotated[str, Path(description="Percent-encoded: `a/b` is `a%2Fb`.")]
EXECUTIONS = f"/{{workflow_id:{SEGMENT}}}/executions"
MAX_OPTIONS_BYTES = 64 * 1024
EXECUTION = f"{EXECUTIONS}/{{execution_id:{SEGMENT}}}"


@router.get(
    "",
    summary="List workflows, those with the latest execution first",
    responses={200: page_of("ListedWorkflow")},
)
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


@router.get(
    EXECUTIONS,
    summary="List a workflow's executions, newest first",
    responses={200: page_of("ListedExecution")},
)
async def executions(
    gateway: GatewayParts,
    caller: Caller,
    workflow_id: WorkflowId,
    status: Annotated[
        str | None, Query(description="Only those that ended so, or `running`.", json_schema_extra=choice(RANKS))
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Json:
    """List the executions of one workflow; none where there is no such workflow yet."""
    caller.require(Scope.READ, workflow_id)
    return Json(await in_thread(gateway.calls, gateway.executions.executions, workflow_id, status, cursor, limit))


@router.get(
    EXECUTION,
    summary="Show an execution and a page of its steps",
    responses={200: answered("The execution and some of its steps", "ExecutionPage")},
)
async def execution(
    gateway: GatewayParts,
    caller: Caller,
    workflow_id: WorkflowId,
    execution_id: ExecutionId,
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=0, le=200, description="Steps on a page; 0 shows the execution alone.")] = 50,
    reveal: Annotated[
        bool, Query(description="Show what redaction masks otherwise; the token needs the scope `reveal`.")
    ] = False,
) -> Json:
    """Its newest revision: the record's own fields, and steps in their order; secrets are masked."""
    caller.require(Scope.READ, workflow_id)
    if reveal:
        caller.require(Scope.REVEAL, workflow_id)
    page = partial(gateway.executions.page, reveal=reveal)
    return Json(await in_thread(gateway.calls, page, workflow_id, execution_id, offset, limit))


@router.post(
    f"{EXECUTION}/exports",
    status_code=202,
    summary="Export an execution",
    openapi_extra={"requestBody": {"content": json_content("RequestedExport")}},
    responses={
        200: answered("The archive is there already; with dry_run, what it would hold", "ExportOrForeseen"),
        202: answered("The export is being made", "Export"),
    },
)
async def export(
    request: Request,
    gateway: GatewayParts,
    counters: Counters,
    caller: Caller,
    workflow_id: WorkflowId,
    execution_id: ExecutionId,
    dry_run: Annotated[bool, Query(description="Tell what the archive would hold, and make nothing.")] = False,
) -> Json:
    """Answer 202 with the export, 200 where its archive is there already.

    One that failed, expired or was deleted is made anew, under a new link.
    """
    caller.require(Scope.EXPORT, workflow_id)
    requested = _requested(await small_body(request, MAX_OPTIONS_BYTES))
    if dry_run:
        gateway.exports.receivers.check(requested)
        foreseen = await in_thread(
            gateway.calls, gateway.executions.foresee, workflow_id, execution_id, requested.options
        )
        return Json(foreseen)
    answer = await in_thread(gateway.calls, _request, gateway, caller, workflow_id, execution_id, requested)
    counters.requested("request", answer.export)
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
) -> Requested:
    record = gateway.executions.record(workflow_id, execution_id)
    return gateway.exports.request(record, requested, caller.name, revive=True)
