"""The last touch on an engine's HTML: what it may link to, what it may load, where its headings and footnotes belong.

Both engines write attributes in double quotes and never a bare ``<`` in text, so tags can be found without a parser.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

from markupsafe import escape

_TAG: Final = re.compile(
    r'<(?P<link>a)(?P<link_attributes>(?: [a-z-]+(?:="[^"]*")?)*)>'
    r"|(?P<link_end></a>)"
    r'|<(?P<image>img)(?P<image_attributes>(?: [a-z-]+(?:="[^"]*")?)*) ?/?>'
    r'|(?P<footnote><li id=")(?=fn)'
)
_HEADING_OR_TAG: Final = re.compile(r'<(?:h([1-6])>|a |img |li id="fn)')
_UNUSUAL_LINK: Final = re.compile(r'<a (?!href="(?:https?://|mailto:)[^"]*"(?: title="[^"]*")?>)')
_ATTRIBUTE: Final = re.compile(r' ([a-z-]+)(?:="([^"]*)")?')
_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_OVERLOOKED: Final = re.compile(r"[\x00-\x20]+")
_LINKED: Final = frozenset({"http", "https", "mailto", "tel", "ftp", "ftps", "xmpp"})
_PICTURE: Final = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=%]*", re.IGNORECASE)
_FOOTNOTE: Final = re.compile(r"fn(?:ref)?-")
_BOX: Final = '<input type="checkbox" class="task-list-item-checkbox"'
_REL: Final = ' rel="noopener noreferrer nofollow"'


def polish(html: str, level: int, scope: str) -> str:
    """Return the HTML of one field, fit for a page.

    Images from the network become links, links with unusual schemes become text with the address beside it, and other
    links tell nobody where they were followed from. Headings move below ``level``. ``scope`` is a word that is unique
    on the page; it keeps the footnotes of two fields apart.
    """
    # The levels of the headings, and an empty text for any other tag that is looked for.
    found = set(_HEADING_OR_TAG.findall(html))
    html = _named_boxes(_lowered(html, level, found))
    if "" not in found:
        return html
    if "<img " not in html and not _UNUSUAL_LINK.search(html):
        # Nearly every field: no picture, and links to the web only.
        return html.replace("<a href=", f"<a{_REL} href=")
    return _TAG.sub(_Polish(scope), html)


def _named_boxes(html: str) -> str:
    """Tell whoever does not see the boxes of a task list which are ticked."""
    if _BOX not in html:
        return html
    ticked = html.replace(f'{_BOX} checked=""', f'{_BOX} aria-label="done" checked=""')
    return ticked.replace(f"{_BOX} disabled", f'{_BOX} aria-label="to do" disabled')


def _lowered(html: str, level: int, found: set[str]) -> str:
    present = [int(digit) for digit in "654321" if digit in found]
    shift = level + 1 - present[-1] if present else 0
    if shift <= 0:
        return html
    # From the lowest heading up, so that none is moved twice.
    for number in present:
        moved = min(6, number + shift)
        html = html.replace(f"<h{number}>", f"<h{moved}>").replace(f"</h{number}>", f"</h{moved}>")
    return html


class _Polish:
    """Rewrites one tag after the other; remembers whether it is inside of a link, where no other may stand."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._in_link = False
        self._after_link = ""

    def __call__(self, match: re.Match[str]) -> str:
        if match["link"]:
            return self._link(_attributes(match["link_attributes"]))
        if match["image"]:
            return self._image(_attributes(match["image_attributes"]))
        if match["footnote"]:
            return f"{match['footnote']}{self._scope}-"
        return self._link_end()

    def _link(self, attributes: dict[str, str]) -> str:
        self._in_link = True
        target = attributes.pop("href", "")
        if target.startswith("#"):
            return f"<a{self._footnote_link(target, attributes)}>"
        title = f' title="{attributes["title"]}"' if "title" in attributes else ""
        if _may_link(target):
            return f'<a{_REL} href="{target}"{title}>'
        if target:
            self._after_link = _address(target)
        return f"<a{title}>"

    def _link_end(self) -> str:
        self._in_link = False
        rest, self._after_link = self._after_link, ""
        return f"</a>{rest}"

    def _footnote_link(self, target: str, attributes: dict[str, str]) -> str:
        if _FOOTNOTE.match(target, 1):
            target = f"#{self._scope}-{target[1:]}"
        if "id" in attributes:
            attributes["id"] = f"{self._scope}-{attributes['id']}"
        kept = "".join(
            f' {name}="{attributes[name]}"' for name in ("id", "class", "title", "aria-label") if name in attributes
        )
        return f' href="{target}"{kept}'

    def _image(self, attributes: dict[str, str]) -> str:
        source, alt = attributes.get("src", ""), attributes.get("alt", "")
        title = f' title="{attributes["title"]}"' if "title" in attributes else ""
        if _PICTURE.fullmatch(source):
            return f'<img src="{source}" alt="{alt}"{title}>'
        remote = source.startswith(("http://", "https://"))
        name = alt or (source if remote else "")
        if not remote:
            where = _address(source) if source else ""
            return f'<span class="image"{title}>Image: {name or "(no text)"}</span>{where}'
        link = f'<a{_REL} class="image" href="{source}"{title}>Image: {name}</a>'
        if not self._in_link:
            return link
        self._after_link += f" {link}"
        return f'<span class="image">Image: {name}</span>'


def _attributes(text: str) -> dict[str, str]:
    # Values go back as they are, save for angle brackets, which the sanitizer may leave bare.
    return {name: value.replace("<", "&lt;").replace(">", "&gt;") for name, value in _ATTRIBUTE.findall(text)}


def _may_link(target: str) -> bool:
    # Browsers overlook white space and control characters at places where they would hide a scheme or a host.
    plain = _OVERLOOKED.sub("", unescape(target))
    scheme = _SCHEME.match(plain)
    if scheme is not None:
        return scheme[1].lower() in _LINKED
    # Two slashes name a host: opened from a disk, that is a file share. A colon before any slash is an odd scheme.
    return bool(plain) and not plain.startswith(("//", "/\\", "\\")) and ":" not in plain.partition("/")[0]


def _address(target: str) -> str:
    return f' <span class="address">({escape(unescape(target))})</span>'
