"""Who may upload how much at the same time, so that no sender, and nobody who only says that he signs, stops others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import anyio

from producer.api.bridge import Body, in_thread

T = TypeVar("T")

SIGNERS: Final = "signers"
"""What all who sign are called as long as their bodies last: who they are shows at the end."""


class Slots:
    """Threads for taking in events: ``total`` for bodies that stream in, at most ``each`` of them for one sender.

    As many others are for bodies that are there already, which wait for nobody.
    """

    def __init__(self, total: int, each: int) -> None:
        self._each = each
        self._streaming = anyio.CapacityLimiter(total)
        self._ready = anyio.CapacityLimiter(total)
        self._senders: dict[str, anyio.CapacityLimiter] = {}

    @property
    def streaming(self) -> int:
        """How many bodies are streaming in."""
        return self._streaming.borrowed_tokens

    async def run(self, sender: str, body: Body, work: Callable[[], T]) -> T:
        """Read the beginning of a sender's body, and then do the work that reads it all, when there is room."""
        await body.begin()
        if body.whole:
            return await in_thread(self._ready, work)
        async with self._senders.setdefault(sender, anyio.CapacityLimiter(self._each)):
            return await in_thread(self._streaming, work)
