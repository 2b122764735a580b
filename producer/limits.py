"""The limits of a gateway: calls of a token, of a download link, and failed authentications from an address.

A call is counted here, at once and without asking anybody. What was let through is settled with the other gateways by
time, on the board, so that a limit holds for all of them together; between two settlements each knows only its own
calls. While the broker is away, each gateway limits by itself.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
from typing import Final, NamedTuple

from producer.contract.board import Board
from producer.contract.errors import BrokerUnavailable
from producer.rates import Buckets, Rate, Verdict

log = logging.getLogger(__name__)

SETTLE_EVERY: Final = 0.5
"""Seconds between two settlements: as long as another gateway may let calls through that this one knows nothing of."""

MOST_ADDRESSES: Final = 10_000
"""Addresses whose failed authentications are remembered, some megabytes; whoever failed longest ago is forgotten."""

CALLS: Final = "calls"
LINKS: Final = "links"
FAILURES: Final = "failures"


class Counted(NamedTuple):
    """What a limit says to a call, and which limit it is."""

    limit: str
    verdict: Verdict


class Limits:
    """What may be asked how often; None stands for no limit."""

    def __init__(self, board: Board, tokens: Rate | None, links: Rate | None, failures: Rate | None) -> None:
        self._board = board
        self._shared = {name: Buckets(rate) for name, rate in ((CALLS, tokens), (LINKS, links)) if rate is not None}
        self._failures = Buckets(failures, MOST_ADDRESSES) if failures is not None else None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._alone = False

    def call(self, token_name: str) -> Counted | None:
        """Count a call with a token."""
        return self._take(CALLS, token_name)

    def link(self, export_id: str) -> Counted | None:
        """Count that a download link was followed."""
        return self._take(LINKS, export_id)

    def failed(self, address: str) -> Counted | None:
        """Count a failed authentication."""
        return Counted(FAILURES, self._failures.take(network_of(address))) if self._failures is not None else None

    def stranger(self, address: str) -> Counted | None:
        """Tell whether an address may still fail, without counting."""
        return Counted(FAILURES, self._failures.look(network_of(address))) if self._failures is not None else None

    def start(self) -> None:
        """Begin to settle in the background."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="limits", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End that."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            thread.join()

    def settle(self) -> None:
        """Tell the board what was let through since the last time, and learn what others did. Never raises."""
        for name, buckets in self._shared.items():
            spent = buckets.drain()
            if not spent:
                continue
            try:
                full = self._board.rates.spend(name, buckets.rate.interval, buckets.rate.seconds, spent)
            except BrokerUnavailable as error:
                buckets.put_back(spent)
                self._told(alone=True, reason=error.detail)
                return
            buckets.learn(full)
            self._told(alone=False)

    def _take(self, limit: str, key: str) -> Counted | None:
        buckets = self._shared.get(limit)
        return Counted(limit, buckets.take(key)) if buckets is not None else None

    def _run(self) -> None:
        while not self._stopping.wait(SETTLE_EVERY):
            self.settle()

    def _told(self, *, alone: bool, reason: str = "") -> None:
        if alone and not self._alone:
            log.warning("broker is away, each gateway limits by itself", extra={"reason": reason})
        elif self._alone and not alone:
            log.info("broker is back, gateways limit together")
        self._alone = alone


def network_of(address: str) -> str:
    """Return whose an address is: an IPv6 network of 64 bits belongs to one client as an IPv4 address does."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
