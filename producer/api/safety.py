"""Headers of every answer that keep browsers and caches from doing more with it than they should."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LINKS: Final = "/d/"
_PRIVATE: Final = (LINKS, "/v1/", "/metrics")
"""What must not stay in a cache: links are permissions, and what a token may see is for its owner."""

_HSTS: Final = "max-age=31536000"
"""A year, for this host alone: what else is served under the domain is its owner's to decide."""


class SafeHeaders:
    """ASGI middleware: adds the headers that an answer does not set itself.

    A content type is not to be guessed (``X-Content-Type-Options``), an address is not to be told to other sites
    (``Referrer-Policy``; a link's address is a permission), private answers are not to be kept, no page of another site
    shares a window (``Cross-Origin-Opener-Policy``) or embeds an answer (``Cross-Origin-Resource-Policy``). Where the
    site is HTTPS, browsers are to keep to that (``Strict-Transport-Security``, RFC 6797).
    """

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self._app = app
        self._https = public_url.startswith("https:")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers when an answer begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "no-referrer")
                headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
                headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
                if self._https:
                    headers.setdefault("Strict-Transport-Security", _HSTS)
                if scope["path"].startswith(_PRIVATE):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)
