"""From asynchronous requests to the use cases, which are plain functions: bodies as iterators, work in threads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Final, ParamSpec, TypeVar

import anyio
from anyio import from_thread, to_thread
from starlette.requests import ClientDisconnect, Request

from producer.api.pace import Pace
from producer.contract.errors import MalformedBody, TooLarge

P = ParamSpec("P")
T = TypeVar("T")

HEAD: Final = 64 * 1024
"""Bytes of a body that are read before its request takes a thread: as much as the server holds of it in any case."""


class Body:
    """A request's body, for a use case that runs in a thread.

    Its beginning is read before the thread is taken. A body that ends within it is ``whole``, and never keeps a thread
    waiting for its client.
    """

    def __init__(self, request: Request, longest: timedelta) -> None:
        self._stream = request.stream()
        self._pace = Pace(longest)
        self._head = bytearray()
        self.whole = False

    async def begin(self) -> None:
        """Read the beginning. Raises MalformedBody where the client went away, TooSlow where it keeps us waiting."""
        while len(self._head) < HEAD:
            piece = await _following(self._stream, self._pace)
            if piece is None:
                self.whole = True
                return
            self._head += piece

    def pieces(self) -> Iterator[bytes]:
        """Yield the body piece by piece, in a worker thread; reading waits for the client, and the client for us.

        Raises MalformedBody and TooSlow as ``begin`` does.
        """
        if self._head:
            yield bytes(self._head)
            self._head.clear()
        while not self.whole:
            piece = from_thread.run(_following, self._stream, self._pace)
            if piece is None:
                return
            if piece:
                yield piece


async def _following(stream: AsyncIterator[bytes], pace: Pace) -> bytes | None:
    try:
        with anyio.fail_after(pace.ask()):
            piece = await anext(stream, None)
    except ClientDisconnect:
        raise MalformedBody(
            "The upload ended before its end.", field="body", remedy="Send the request again."
        ) from None
    except TimeoutError:
        raise pace.lost() from None
    pace.took(len(piece or b""))
    return piece


async def small_body(request: Request, limit: int) -> bytes:
    """Read a body of at most ``limit`` bytes whole. Raises TooLarge, and MalformedBody and TooSlow as a Body does."""
    stream = request.stream()
    pace = Pace()
    body = bytearray()
    while (piece := await _following(stream, pace)) is not None:
        body += piece
        if len(body) > limit:
            raise TooLarge(f"The body has more than {limit} bytes.", field="body", remedy="Send less.")
    return bytes(body)


async def in_thread(limiter: anyio.CapacityLimiter, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a use case in a worker thread, at most as many at a time as the limiter allows."""
    return await to_thread.run_sync(lambda: work(*args, **kwargs), limiter=limiter)
