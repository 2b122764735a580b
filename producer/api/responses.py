"""Answers: JSON by msgspec, problems by RFC 9457."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from producer.contract import jsontext
from producer.contract.errors import RunfolioError, Unauthenticated, Unavailable
from producer.contract.problem import Problem, problem_of

PROBLEM: Final = "application/problem+json"
RETRY_AFTER: Final = "5"


class Json(Response):
    """Any value that msgspec can write, as JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Write the value."""
        return jsontext.encode(content)


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """Answer a problem."""
    return Response(jsontext.encode(problem), problem.status, headers, PROBLEM)


def error_headers(error: RunfolioError) -> dict[str, str]:
    """Return the headers of an error's status (RFC 9110: 401 has a challenge, 503 a time to come back)."""
    headers = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="runfolio"'
    if isinstance(error, Unavailable):
        headers["Retry-After"] = RETRY_AFTER
    return headers


def error_response(error: RunfolioError) -> Response:
    """Answer an error, with the headers of its status."""
    return problem_response(problem_of(error), error_headers(error))
