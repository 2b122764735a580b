"""What routes ask for: the gateway's parts, the caller, a page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Security
from fastapi.security import HTTPBearer

from producer.access.principal import Principal
from producer.api.stopping import Stopping
from producer.gateway import Gateway
from producer.metrics import Metrics

BEARER = Security(HTTPBearer(auto_error=False, description="A token of TOKENS_FILE."))
"""Describes in OpenAPI that a call takes a token; the token itself is read by the authenticator."""


def _gateway(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


def _metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


def _stopping(request: Request) -> Stopping:
    stopping: Stopping = request.app.state.stopping
    return stopping


def _caller(request: Request, _: Annotated[Any, BEARER]) -> Principal:
    return _gateway(request).authenticator.bearer(request.headers.get("authorization"))


GatewayParts = Annotated[Gateway, Depends(_gateway)]
Counters = Annotated[Metrics, Depends(_metrics)]
End = Annotated[Stopping, Depends(_stopping)]
Caller = Annotated[Principal, Depends(_caller)]
Limit = Annotated[int, Query(ge=1, le=200, description="Items on a page.")]
Cursor = Annotated[str | None, Query(description="The `next` of the page before.")]
