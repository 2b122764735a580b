"""Pages of a download link: progress while there is nothing to download yet, and why there is nothing any more."""

from __future__ import annotations

from typing import NamedTuple

from starlette.responses import Response

from producer.addresses import execution_path
from producer.contract.export import Export, Progress
from producer.contract.problem import Problem
from producer.pages.templating import POLICY, html_page
from producer.pages.words import shown_name

_DOCS_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""Swagger UI draws with inline styles; its script and its requests stay with this host all the same."""


class WaitingPage(NamedTuple):
    """Progress of an export, for whoever has its link."""

    workflow: str
    execution: str
    progress: Progress
    link: str


class ProblemPage(NamedTuple):
    """What is wrong, what to do, and where that is done; ``action`` is an address with its words."""

    problem: Problem
    action: tuple[str, str] | None


def waiting_page(export: Export, token: str) -> Response:
    """Show progress; the page's script starts the download when it is ready."""
    page = WaitingPage(
        shown_name(export.workflow.name), shown_name(export.execution.id), export.progress, f"/d/{token}"
    )
    return html_page("waiting.html", page)


def problem_page(problem: Problem, export: Export | None = None) -> Response:
    """Tell a person what is wrong; where it is about an export, lead to the page that exports again."""
    if export is None:
        action = ("/", "Go to all workflows")
    else:
        action = (execution_path(export.workflow.id, export.execution.id), "Open the execution and export it again")
    return html_page("problem.html", ProblemPage(problem, action), problem.status)


def docs_page() -> Response:
    """Show the description of the API."""
    return html_page("docs.html", None, policy=_DOCS_POLICY, private=False)
