"""Every error becomes a problem document: ours, the framework's, and what nobody expected."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from producer.api.responses import error_response, problem_response
from producer.contract.errors import RunfolioError
from producer.contract.problem import NAMESPACE, Problem

log = logging.getLogger(__name__)


def add_problem_handlers(app: FastAPI) -> None:
    """Answer all errors of an application as problems (RFC 9457)."""
    app.add_exception_handler(RunfolioError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, RunfolioError)  # noqa: S101 # registered for this class alone
    return error_response(error)


async def _invalid_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 # registered for this class alone
    first: Any = error.errors()[0]
    where, *path = (str(part) for part in first["loc"])
    field = ".".join(path) or where
    return problem_response(
        Problem(
            f"{NAMESPACE}invalid-request",
            "The request is not valid",
            422,
            f"{field}: {first['msg']}.",
            field,
            "See the description of the call at /docs.",
        )
    )


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 # registered for this class alone
    phrase = HTTPStatus(error.status_code).phrase
    name = phrase.lower().replace(" ", "-")
    detail = _DETAILS.get(error.status_code, f"{error.detail}.")
    problem = Problem(f"{NAMESPACE}{name}", phrase, error.status_code, detail, None, "See /docs.")
    headers = dict(error.headers or {})
    if headers.get("Allow") == "GET":
        headers["Allow"] = "GET, HEAD"  # The routes do not know of HEAD, which is answered for all of them.
    return problem_response(problem, headers)


_DETAILS = {404: "There is nothing at this address.", 405: "This address does not take this method."}


async def _unexpected(_: Request, error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    return problem_response(
        Problem(
            f"{NAMESPACE}internal",
            "Internal error",
            500,
            "Something went wrong that should not; the gateway's log has the details.",
            None,
            "Send the request again; tell the operator if it happens again.",
        )
    )
