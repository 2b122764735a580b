"""From asynchronous requests to the use cases, which are plain functions: bodies as iterators, work in threads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final, ParamSpec, TypeVar

import anyio
from anyio import from_thread, to_thread
from starlette.requests import ClientDisconnect, Request

from producer.contract.errors import MalformedBody, TooLarge

P = ParamSpec("P")
T = TypeVar("T")

IDLE: Final = 60.0
"""Seconds without a byte of the body after which a client is given up: each upload holds one of few threads."""


def body_pieces(request: Request) -> Iterator[bytes]:
    """Yield the request's body piece by piece, in a worker thread; reading waits for the client, and the client for us.

    Raises MalformedBody where the client went away before the end, or fell silent.
    """
    stream = request.stream()
    while (piece := from_thread.run(_following, stream)) is not None:
        if piece:
            yield piece


async def _following(stream: AsyncIterator[bytes]) -> bytes | None:
    try:
        with anyio.fail_after(IDLE):
            return await anext(stream, None)
    except ClientDisconnect:
        raise _torn("The upload ended before its end.") from None
    except TimeoutError:
        raise _torn(f"No byte of the body came for {IDLE:.0f} seconds.") from None


def _torn(detail: str) -> MalformedBody:
    return MalformedBody(detail, field="body", remedy="Send the request again.")


async def small_body(request: Request, limit: int) -> bytes:
    """Read a body of at most ``limit`` bytes whole. Raises TooLarge, and MalformedBody as ``body_pieces`` does."""
    stream = request.stream()
    body = bytearray()
    while (piece := await _following(stream)) is not None:
        body += piece
        if len(body) > limit:
            raise TooLarge(f"The body has more than {limit} bytes.", field="body", remedy="Send the options alone.")
    return bytes(body)


async def in_thread(limiter: anyio.CapacityLimiter, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a use case in a worker thread, at most as many at a time as the limiter allows."""
    return await to_thread.run_sync(lambda: work(*args, **kwargs), limiter=limiter)
