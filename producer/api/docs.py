"""OpenAPI at ``/docs``: the description, with the models that the routes speak of, and its page with assets from here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import swagger_ui_bundle
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from producer.contract.export import Export, RequestedExport
from producer.contract.problem import Problem
from producer.contract.record import ExecutionRecord

_MODELS = (ExecutionRecord, Export, RequestedExport, Problem)
_PROBLEM = {"description": "A problem (RFC 9457)", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def add_docs(app: FastAPI) -> None:
    """Serve the description and its page."""
    assets = Path(swagger_ui_bundle.swagger_ui_path)
    app.mount("/docs/assets", StaticFiles(directory=assets), name="docs")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Runfolio API",
            swagger_js_url="/docs/assets/swagger-ui-bundle.js",
            swagger_css_url="/docs/assets/swagger-ui.css",
            swagger_favicon_url="/static/icon.svg",
        )

    app.openapi = lambda: _description(app)  # type: ignore[method-assign] # FastAPI's own way to extend the description


def _description(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, routes=app.routes, description=_TEXT)
        models = schema.setdefault("components", {}).setdefault("schemas", {})
        _, components = msgspec.json.schema_components(_MODELS, ref_template="#/components/schemas/{name}")
        models.update(components)
        models["CompletedEvent"] = _event()
        for operation in (one for path in schema["paths"].values() for one in path.values()):
            operation["responses"]["default"] = _PROBLEM
        app.openapi_schema = schema
    return app.openapi_schema


_TEXT = "Completed workflow executions in, archives of Markdown or HTML documents out."


def _event() -> dict[str, Any]:
    return {
        "title": "CompletedEvent",
        "description": "A CloudEvent (1.0) of the type runfolio.execution.completed.v1.",
        "type": "object",
        "required": ["specversion", "type", "source", "id", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "type": {"const": "runfolio.execution.completed.v1"},
            "source": {"type": "string", "format": "uri-reference", "minLength": 1},
            "id": {"type": "string", "minLength": 1},
            "time": {"type": "string", "format": "date-time"},
            "data": {"$ref": "#/components/schemas/ExecutionRecord"},
        },
    }
