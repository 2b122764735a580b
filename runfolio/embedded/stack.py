"""A running stack: kept running, and ended."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Final, Self

from runfolio.embedded.datadir import DataDir
from runfolio.embedded.info import StackInfo, write_stack
from runfolio.embedded.interrupts import Interrupts
from runfolio.embedded.plan import Addresses
from runfolio.embedded.supervisor import Supervisor

_POLL: Final = 0.1


class Stack:
    """A stack that is ready. Made by ``start_stack``; as a context manager it stops at the end of the block.

    Belongs to the thread that started it, which must be the main thread, for the signals' sake.
    """

    def __init__(
        self,
        data: DataDir,
        addresses: Addresses,
        supervisor: Supervisor,
        interrupts: Interrupts,
        resources: ExitStack,
    ) -> None:
        self.data: Final = data
        self._addresses = addresses
        self._supervisor = supervisor
        self._interrupts = interrupts
        self._resources = resources
        self._written = self.info

    @property
    def info(self) -> StackInfo:
        """Where its parts are at the moment."""
        return self._addresses.info(self._supervisor.pids)

    @property
    def admin_token(self) -> str:
        """The token that may do everything."""
        return self.data.admin_token_file.read_text("ascii").strip()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def run(self) -> None:
        """Keep it running until Ctrl-C, SIGTERM or the end of the terminal, then stop it.

        Raises Unavailable where a part fails again and again; the stack is stopped then too.
        """
        with self:
            while not self._interrupts.received:
                self.watch()
                time.sleep(_POLL)

    def watch(self) -> None:
        """Look once at every part; ``run`` does so all the time. Raises Unavailable as ``run`` does."""
        self._supervisor.poll()
        if self.info != self._written:
            self._written = self.info
            write_stack(self.data, self._written)

    def stop(self) -> None:
        """Stop every process, the gateway and its like before the servers; a second Ctrl-C kills them at once."""
        self._resources.close()
