"""That the gateway is about to stop: whoever holds a request open answers it now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopping:
    """Told once, by the server; asked and waited for by the requests that may last. Belongs to the event loop."""

    def __init__(self) -> None:
        self.requested = False
        self._wakers: list[Callable[[], None]] = []

    def request(self) -> None:
        """Wake every request that waits, so that it ends with what it has."""
        self.requested = True
        for wake in tuple(self._wakers):
            wake()

    @contextmanager
    def waking(self, wake: Callable[[], None]) -> Iterator[None]:
        """Call ``wake`` when the gateway stops within the block."""
        self._wakers.append(wake)
        try:
            yield
        finally:
            self._wakers.remove(wake)
