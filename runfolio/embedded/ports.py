"""Free TCP ports on the loopback interface."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from producer.contract.errors import Unavailable

LOOPBACK: Final = "127.0.0.1"
GRPC_OFFSET: Final = 10_000
"""SeaweedFS takes a gRPC port to be its HTTP port plus this; parts of it know no other."""

_FIRST: Final = 12_000
_LAST: Final = 21_999  # so that no gRPC port is another pair's HTTP port, and all are below 32,768
_ATTEMPTS: Final = 500
_random: Final = random.SystemRandom()


class PortPair(NamedTuple):
    """An HTTP port and the gRPC port that belongs to it."""

    http: int
    grpc: int


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do it: connections of a server that has just ended (TIME_WAIT) do not keep its port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def any_taken(ports: Iterable[int]) -> bool:
    """Whether somebody listens on one of the ports."""
    return not all(is_free(port) for port in ports)


def pick_port() -> int:
    """Choose one free port. Raises Unavailable where there is none."""
    return pick_pairs(1)[0].http


def pick_pairs(count: int, *, avoid: int | None = None) -> tuple[PortPair, ...]:
    """Choose distinct pairs of free ports, none of them ``avoid``. Raises Unavailable where there are too few.

    They lie below the range that Linux and macOS take the ports of outgoing connections from: a server that is
    started again would otherwise find its port in use by somebody's connection.
    """
    chosen: set[PortPair] = set()
    for pair in _candidates():
        if avoid not in pair and all(map(is_free, pair)):
            chosen.add(pair)
        if len(chosen) == count:
            return tuple(chosen)
    raise Unavailable(
        f"No {count} free ports were found between {_FIRST} and {_LAST + GRPC_OFFSET} on {LOOPBACK}.",
        remedy="End programs that listen there.",
    )


def _candidates() -> Iterator[PortPair]:
    for _ in range(_ATTEMPTS):
        port = _random.randint(_FIRST, _LAST)
        yield PortPair(port, port + GRPC_OFFSET)
