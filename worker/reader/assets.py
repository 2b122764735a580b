"""The reader's style and script, and the policy that admits these two and nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Final, NamedTuple

from markupsafe import Markup

from producer.contract.render.templating import STYLE_SHEET, Style
from worker.reader.templating import template

_STYLES: Final = (STYLE_SHEET, "reader.css")
_SCRIPTS: Final = ("sanitizer", "texts", "search", "rows", "list", "lanes", "timeline", "marks", "opened", "reader")


class Assets(NamedTuple):
    """``style`` carries the Content-Security-Policy, which covers the script too."""

    style: Style
    script: Markup


@cache
def assets() -> Assets:
    """Return style and script; the policy names both by their digests (CSP Level 3 section 2.3.1)."""
    css = "".join(template(name).render() for name in _STYLES)
    parts = "\n".join(template(f"{name}.js").render() for name in _SCRIPTS)
    # One function around all parts keeps their names out of reach of identifiers in the page (DOM clobbering).
    script = f'(() => {{\n"use strict";\n{parts}}})();\n'
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(css)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    # Both are files of ours without a value of a record in them, so they need no escaping.
    return Assets(Style(Markup(css), policy), Markup(script))  # noqa: S704 # see above: nothing comes from outside


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
