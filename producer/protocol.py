"""HTTP/1.1 as the gateway speaks it: uvicorn's parser, with limits on what is no body, and on how late it comes."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from producer.contract import jsontext
from producer.contract.problem import NAMESPACE, Problem

log = logging.getLogger(__name__)

MAX_LINE_BYTES: Final = 16 * 1024
"""Bytes of a request's target: two ids of 1,024 bytes, percent-encoded, and a query."""

MAX_HEAD_BYTES: Final = 64 * 1024
"""Bytes of a request's line and headers. The parser has no limit of its own, and nobody is authenticated yet."""

HEAD_WITHIN: Final = 30.0
"""Seconds in which they must have come, counted from the connection, or from the first byte of a later request."""

_LINGER: Final = 1.0
"""Seconds that a client has to read why it was refused: a connection closed at once may lose its last words."""

_TOO_LONG: Final = Problem(
    f"{NAMESPACE}uri-too-long",
    "URI Too Long",
    414,
    f"The request's address has more than {MAX_LINE_BYTES} bytes.",
    None,
    "Send less in the query.",
)
_TOO_LARGE: Final = Problem(
    f"{NAMESPACE}request-header-fields-too-large",
    "Request Header Fields Too Large",
    431,
    f"The request's line and headers have more than {MAX_HEAD_BYTES} bytes.",
    None,
    "Send fewer or shorter header fields; an event's data belongs into the body.",
)

_TOO_LATE: Final = Problem(
    f"{NAMESPACE}request-timeout",
    "Request Timeout",
    408,
    f"The request's line and headers did not come within {HEAD_WITHIN:.0f} seconds.",
    None,
    "Send the request again.",
)


class BoundedHeads(HttpToolsProtocol):
    """Answers 414 or 431 where a request's target or head is too long, 408 where it is late, and closes the connection.

    The same bound holds for what a chunked body brings beside its data, extensions and trailers, which nobody reads.
    """

    _in_head = False
    _head_size = 0
    _beside = 0
    _moved = False
    _refused = False
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn narrows it
        """Expect a request."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has come, and count it while it is neither a whole head nor a body."""
        if self._refused:
            return
        self._moved = False
        super().data_received(data)
        self._beside = 0 if self._moved else self._beside + len(data)
        if not self._refused and self._beside > MAX_HEAD_BYTES:
            self._refuse(_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Note that a request line begins."""
        self._in_head = True
        self._head_size = self._beside = 0
        if self._late is None:
            self._expect_head()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Gather the target, up to its limit."""
        super().on_url(url)
        self._head_size += len(url)
        if len(self.url) > MAX_LINE_BYTES:
            self._refuse(_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field; those after the body (RFC 9112 section 7.1.2) are nothing that anybody looks for."""
        if self._in_head:
            self._head_size += len(name) + len(value) + 4
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to work on a request whose head is within the limit."""
        self._in_head = False
        self._expect_nothing()
        self._moved = True
        if self._head_size > MAX_HEAD_BYTES:
            self._refuse(_TOO_LARGE)
        if not self._refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass a piece of a body on."""
        self._moved = True
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        if not self._refused:
            super().on_message_complete()

    def _refuse(self, problem: Problem) -> None:
        """Say what is too long, where nothing else is being said, and close the connection."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        log.warning("request refused", extra={"reason": problem.detail})
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()
            return
        body = jsontext.encode(problem)
        head = (
            f"HTTP/1.1 {problem.status} {problem.title}\r\nContent-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.loop.call_later(_LINGER, self.transport.close)

    def _expect_head(self) -> None:
        self._late = self.loop.call_later(HEAD_WITHIN, self._too_late)

    def _expect_nothing(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        log.info("request head not there in time", extra={"seconds": HEAD_WITHIN})
        if self._in_head:
            self._refuse(_TOO_LATE)
        else:
            self.transport.close()
