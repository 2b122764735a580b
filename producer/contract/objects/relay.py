"""Hands parts from the thread that makes them to the one that sends them.

obstore draws its input from within its own runtime, and whoever is called there must not call obstore again: a
worker that reads a record while it uploads the archive made of it would do just that. So parts are made in the
caller's thread, and sent from another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self


class Cancelled(Exception):
    """The parts ended in an error: what was sent so far must not be kept."""


class _Slot:
    """Holds one part at a time: an iterator for the sender."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._part: bytes | None = None
        self._ended = False
        self._cancelled = False
        self._closed = False

    def offer(self, part: bytes) -> bool:
        """Wait until the sender wants a part; tell whether it took this one, for it may have given up."""
        with self._changed:
            self._changed.wait_for(lambda: self._part is None or self._closed)
            if self._closed:
                return False
            self._part = part
            self._changed.notify_all()
        return True

    def end(self, *, cancelled: bool) -> None:
        """Tell the sender that there are no more parts, or that it must drop what it has."""
        with self._changed:
            self._ended = True
            self._cancelled = cancelled
            self._changed.notify_all()

    def close(self) -> None:
        """Tell the maker that no more parts are wanted."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        """Return the next part. Raises Cancelled."""
        with self._changed:
            self._changed.wait_for(lambda: self._part is not None or self._ended)
            if self._cancelled:
                raise Cancelled
            if self._part is None:
                raise StopIteration
            part, self._part = self._part, None
            self._changed.notify_all()
            return part


def relay(parts: Iterable[bytes], send: Callable[[Iterable[bytes]], None]) -> None:
    """Draw the parts here while ``send`` sends them elsewhere. Raises what either raises; an error of the parts wins.

    Besides what the sender holds, one part is held here.
    """
    slot = _Slot()

    def run() -> None:
        try:
            send(slot)
        finally:
            slot.close()

    with ThreadPoolExecutor(1, thread_name_prefix="upload") as pool:
        sending = pool.submit(run)
        cancelled = True
        try:
            for part in parts:
                if not slot.offer(part):
                    break
            cancelled = False
        finally:
            slot.end(cancelled=cancelled)
            _wait(sending)
    sending.result()


def _wait(sending: Future[None]) -> None:
    """Wait for the end of sending, however it ends."""
    sending.exception()
