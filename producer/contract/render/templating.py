"""The templates, compiled once per process, and what every page shares: the style and the policy that admits it."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Final, NamedTuple

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template, select_autoescape
from markupsafe import Markup

STYLE_SHEET: Final = "document.css"
"""The style of every document; pages that show what documents show use it too."""

_HERE: Final = "producer.contract.render"


class Style(NamedTuple):
    """The style sheet, and the Content-Security-Policy under which nothing but it and inline pictures is loaded."""

    css: Markup
    policy: str


def documents(*more: BaseLoader) -> Environment:
    """Return an environment of the documents' templates and, before them, of more that build on these."""
    return Environment(
        loader=ChoiceLoader([*more, PackageLoader(_HERE), PackageLoader(_HERE, "static")]),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )


_environment = cache(documents)


@cache
def template(name: str) -> Template:
    """Return a template by its file name."""
    return _environment().get_template(name)


@cache
def style() -> Style:
    """Return the style; the policy names it by its digest (CSP Level 3 section 2.3.1), so that no other is applied."""
    css = template(STYLE_SHEET).render()
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    # The style sheet is a file of ours without a value of a record in it, so it needs no escaping.
    return Style(Markup(css), policy)  # noqa: S704 # see above: nothing in it comes from outside
