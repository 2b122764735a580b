"""The session cookie (RFC 6265): what it is called, how it is set, how it counts on a request."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from fastapi import Request, Response

from producer.access.origin import refuse_other_sites
from producer.access.principal import Principal
from producer.access.sessions import Session
from producer.api.limiting import count_call
from producer.gateway import Gateway

CSRF_HEADER: Final = "X-CSRF-Token"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing (RFC 9110 section 9.2.1)."""


def cookie_name(public_url: str) -> str:
    """Name the cookie.

    Over HTTPS the prefix makes browsers keep other hosts from setting it. Cookies do not tell ports apart, so a port
    stands in the name: two installations on one host would log each other out.
    """
    address = urlsplit(public_url)
    name = "runfolio_session" if address.port is None else f"runfolio_session_{address.port}"
    return f"__Host-{name}" if address.scheme == "https" else name


def set_session(response: Response, gateway: Gateway, cookie: str) -> None:
    """Let the browser keep a session."""
    response.set_cookie(
        cookie_name(gateway.settings.public_url),
        cookie,
        max_age=int(gateway.sessions.lasts.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=_secure(gateway),
    )


def forget_session(response: Response, gateway: Gateway) -> None:
    """Let the browser drop its session."""
    name = cookie_name(gateway.settings.public_url)
    response.delete_cookie(name, httponly=True, samesite="lax", secure=_secure(gateway))


def session_of(request: Request, gateway: Gateway) -> Session:
    """Return the session of a request. Raises Unauthenticated."""
    return gateway.sessions.read(request.cookies.get(cookie_name(gateway.settings.public_url)))


def caller_of(request: Request, gateway: Gateway) -> Principal:
    """Tell who is calling, and count the call. Raises RateLimited, and what ``identified`` does."""
    principal = identified(request, gateway)
    count_call(request, gateway, principal.name)
    return principal


def by_token(request: Request) -> bool:
    """Tell whether a request is to be known by the header Authorization, for which nobody else need be asked."""
    return "authorization" in request.headers


def identified(request: Request, gateway: Gateway) -> Principal:
    """Tell who is calling: by the header Authorization, else by the session cookie.

    A cookie comes along whoever makes the browser send a request, so a change needs the page's own token beside it.
    Raises Unauthenticated, Forbidden.
    """
    if by_token(request) or cookie_name(gateway.settings.public_url) not in request.cookies:
        return gateway.authenticator.bearer(request.headers.get("authorization"))
    session = session_of(request, gateway)
    if request.method not in _SAFE:
        refuse_other_sites(request.headers, gateway.settings.public_url)
        gateway.sessions.check_form(session, request.headers.get(CSRF_HEADER))
    return session.principal


def _secure(gateway: Gateway) -> bool:
    return gateway.settings.public_url.startswith("https:")
