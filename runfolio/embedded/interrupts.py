"""Requests to stop: Ctrl-C, SIGTERM, and the end of the terminal."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Final, Self

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Counts the signals that ask to stop, instead of being torn out of whatever is going on.

    Belongs into the main thread, which alone may set signal handlers.
    """

    def __init__(self) -> None:
        self.received: list[int] = []
        # A signal that is ignored stays so: nohup and shells' background jobs rely on it.
        previous = {number: signal.getsignal(number) for number in _SIGNALS}
        self._previous = {number: handler for number, handler in previous.items() if handler != signal.SIG_IGN}

    def __enter__(self) -> Self:
        """Begin to count."""
        for number in self._previous:
            signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back to whoever had them."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.received.append(number)

    def refuse_to_go_on(self) -> None:
        """Raise SystemExit with the shell's status of the first signal (128 and its number) where there was one."""
        if self.received:
            raise SystemExit(128 + self.received[0])
