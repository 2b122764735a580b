"""Who may be told: the guard against requests that somebody else makes us send into our own network (SSRF).

Anybody who may ask for an export names an address that the worker connects to. Every address that the host resolves
to must be public, unless the operator has named the host; one that is not refuses the whole host, because no honest
name points to both sides. The addresses that passed are handed on, and nothing is resolved a second time: a name that
changes its answer between check and connection (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, NamedTuple

from producer.contract.callbacks import CallbackUrl, parse_url
from producer.contract.errors import InvalidOptions, InvalidSetting
from worker.callbacks.outcome import Undelivered

log = logging.getLogger(__name__)

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Iterable[str]]
"""From host and port to the addresses, as text. Raises Undelivered."""

_NAT64: Final = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_REFUSED: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's metadata service, at an address that counts as public.
        "192.0.0.0/24",  # IETF protocol assignments; Oracle's metadata service is among them.
        "192.88.99.0/24",  # Relays of 6to4, deprecated by RFC 7526.
        "2001::/23",  # IETF protocol assignments; Teredo hides an IPv4 address in them.
        "2001:db8::/32",  # Documentation.
        "2002::/16",  # 6to4 hides an IPv4 address; deprecated by RFC 7526.
        "3fff::/20",  # Documentation (RFC 9637).
    )
)
_RULE: Final = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\[\]]+))(?::(?P<port>[0-9]{1,5}))?")


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the public Internet.

    The registries of special addresses differ between Python's versions, so what matters is listed here as well. An
    address of NAT64 (RFC 6052), as networks without IPv4 reach IPv4 hosts, is what the address inside it is.
    """
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _REFUSED)


class _Rule(NamedTuple):
    """One name or network of an allow list, with a port where only that one is meant."""

    what: str | IPv4Network | IPv6Network
    port: int | None


class AllowList:
    """The hosts that callbacks may reach although they are not public: the setting ``CALLBACK_ALLOW``."""

    def __init__(self, text: str = "") -> None:
        """Read comma-separated names, addresses and networks; names and addresses may carry a port.

        An IPv6 address with a port stands in brackets. Raises InvalidSetting.
        """
        self._rules = tuple(_rule(item.strip()) for item in text.split(",") if item.strip())

    def names(self, host: str, port: int) -> bool:
        """Tell whether the host itself is named, and with it whatever address it has."""
        return any(rule.what == host and rule.port in {None, port} for rule in self._rules)

    def holds(self, address: Address, port: int) -> bool:
        """Tell whether an address, or a network that it belongs to, is named."""
        return any(
            not isinstance(rule.what, str) and address in rule.what and rule.port in {None, port}
            for rule in self._rules
        )


def _rule(item: str) -> _Rule:
    match = _RULE.fullmatch(item)
    text, port = (match["v6"] or match["host"], int(match["port"] or 0)) if match else (item, 0)
    what = _network(text) or _name(text)
    if what is None or port > 65535:
        raise InvalidSetting(
            f"RUNFOLIO_CALLBACK_ALLOW holds '{item}', which is no host name, address or network.",
            remedy="Write for instance: hooks.internal, hooks.internal:8080, 10.1.2.3, 10.0.0.0/8, [fd00::1]:8080",
        )
    return _Rule(what, port or None)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def _name(text: str) -> str | None:
    try:
        host = parse_url(f"http://{text}").host
    except InvalidOptions:
        return None
    return host if host == text.lower() else None


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
    if allow.names(url.host, url.port):
        return addresses
    for address in addresses:
        if not is_public(address) and not allow.holds(address, url.port):
            # The address is for the operator alone: told to everybody, it would answer questions about our network.
            log.warning("callback.address_refused", extra={"host": url.host, "address": str(address)})
            raise Undelivered("The host is not public, and RUNFOLIO_CALLBACK_ALLOW does not name it.")
    return addresses


def _addresses(url: CallbackUrl, resolve: Resolve) -> list[Address]:
    try:
        return [_unmapped(ipaddress.ip_address(url.host))]
    except ValueError:
        return [_unmapped(ipaddress.ip_address(text)) for text in resolve(url.host, url.port)]


def _unmapped(address: Address) -> Address:
    """Return the IPv4 address that is written as IPv6 (``::ffff:10.0.0.1``), or the address itself."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
