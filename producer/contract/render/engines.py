"""Markdown to HTML: CommonMark with GitHub's extensions by comrak, or the package ``markdown`` by choice.

An engine's HTML holds nothing active: comrak shows raw HTML as text; the other engine stands behind a sanitizer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import comrak

from producer.contract.errors import InvalidSetting
from producer.contract.render.python_markdown import python_markdown_engine

MarkdownEngine = Callable[[str], str]
"""Turns Markdown into HTML that is safe to show, links and images aside: ``polish`` sees to those."""

COMMONMARK: Final = "commonmark"
PYTHON_MARKDOWN: Final = "python-markdown"


def make_engine(name: str) -> MarkdownEngine:
    """Return the engine that the setting MARKDOWN names. Raises InvalidSetting for a name that is none."""
    if name == COMMONMARK:
        return commonmark_engine()
    if name == PYTHON_MARKDOWN:
        return python_markdown_engine()
    raise InvalidSetting(
        f"RUNFOLIO_MARKDOWN is '{name}', which is no Markdown engine.",
        field="RUNFOLIO_MARKDOWN",
        remedy=f"Set it to '{COMMONMARK}' or '{PYTHON_MARKDOWN}'.",
    )


def commonmark_engine(*, raw_html: bool = False) -> MarkdownEngine:
    """Return comrak with GitHub's extensions.

    ``raw_html`` lets HTML and every link through: for comparing with the specification, never for a page.
    """
    extensions = github_extensions()
    # Their identifiers get a prefix for each field later, so that they cannot collide on one page.
    extensions.footnotes = True
    extensions.alerts = True
    parse = comrak.ParseOptions()
    render = comrak.RenderOptions()
    render.escape = not raw_html
    render.unsafe_ = raw_html
    render.tasklist_classes = True

    def to_html(text: str) -> str:
        return comrak.render_markdown(text, extensions, parse, render)

    return to_html


def github_extensions() -> comrak.ExtensionOptions:
    """Return the extensions of GitHub Flavored Markdown, without its filter of tags: all raw HTML is text here."""
    extensions = comrak.ExtensionOptions()
    extensions.table = True
    extensions.strikethrough = True
    extensions.autolink = True
    extensions.tasklist = True
    return extensions
