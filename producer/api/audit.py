"""Routes: the audit log."""

from __future__ import annotations

import re
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import BeforeValidator

from producer.access.entries import Scope
from producer.api.bridge import in_thread
from producer.api.dependencies import Caller, Cursor, GatewayParts, Limit
from producer.api.described import page_of
from producer.api.responses import Json
from producer.audit_pages import audit_page

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


def _written(value: Any) -> Any:
    """Refuse numbers, which the library would take for seconds or milliseconds, as it guesses."""
    if isinstance(value, str) and not _DATE.match(value):
        raise ValueError("write a time as RFC 3339 does, such as 2026-01-31T22:00:00Z")
    return value


Moment = Annotated[datetime, BeforeValidator(_written)]

router = APIRouter(prefix="/v1", tags=["audit"])


@router.get(
    "/audit",
    summary="List who exported, downloaded and revoked what, oldest first",
    responses={200: page_of("AuditEntry", "oldest first")},
)
async def entries(
    gateway: GatewayParts,
    caller: Caller,
    since: Annotated[Moment | None, Query(description="Only entries from then on.")] = None,
    until: Annotated[Moment | None, Query(description="Only entries before then.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Json:
    """Entries of all workflows; needs `read` on every one. They appear here some seconds after what they tell of."""
    caller.require_everywhere(Scope.READ)
    page = partial(audit_page, gateway.objects, since=since, until=until, cursor=cursor, limit=limit)
    return Json(await in_thread(gateway.calls, page))
