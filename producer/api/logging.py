"""The access log: one event a request, with the link's token masked."""

from __future__ import annotations

import logging
import re
import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from producer.contract.links import mask

log = logging.getLogger("producer.access")

_AFTER_D: Final = re.compile(r"((?:/|%2f)(?:d|%64)(?:/|%2f)+)([^/]+)", re.IGNORECASE)
"""A token behind ``/d/``, at whatever depth and however it was encoded: a mangled link still holds a good token."""


def masked_path(path: str) -> str:
    """Mask the token of a download link in a path."""
    return _AFTER_D.sub(lambda found: found[1] + mask(found[2]), path)


class AccessLog:
    """ASGI middleware: logs method, path, status and duration in milliseconds."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Log a request when its answer has ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500  # Whoever raises before an answer began is answered so, further out.

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            log.info(
                "request",
                extra={
                    "method": scope["method"],
                    "path": masked_path(scope["path"]),
                    "status": status,
                    "ms": round((time.perf_counter() - began) * 1000, 1),
                },
            )
