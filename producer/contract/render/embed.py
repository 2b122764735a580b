"""Markdown of the record inside of our Markdown: it must end where its field ends, and not take over the outline.

The question what a line of Markdown is has no answer by regular expression, so a CommonMark parser is asked, but for
texts so plain that ``linescan`` knows: the text is parsed with a paragraph after it, and all is well where that
paragraph comes out as one of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import comrak

from producer.contract.render import linescan
from producer.contract.render.engines import github_extensions

_MATTERS: Final = re.compile(r"^ {0,3}(?:#{1,6}(?:[ \t]|$)|=+[ \t]*$|-+[ \t]*$|```|~~~)|<[A-Za-z!?/]", re.MULTILINE)
_END: Final = "end"
_CLOSERS: Final = ("-->", "</pre>", "?>", "]]>", ">")
_TAG: Final = re.compile(
    r"<!--.*?-->|<[!?](?!--)[^>]*+>"
    r"|<(?P<slash>/?)(?P<name>[A-Za-z][^\s/<>]*+)(?:[^<>=]|=\s*+(?:\"[^\"]*\"|'[^']*'|(?![\"'])))*+>"
    r"|(?P<torn><[A-Za-z/!?])",
    re.DOTALL,
)
_VOID: Final = "area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr"
_ENDS_ITSELF: Final = "p|li|dt|dd|td|th|tr|thead|tbody|tfoot|colgroup|caption|option|optgroup|rp|rt|html|head|body"
_NEEDS_NO_END: Final = re.compile(f"{_VOID}|{_ENDS_ITSELF}", re.IGNORECASE)
_RAW_TAG: Final = re.compile("<[A-Za-z/!?]")
_PLACES: Final = re.compile(r' data-sourcepos="[0-9:-]+"')
_HEADING: Final = re.compile(r'<h([1-6]) data-sourcepos="(\d+):([1-4])-(\d+):\d+">')
_ATX: Final = re.compile(r"( {0,3})(#{1,6})(?!#)(.*)", re.DOTALL)


def embed(text: str, level: int) -> str | None:
    """Return Markdown that renders as before and can be followed by anything, or None where that cannot be had.

    A fence, comment or HTML element that is left open gets its end. Headings move below ``level``, the level of the
    heading that the text stands under. The text must be safe by ``block_text``.
    """
    text = text.strip("\n")
    plain = linescan.embedded(text, level)
    return parsed(text, level) if plain is None else plain


def parsed(text: str, level: int) -> str | None:
    """Do the same by the parser, for a text that neither begins nor ends with a line end."""
    if not _MATTERS.search(text):
        return text
    for closer in _closers(text):
        whole = f"{text}\n{closer}" if closer else text
        html = _ending(whole)
        if html is not None:
            ends = _missing_ends(html) if _RAW_TAG.search(text) else []
            return None if ends is None else "\n\n".join([_lowered(whole, html, level), *ends])
    return None


def _closers(text: str) -> Iterator[str]:
    yield ""  # Nearly every text ends by itself.
    for mark in "`~":
        yield mark * longest_run(text, mark, least=3)
    yield from _CLOSERS


def longest_run(text: str, mark: str, *, least: int) -> int:
    """Return the length of the longest run of a character, or ``least`` where that is more."""
    runs = re.findall(re.escape(mark) + "{" + str(least) + ",}", text)
    return max(map(len, runs), default=least)


def _ending(text: str) -> str | None:
    """Return the HTML of a text that ends where it should, or None."""
    line = text.count("\n") + 3
    end = f'<p data-sourcepos="{line}:1-{line}:{len(_END)}">{_END}</p>\n'
    html = comrak.render_markdown(f"{text}\n\n{_END}\n", github_extensions(), comrak.ParseOptions(), _traced())
    return html if html.endswith(end) else None


def _traced() -> comrak.RenderOptions:
    options = comrak.RenderOptions()
    options.unsafe_ = True
    options.sourcepos = True
    return options


def _missing_ends(html: str) -> list[str] | None:
    """List end tags for elements that raw HTML opens and leaves open: ``<details>`` would hide what follows.

    Returns None where a tag, a quoted attribute or a comment is itself torn, which no end tag can mend.
    """
    open_elements: dict[str, int] = {}
    for match in _TAG.finditer(_PLACES.sub("", html)):
        if match["torn"]:
            return None
        name = (match["name"] or "p").lower()
        if _NEEDS_NO_END.fullmatch(name):
            continue
        count = open_elements.pop(name, 0) + (-1 if match["slash"] else 1)
        if count > 0:
            open_elements[name] = count
    return [f"</{name}>" for name, count in reversed(open_elements.items()) for _ in range(count)]


def _lowered(text: str, html: str, level: int) -> str:
    headings = [tuple(map(int, found)) for found in _HEADING.findall(html)]
    shift = level + 1 - min((found[0] for found in headings), default=7)
    if shift <= 0:
        return text
    lines = text.split("\n")
    for number, first, _, last in headings:
        _lower(lines, first - 1, last - 1, min(6, number + shift))
    return "\n".join(lines)


def _lower(lines: list[str], first: int, last: int, number: int) -> None:
    atx = _ATX.fullmatch(lines[first])
    if atx is not None:
        lines[first] = f"{atx[1]}{'#' * number}{atx[3]}"
    elif last == first + 1 and not lines[first].rstrip().endswith("#"):
        # A heading underlined with = or - has two levels only; in its other form it has six.
        lines[first] = f"{'#' * number} {lines[first].strip()}"
        lines[last] = ""
