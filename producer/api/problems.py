"""Every error becomes a problem document: ours, the framework's, and what nobody expected."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from producer.api.allowed import allowed
from producer.api.cookies import cookie_name
from producer.api.limiting import count_failure, presents_something
from producer.api.responses import error_headers, error_response, problem_response
from producer.contract.errors import RateLimited, RunfolioError, Unauthenticated
from producer.contract.problem import NAMESPACE, Problem, problem_of
from producer.gateway import Gateway
from producer.pages.links import problem_page
from producer.pages.login import login_first

log = logging.getLogger(__name__)

_FOR_PROGRAMS: Final = ("/v1/", "/d/", "/static/", "/docs/", "/metrics", "/healthz", "/readyz")


def add_problem_handlers(app: FastAPI) -> None:
    """Answer all errors of an application as problems (RFC 9457)."""
    app.add_exception_handler(RunfolioError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, RunfolioError)  # noqa: S101 # registered for this class alone
    error = _judged(request, error)
    if not _wants_page(request):
        return error_response(error)
    if isinstance(error, Unauthenticated):
        return login_first(_address(request))
    return _page(problem_of(error), error_headers(error))


def _judged(request: Request, error: RunfolioError) -> RunfolioError:
    """Count a failed authentication, and return what is answered: the limit's own error where there were too many."""
    gateway: Gateway = request.app.state.gateway
    if isinstance(error, Unauthenticated) and presents_something(request, cookie_name(gateway.settings.public_url)):
        try:
            count_failure(request, gateway)
        except RateLimited as limited:
            return limited
    return error


def _wants_page(request: Request) -> bool:
    """Tell whether a person is looking: a browser asks for a page, at an address that is not the API's."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(_FOR_PROGRAMS)


def _address(request: Request) -> str:
    """Return the path and query that a browser asked for; where a form was sent there is nothing to come back to."""
    if request.method != "GET":
        return "/"
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def _answered(request: Request, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    return _page(problem, headers or {}) if _wants_page(request) else problem_response(problem, headers)


def _page(problem: Problem, headers: dict[str, str]) -> Response:
    page = problem_page(problem)
    page.headers.update(headers)
    return page


async def _invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 # registered for this class alone
    first: Any = error.errors()[0]
    where, *path = (str(part) for part in first["loc"])
    field = ".".join(path) or where
    return _answered(
        request,
        Problem(
            f"{NAMESPACE}invalid-request",
            "The request is not valid",
            422,
            f"{field}: {first['msg']}.",
            field,
            "See the description of the call at /docs.",
        ),
    )


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 # registered for this class alone
    phrase = HTTPStatus(error.status_code).phrase
    name = phrase.lower().replace(" ", "-")
    detail = _DETAILS.get(error.status_code, f"{error.detail}.")
    problem = Problem(f"{NAMESPACE}{name}", phrase, error.status_code, detail, None, "See /docs.")
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = allowed(request.app.routes, request.scope)
    return _answered(request, problem, headers)


_DETAILS = {404: "There is nothing at this address.", 405: "This address does not take this method."}


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    return _answered(
        request,
        Problem(
            f"{NAMESPACE}internal",
            "Internal error",
            500,
            "Something went wrong that should not; the gateway's log has the details.",
            None,
            "Send the request again; tell the operator if it happens again.",
        ),
    )
