"""Route: a link by which a person gets from a token to a session in the browser."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from msgspec import Struct

from producer.access.authenticate import presented
from producer.access.sessions import LINK_LASTS
from producer.access.tokens import token_digest
from producer.api.bridge import in_thread
from producer.api.dependencies import BEARER, GatewayParts
from producer.api.described import answered
from producer.api.limiting import count_call
from producer.api.responses import Json
from producer.exports import utc_now

router = APIRouter(prefix="/v1", tags=["service"], dependencies=[BEARER])


class LoginLink(Struct, frozen=True):
    """A login link. It works once, until ``expires_at``."""

    url: str
    expires_at: datetime


@router.post(
    "/login-links",
    status_code=201,
    summary="Make a link that logs a browser in, once",
    responses={201: answered("The link", "LoginLink")},
)
async def login_link(request: Request, gateway: GatewayParts) -> Json:
    """Make a link that begins one session with what the token of this request may see and do.

    The code stands in the link's fragment, which browsers send to nobody. A session's cookie makes no links: it would
    outlive itself.
    """
    token = presented(request.headers.get("authorization"))
    count_call(request, gateway, gateway.authenticator.token(token).name)
    code = await in_thread(gateway.calls, gateway.sessions.offer_code, token_digest(token))
    url = f"{gateway.settings.public_url.rstrip('/')}/login#code={code}"
    return Json(LoginLink(url, utc_now() + LINK_LASTS), status_code=201)
