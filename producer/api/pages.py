"""The few pages of a download link (waiting, and why there is nothing to download) and the page of the description."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import Response

from producer.contract.export import Export
from producer.contract.problem import Problem

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_DOCS_POLICY = _POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""Swagger UI draws with inline styles; its script and its requests stay with this host all the same."""


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("producer"), autoescape=True, undefined=StrictUndefined)


def waiting_page(export: Export, token: str) -> Response:
    """Show progress; the page's script starts the download when it is ready."""
    return _page("waiting.html", 200, export=export, token=token)


def problem_page(problem: Problem) -> Response:
    """Tell a person why there is nothing to download, and what to do."""
    return _page("problem.html", problem.status, problem=problem)


def docs_page() -> Response:
    """Show the description of the API."""
    return _page("docs.html", 200, policy=_DOCS_POLICY)


def _page(template: str, status: int, policy: str = _POLICY, **context: object) -> Response:
    text = _templates().get_template(template).render(context)
    return Response(text, status, {"Content-Security-Policy": policy}, "text/html")
