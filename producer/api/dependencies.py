"""What routes ask for: the gateway's parts, the caller, a page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Security
from fastapi.security import HTTPBearer

from producer.access.principal import Principal
from producer.api.bridge import in_thread
from producer.api.cookies import by_token, caller_of
from producer.api.stopping import Stopping
from producer.gateway import Gateway
from producer.metrics import Metrics

BEARER = Security(HTTPBearer(auto_error=False, description="A token of TOKENS_FILE."))
"""Describes in OpenAPI that a call takes a token; the token itself is read by the authenticator."""

# What follows is asynchronous without waiting for anything: a plain function would be called in a thread.


async def _gateway(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


async def _metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


async def _stopping(request: Request) -> Stopping:
    stopping: Stopping = request.app.state.stopping
    return stopping


async def _caller(request: Request, _: Annotated[Any, BEARER]) -> Principal:
    gateway = await _gateway(request)
    if by_token(request):
        return caller_of(request, gateway)
    return await in_thread(gateway.calls, caller_of, request, gateway)  # A session is looked up on the board.


GatewayParts = Annotated[Gateway, Depends(_gateway)]
Counters = Annotated[Metrics, Depends(_metrics)]
End = Annotated[Stopping, Depends(_stopping)]
Caller = Annotated[Principal, Depends(_caller)]
Limit = Annotated[int, Query(ge=1, le=200, description="Items on a page.")]
Offset = Annotated[int, Query(ge=0, le=2**31 - 1, description="The first step, counted from 0.")]
Cursor = Annotated[str | None, Query(description="The `next` of the page before.")]
