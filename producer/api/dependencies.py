"""What routes ask for: the gateway's parts, the caller, a page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Security
from fastapi.security import HTTPBearer

from producer.access.principal import Principal
from producer.gateway import Gateway

_bearer = HTTPBearer(auto_error=False, description="A token of TOKENS_FILE.")


def _gateway(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


def _caller(request: Request, _: Annotated[Any, Security(_bearer)]) -> Principal:
    return _gateway(request).authenticator.bearer(request.headers.get("authorization"))


GatewayParts = Annotated[Gateway, Depends(_gateway)]
Caller = Annotated[Principal, Depends(_caller)]
Limit = Annotated[int, Query(ge=1, le=200, description="Items on a page.")]
Cursor = Annotated[str | None, Query(description="The `next` of the page before.")]
