"""From asynchronous requests to the use cases, which are plain functions: bodies as iterators, work in threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

import anyio
from anyio import from_thread, to_thread
from starlette.requests import ClientDisconnect, Request

from producer.contract.errors import MalformedBody

P = ParamSpec("P")
T = TypeVar("T")


def body_pieces(request: Request) -> Iterator[bytes]:
    """Yield the request's body piece by piece, in a worker thread; reading waits for the client, and the client for us.

    Raises MalformedBody where the client went away before the end.
    """
    stream = request.stream()

    async def following() -> bytes | None:
        try:
            return await anext(stream, None)
        except ClientDisconnect:
            raise MalformedBody(
                "The upload ended before its end.", field="body", remedy="Send the event again."
            ) from None

    while (piece := from_thread.run(following)) is not None:
        if piece:
            yield piece


async def in_thread(limiter: anyio.CapacityLimiter, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a use case in a worker thread, at most as many at a time as the limiter allows."""
    return await to_thread.run_sync(lambda: work(*args, **kwargs), limiter=limiter)
