"""Pages: logging in, by a token or by a login link's code, and logging out."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from producer.access.origin import refuse_other_sites
from producer.api.bridge import in_thread, small_body
from producer.api.cookies import forget_session, set_session
from producer.api.dependencies import GatewayParts
from producer.api.limiting import count_failure
from producer.contract.errors import Unauthenticated
from producer.pages.shell import LoggedIn
from producer.pages.templating import html_page

router = APIRouter(include_in_schema=False)

LOGIN: Final = "/login"
_MAX_FORM_BYTES: Final = 16 * 1024


class LoginPage(NamedTuple):
    """The page that takes a token. ``next`` is the page that was asked for."""

    next: str
    error: str
    remedy: str


@router.get(LOGIN)
async def login_page(next: str = "") -> Response:  # noqa: A002 # the parameter's name in the address
    """Ask for a token."""
    return html_page("login.html", LoginPage(own_page(next), "", ""))


@router.post(LOGIN)
async def login(request: Request, gateway: GatewayParts) -> Response:
    """Begin a session, for a token or for the code of a login link."""
    refuse_other_sites(request.headers, gateway.settings.public_url)
    form = read_form(await small_body(request, _MAX_FORM_BYTES))
    target = own_page(form.get("next", ""))
    try:
        if form.get("code"):
            cookie = await in_thread(gateway.calls, gateway.sessions.redeem_code, form["code"])
        else:
            cookie = gateway.sessions.begin(form.get("token", "").strip())
    except Unauthenticated as error:
        count_failure(request, gateway)
        return html_page("login.html", LoginPage(target, error.detail, error.remedy or ""), 401)
    answer = RedirectResponse(target, 303)
    set_session(answer, gateway, cookie)
    return answer


@router.post("/logout")
async def logout(request: Request, visitor: LoggedIn) -> Response:
    """End the session."""
    gateway = visitor.gateway
    refuse_other_sites(request.headers, gateway.settings.public_url)
    form = read_form(await small_body(request, _MAX_FORM_BYTES))
    gateway.sessions.check_form(visitor.session, form.get("csrf"))
    await in_thread(gateway.calls, gateway.sessions.end, visitor.session)
    answer = RedirectResponse(LOGIN, 303)
    forget_session(answer, gateway)
    return answer


def login_first(path: str) -> Response:
    """Lead to the login, and back to a page afterwards."""
    return RedirectResponse(LOGIN if path == "/" else f"{LOGIN}?next={quote(path, safe='')}", 303)


def own_page(path: str) -> str:
    """Return a path of this site, and the first page for everything that could lead elsewhere."""
    # Browsers read a backslash as a slash, and two slashes as the start of a host.
    plain = path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


def read_form(body: bytes) -> dict[str, str]:
    """Read a form (application/x-www-form-urlencoded, WHATWG URL section 5): of each field its first value."""
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
