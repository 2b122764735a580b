"""Browsers without a screen: they keep a session's cookie, ask for pages, and follow nothing by themselves."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Final, NamedTuple

import httpx

from producer.access.tokens import Scope
from producer.api.cookies import cookie_name
from tests.integration.gateway.site import Site

HTML: Final = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
EVERYTHING: Final = ",".join(Scope)
_ADDRESSES: Final = {"href", "xlink:href", "src", "srcset", "action", "formaction", "data"}


class Visitor(NamedTuple):
    """Somebody who is logged in by a token of their own."""

    client: httpx.Client
    token: str
    token_name: str
    cookie: str
    form_token: str

    @property
    def csrf(self) -> dict[str, str]:
        """The header that the page's scripts send along with a change."""
        return {"X-CSRF-Token": self.form_token}

    def page(self, path: str, status: int = 200) -> Parsed:
        """Get a page, which must have a status."""
        answer = self.client.get(path)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return parsed(answer)


class Element(NamedTuple):
    """A start tag."""

    tag: str
    attributes: dict[str, str]


class Parsed(HTMLParser):
    """A page as a browser would read it, as far as these tests ask."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = text
        self.elements: list[Element] = []
        self.text = ""
        self._raw = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
        self._raw = tag if tag in {"style", "script"} else self._raw

    def handle_endtag(self, tag: str) -> None:
        self._raw = "" if tag == self._raw else self._raw

    def handle_data(self, data: str) -> None:
        if not self._raw:
            self.text += data

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """Find elements by tag and attributes; ``_`` stands for a hyphen."""
        wanted = {name.strip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            element
            for element in self.elements
            if tag in {"", element.tag} and wanted.items() <= element.attributes.items()
        ]

    def values(self, attribute: str, tag: str = "") -> list[str]:
        """List the values of an attribute, in the order of the page."""
        return [one.attributes[attribute] for one in self.all(tag) if attribute in one.attributes]

    def inline(self) -> list[str]:
        """List what a strict policy refuses: scripts, styles and handlers that stand in the page itself."""
        found = [one.tag for one in self.elements if one.tag == "style"]
        found += ["script" for one in self.all("script") if not one.attributes.get("src")]
        for element in self.elements:
            found += [
                f"{element.tag} {name}" for name in element.attributes if name == "style" or name.startswith("on")
            ]
            found += [
                f"{element.tag} {value}"
                for name, value in element.attributes.items()
                if name in _ADDRESSES and value.strip().lower().startswith(("javascript:", "vbscript:", "data:text"))
            ]
        return found


def parsed(answer: httpx.Response) -> Parsed:
    """Read an answer that must be a page or a part of one."""
    assert answer.headers["content-type"] == "text/html; charset=utf-8", answer.text
    return Parsed(answer.text)


def browser(site: Site) -> httpx.Client:
    """Somebody who is not logged in yet; the caller closes it."""
    return httpx.Client(base_url=site.url, headers=HTML, timeout=30)


def log_in(site: Site, client: httpx.Client, token: str) -> str:
    """Log in by the form, and return the session's cookie."""
    answer = client.post("/login", data={"token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
    return client.cookies[cookie_name(site.url)]


@contextmanager
def visiting(site: Site, scopes: str = EVERYTHING, workflows: str = "*") -> Iterator[Visitor]:
    """Log somebody in for as long as the block lasts."""
    name = f"visitor-{uuid.uuid4().hex}"
    token = site.tokens.create(name, [Scope(scope) for scope in scopes.split(",")], [workflows])
    with browser(site) as client:
        cookie = log_in(site, client, token)
        sessions = site.app.state.gateway.sessions
        yield Visitor(client, token, name, cookie, sessions.form_token(sessions.read(cookie)))
