"""Keeps a lease alive while its export is being made."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from types import TracebackType
from typing import Self

from producer.contract.board import Lease
from producer.contract.board.leases import Leases
from producer.contract.errors import BrokerUnavailable, LeaseLost

log = logging.getLogger(__name__)


class Heart:
    """Renews a lease from a thread of its own, three times in its life, until the block ends or the lease is lost."""

    def __init__(self, leases: Leases, lease: Lease, ttl: timedelta) -> None:
        self._leases = leases
        self._lease = lease
        self._ttl = ttl
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stop.wait(self._ttl.total_seconds() / 3):
            try:
                self._renew()
            except LeaseLost:
                self._lost.set()
                return

    def _renew(self) -> None:
        try:
            self._leases.renew(self._lease, self._ttl)
        except BrokerUnavailable as error:
            # The board may come back before the lease ends; the fenced and conditional writes decide in any case.
            log.warning("lease could not be renewed", extra={"reason": error.detail})

    def confirm(self) -> None:
        """Ask the board itself whether the lease still stands, ahead of what must not be done without it.

        A process that was stopped for a while has missed its own heartbeats and knows of no loss. Raises LeaseLost.
        """
        self.check()
        self._renew()

    def check(self) -> None:
        """Raise LeaseLost where the lease is known to be lost."""
        if self._lost.is_set():
            raise LeaseLost(f"The lease of {self._lease.export_id} was taken by another worker.")
