"""Limits on requests: who is counted as what, and the fields by which a client learns how much is left."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from producer.access.hooks import presents_proof
from producer.access.signature import is_signed
from producer.contract.errors import RateLimited
from producer.gateway import Gateway
from producer.limits import CALLS, FAILURES, LINKS, Counted

_STATE: Final = "limit"
_SUBJECTS: Final = {
    CALLS: ("The token '{}' sends more", "An operator can raise RUNFOLIO_RATE_LIMIT"),
    LINKS: ("This download link is followed more", "An operator can raise RUNFOLIO_RATE_LIMIT_LINKS"),
    FAILURES: ("Authentications from this address fail more", "Check the token, the signing secret or the link"),
}


class LimitFields:
    """ASGI middleware: tells the limit that a request was counted by, and when to come again.

    ``RateLimit-Policy`` and ``RateLimit`` are those of draft-ietf-httpapi-ratelimit-headers-10, ``Retry-After`` is that
    of RFC 9110 section 10.2.3.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the fields when an answer begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def with_fields(message: Message) -> None:
            counted: Counted | None = state.get(_STATE)
            if message["type"] == "http.response.start" and counted is not None:
                MutableHeaders(scope=message).update(fields_of(counted, message["status"]))
            await send(message)

        await self._app(scope, receive, with_fields)


def fields_of(counted: Counted, status: int) -> Mapping[str, str]:
    """Write what a limit said as header fields."""
    limit, verdict = counted
    again = max(1, math.ceil(verdict.wait))
    resets = math.ceil(verdict.full) if verdict.remaining else again
    fields = {
        "RateLimit-Policy": f'"{limit}";q={verdict.rate.calls};w={verdict.rate.seconds}',
        "RateLimit": f'"{limit}";r={verdict.remaining};t={resets}',
    }
    return {**fields, "Retry-After": str(again)} if status == 429 else fields


def count_call(request: Request, gateway: Gateway, token_name: str) -> None:
    """Count a request by its token. Raises RateLimited."""
    _judge(request, gateway.limits.call(token_name), token_name)


def count_link(request: Request, gateway: Gateway, export_id: str) -> None:
    """Count that a good link was followed. Raises RateLimited."""
    _judge(request, gateway.limits.link(export_id))


def count_failure(request: Request, gateway: Gateway) -> None:
    """Count a failed authentication, or a link that is none. Raises RateLimited in the place of what it was."""
    _judge(request, gateway.limits.failed(_address(request)))


def refuse_strangers(request: Request, gateway: Gateway) -> None:
    """Raise RateLimited where too much has failed from an address to read a body of it before knowing its sender."""
    counted = gateway.limits.stranger(_address(request))
    if counted is not None and not counted.verdict.taken:
        _judge(request, counted)


def presents_something(request: Request, cookie: str) -> bool:
    """Tell whether a request tries to authenticate; one that does not has not failed to."""
    headers = request.headers
    return "authorization" in headers or is_signed(headers) or presents_proof(headers) or cookie in request.cookies


def _judge(request: Request, counted: Counted | None, subject: str = "") -> None:
    if counted is None:
        return
    setattr(request.state, _STATE, counted)
    limit, verdict = counted
    if not verdict.taken:
        what, remedy = _SUBJECTS[limit]
        raise RateLimited(
            f"{what.format(subject)} often than the limit of {verdict.rate} lets through.",
            remedy=f"Come again in {max(1, math.ceil(verdict.wait))} s. {remedy}.",
        )


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
