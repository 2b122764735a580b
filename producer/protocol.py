"""HTTP/1.1 as the gateway speaks it: uvicorn's parser, with a limit on what may come before a body."""

from __future__ import annotations

import logging
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = logging.getLogger(__name__)

MAX_HEAD_BYTES: Final = 64 * 1024
"""Bytes of a request's line and headers. The parser has no limit of its own, and nobody is authenticated yet."""


class BoundedHeads(HttpToolsProtocol):
    """Closes a connection whose request line and headers do not end within MAX_HEAD_BYTES."""

    _in_head = False
    _head_size = 0

    def data_received(self, data: bytes) -> None:
        """Parse what has come, and count it while the headers have not ended."""
        super().data_received(data)
        if not self._in_head:
            return
        self._head_size += len(data)
        if self._head_size > MAX_HEAD_BYTES:
            log.warning("request head above the limit", extra={"limit": MAX_HEAD_BYTES})
            self.transport.close()

    def on_message_begin(self) -> None:
        """Note that a request line begins."""
        self._in_head = True
        self._head_size = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that the headers have ended."""
        self._in_head = False
        super().on_headers_complete()
