"""HEAD for everything that can be got (RFC 9110 section 9.3.2): the headers of GET, without its body."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEAD: Final = "runfolio.head"


class HeadAsGet:
    """ASGI middleware: a HEAD request takes the way of GET, and its answer ends with its headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Turn HEAD into GET."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def headers_only(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                # The answer ends here and not with the body: that of an event stream may last for long.
                await send({"type": "http.response.body", "body": b""})

        await self._app({**scope, "method": "GET", _HEAD: True}, receive, headers_only)


def is_head(scope: Scope) -> bool:
    """Tell whether a request that takes the way of GET is a HEAD request."""
    return _HEAD in scope
