"""Ids in paths: read from the raw path, so that ``a%2Fb`` is one segment.

The server hands over a decoded path, in which an encoded slash can no longer be told from a real one. The middleware
puts the raw path in its place; the convertor decodes each segment after the route was matched.
"""

from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send

from producer.contract.errors import NotFound


class RawPath:
    """ASGI middleware: routes are matched on the path as it was sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Replace the decoded path by the raw one."""
        if scope["type"] == "http" and scope.get("raw_path"):
            scope = {**scope, "path": scope["raw_path"].decode("latin-1")}
        await self._app(scope, receive, send)


class SegmentConvertor(Convertor[str]):
    """One percent-encoded segment of a path, decoded as UTF-8."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        """Decode a segment."""
        try:
            return unquote_to_bytes(value).decode()
        except UnicodeDecodeError:
            raise NotFound("A segment of the path is not UTF-8.", remedy="Percent-encode ids as UTF-8.") from None

    def to_string(self, value: str) -> str:
        """Encode a segment."""
        return quote(value, safe="")


# Starlette keeps convertors in one table, which routes look into when they are declared.
register_url_convertor("segment", SegmentConvertor())

SEGMENT = "segment"
"""The convertor's name, for ``{id:segment}`` in a route's path."""
