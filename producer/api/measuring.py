"""Measures every request: by its route's template, which is bounded, never by its path, which is not."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from producer.metrics import Metrics

_NO_ROUTE = "none"
"""Files, and addresses at which nothing is."""


class Measure:
    """ASGI middleware: notes duration, status and size of requests. It must get the scope that the router gets."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note a request when its answer has ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500  # Whoever raises before an answer began is answered so, further out.

        async def counted() -> Message:
            message = await receive()
            self._metrics.received(len(message.get("body", b"")))
            return message

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, counted, watched)
        finally:
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            self._metrics.request(scope["method"], route, status, time.perf_counter() - began)
