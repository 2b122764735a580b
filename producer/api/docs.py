"""OpenAPI at ``/docs``: the description and its page, with assets from here."""

from __future__ import annotations

from pathlib import Path

import swagger_ui_bundle
from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from producer.api.openapi import description_of
from producer.pages.links import docs_page


def add_docs(app: FastAPI) -> None:
    """Serve the description and its page."""
    app.mount("/docs/assets", StaticFiles(directory=Path(swagger_ui_bundle.swagger_ui_path)), name="docs")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return docs_page()

    app.openapi = lambda: description_of(app)  # type: ignore[method-assign] # FastAPI's own way to extend the description
