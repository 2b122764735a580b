"""The package ``markdown`` as an engine, behind the sanitizer ``nh3``: the package lets raw HTML through."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Final

import markdown
import nh3

_EXTENSIONS: Final = ("tables", "fenced_code", "sane_lists")
_TAGS: Final = frozenset(
    {"h1", "h2", "h3", "h4", "h5", "h6", "p", "blockquote", "pre", "hr", "br", "div", "span"}
    | {"ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"}
    | {"a", "img", "code", "em", "strong", "b", "i", "s", "u", "del", "ins", "kbd", "samp", "var", "q", "mark"}
    | {"sub", "sup", "small", "abbr"}
)
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "code": {"class"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan"},
}
_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel", "ftp", "data"})
_TOO_DEEP: Final = "This field is nested too deeply for the Markdown engine and is shown preformatted."


def python_markdown_engine() -> Callable[[str], str]:
    """Return the engine. Markdown that is nested too deeply for it comes out preformatted, with a note."""
    cleaner = nh3.Cleaner(
        tags=set(_TAGS),
        clean_content_tags={"script", "style"},
        attributes=_ATTRIBUTES,
        url_schemes=set(_SCHEMES),
        link_rel=None,
        strip_comments=True,
        attribute_filter=_kept,
    )
    return lambda text: cleaner.clean(_convert(text))


def _kept(tag: str, attribute: str, value: str) -> str | None:
    if tag == "code":
        return value if value.startswith("language-") and " " not in value else None
    # data: may hold a picture; as the target of a link it would hold a page.
    data = value.strip().lower().startswith("data:")
    return None if data and (tag, attribute) != ("img", "src") else value


def _convert(text: str) -> str:
    try:
        # The package is built anew for each text: an instance keeps references and its state between conversions.
        return markdown.markdown(text, extensions=list(_EXTENSIONS), output_format="html")
    except RecursionError:
        return f"<p><em>{_TOO_DEEP}</em></p>\n<pre><code>{escape(text)}</code></pre>"
