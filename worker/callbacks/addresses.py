"""Where a callback goes: the addresses of its host, every one of which was checked.

Every address that the host resolves to must be public, unless the operator has named the host; one that is not refuses
the whole host, because no honest name points to both sides. The addresses that passed are handed on, and nothing is
resolved a second time: a name that changes its answer between check and connection (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterable

from producer.contract.callbacks import Address, AllowList, CallbackUrl, read_address
from worker.callbacks.outcome import Undelivered

log = logging.getLogger(__name__)

Resolve = Callable[[str, int], Iterable[str]]
"""From host and port to the addresses, as text. Raises Undelivered."""


def system_resolver(host: str, port: int) -> list[str]:
    """Resolve a name as the operating system does. Raises Undelivered."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Undelivered(f"The host's name cannot be resolved: {error.strerror or 'unknown'}.") from error
    return [str(socket_address[0]) for *_, socket_address in found]


def checked_addresses(url: CallbackUrl, allow: AllowList, resolve: Resolve = system_resolver) -> list[Address]:
    """Return the addresses of a host, in the resolver's order, all of which may be connected to.

    Raises Undelivered where one of them may not, or where there is none.
    """
    addresses = list(dict.fromkeys(_addresses(url, resolve)))
    if not addresses:
        raise Undelivered("The host's name has no address.")
    for address in addresses:
        if not allow.admits(url, address):
            # The address is for the operator alone: told to everybody, it would answer questions about our network.
            log.warning("callback.address_refused", extra={"host": url.host, "address": str(address)})
            raise Undelivered("The host is not public, and RUNFOLIO_CALLBACK_ALLOW does not name it.")
    return addresses


def _addresses(url: CallbackUrl, resolve: Resolve) -> list[Address]:
    literal = read_address(url.host)
    if literal is not None:
        return [literal]
    found = (read_address(text) for text in resolve(url.host, url.port))
    return [address for address in found if address is not None]
