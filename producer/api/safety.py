"""Headers of every answer that keep browsers and caches from doing more with it than they should."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LINKS: Final = "/d/"
_PRIVATE: Final = (LINKS, "/v1/", "/metrics")
"""What must not stay in a cache: links are permissions, and what a token may see is for its owner."""


class SafeHeaders:
    """ASGI middleware: adds the headers that an answer does not set itself.

    A content type is not to be guessed (``X-Content-Type-Options``), an address is not to be told to other sites
    (``Referrer-Policy``; a link's address is a permission), and private answers are not to be kept.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

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
                if scope["path"].startswith(_PRIVATE):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)
