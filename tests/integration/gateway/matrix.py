"""Every route, and one request to each: what the tests of access go through, so that no route can be forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import httpx
from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount

from tests.integration.gateway.examples import STRUCTURED, completed, path_of
from tests.integration.gateway.site import Site
from tests.servers import HOST

OPEN: Final = {
    "/healthz",
    "/readyz",
    "/docs",
    "/openapi.json",
    "/docs/assets",
    "/static/{version}",
    "/login",
    "/v1/schemas/execution-record.json",
    "/d/{token}",
    "/d/{token}/events",
}
"""What needs neither token nor session: the link is its own permission, the rest is no secret."""

BEARER_ALONE: Final = ("POST", "/v1/login-links")
"""Takes any token, and no session: a session that makes logins would outlive itself."""

LOGOUT: Final = ("POST", "/logout")
"""Takes any session; test_logins.py has more of it."""


class Call(NamedTuple):
    """A request to a route, and the scope that it needs."""

    method: str
    path: str
    scope: str
    body: bytes = b""
    headers: dict[str, str] = {}  # noqa: RUF012 # a NamedTuple's defaults are shared and never changed here


def calls(event: dict[str, Any], export_id: str) -> dict[tuple[str, str], Call]:
    """One call to each route that needs a token, by its method and template."""
    of_event = ("/v1/events", json.dumps(event).encode(), STRUCTURED)
    return {
        ("POST", "/v1/events"): Call("POST", of_event[0], "ingest", of_event[1], of_event[2]),
        ("POST", "/v1/engines/{engine}/events"): Call("POST", "/v1/engines/auto/events", "ingest", b"{}"),
        ("GET", "/v1/workflows"): Call("GET", "/v1/workflows", "read"),
        ("GET", "/v1/workflows/{workflow_id}/executions"): Call("GET", path_of(event).rpartition("/")[0], "read"),
        ("GET", "/v1/workflows/{workflow_id}/executions/{execution_id}"): Call("GET", path_of(event), "read"),
        ("POST", "/v1/workflows/{workflow_id}/executions/{execution_id}/exports"): Call(
            "POST", f"{path_of(event)}/exports", "export", b"{}"
        ),
        ("GET", "/v1/exports"): Call("GET", "/v1/exports", "read"),
        ("GET", "/v1/exports/{export_id}"): Call("GET", f"/v1/exports/{export_id}", "read"),
        ("GET", "/v1/exports/{export_id}/events"): Call("GET", f"/v1/exports/{export_id}/events", "read"),
        ("GET", "/v1/exports/{export_id}/manifest"): Call("GET", f"/v1/exports/{export_id}/manifest", "read"),
        ("GET", "/v1/exports/{export_id}/deliveries"): Call("GET", f"/v1/exports/{export_id}/deliveries", "read"),
        ("POST", "/v1/exports/{export_id}/deliveries"): Call(
            "POST", f"/v1/exports/{export_id}/deliveries", "export", b"{}"
        ),
        ("DELETE", "/v1/exports/{export_id}"): Call("DELETE", f"/v1/exports/{export_id}", "delete"),
        ("GET", "/v1/audit"): Call("GET", "/v1/audit", "read"),
        ("GET", "/metrics"): Call("GET", "/metrics", "read"),
    }


def pages(event: dict[str, Any]) -> dict[tuple[str, str], str]:
    """The address of each page, or part of one, that a session shows, by its method and template."""
    path = path_of(event).removeprefix("/v1")
    workflow, execution = "/workflows/{workflow_id}", "/workflows/{workflow_id}/executions/{execution_id}"
    addresses = {
        "/": "/",
        "/exports": "/exports",
        workflow: path.partition("/executions/")[0],
        execution: path,
        f"{execution}/steps": f"{path}/steps",
        f"{execution}/steps/{{position}}": f"{path}/steps/0",
        f"{execution}/timeline": f"{path}/timeline",
        f"{execution}/about": f"{path}/about",
    }
    return {("GET", template): address for template, address in addresses.items()}


LIST_PAGES: Final = {"/", "/exports"}

LISTS: Final = {("GET", "/v1/workflows"), ("GET", "/v1/exports")}
"""They show what may be seen, so a token of other workflows gets an empty page."""

OF_ALL_WORKFLOWS: Final = {("GET", "/metrics"), ("GET", "/v1/audit")}
"""They tell of every workflow, so a token must cover all of them."""

WITHOUT_WORKFLOW: Final = {*LISTS, *OF_ALL_WORKFLOWS, ("POST", "/v1/engines/{engine}/events")}


def walked(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield method and template of every route of an application, those of included routers too."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from walked(included.routes)
        elif isinstance(route, Mount):
            yield "GET", prefix + route.path
        else:
            template = prefix + route.path.replace(":segment", "")  # type: ignore[attr-defined] # all others have one
            yield from ((method, template) for method in sorted(route.methods - {"HEAD"}))  # type: ignore[attr-defined] # as above


def protected(app: FastAPI) -> list[tuple[str, str]]:
    """List the routes that are not open, by method and template."""
    return [(method, template) for method, template in walked(app.routes) if template not in OPEN]


class Known(NamedTuple):
    """An execution that is exported, and one request to each route that shows or changes it."""

    calls: dict[tuple[str, str], Call]
    pages: dict[tuple[str, str], str]
    event: dict[str, Any]
    export: dict[str, Any]


def known_execution(site: Site) -> Known:
    """Send an execution, wait for its export, and tell how each route is called for it."""
    event = completed(export={"include": ["manifest"], "callback_url": f"http://{HOST}:9/nobody-listens-there"})
    export = site.ready(event)
    return Known(calls(event, export["id"]), pages(event), event, export)


def make(client: httpx.Client, call: Call, **headers: str) -> httpx.Response:
    """Send a request."""
    return client.request(call.method, call.path, content=call.body, headers={**call.headers, **headers})
