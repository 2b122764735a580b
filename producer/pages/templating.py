"""Pages from templates, under a policy by which a browser runs and loads nothing that is not a file of ours."""

from __future__ import annotations

from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import Response

from producer.pages.static import asset

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

FEATURES: Final = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
"""What no page of ours asks a browser for, so that nothing that slipped into one can (Permissions Policy)."""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("producer"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["asset"] = asset
    return environment


def html_page(
    template: str, page: object, status: int = 200, policy: str = POLICY, *, private: bool = True
) -> Response:
    """Answer a page, or a part of one; ``page`` is what the template shows, by this very name.

    What a session may see is private: it must not stay on a shared disk, nor come back by the button "back" after
    logging out.
    """
    text = _environment().get_template(template).render(page=page)
    headers = {"Content-Security-Policy": policy, "Permissions-Policy": FEATURES}
    if private:
        headers["Cache-Control"] = "no-store"
    return Response(text, status, headers, "text/html")
