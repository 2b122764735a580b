"""Who may be told: what guards against requests that somebody else makes us send into our own network (SSRF).

Anybody who may ask for an export names an address that the worker connects to. It must be public, unless the operator
has named it. An address that is written as one is refused when it is given; a name's addresses are checked when it is
told, for a name may lead elsewhere by then.
"""

from __future__ import annotations

import ipaddress
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, NamedTuple

from producer.contract.callbacks.url import FIELD, CallbackUrl, parse_url
from producer.contract.errors import InvalidOptions, InvalidSetting

Address = IPv4Address | IPv6Address

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

    def covers(self, host: str, address: Address) -> bool:
        """Tell whether the host is named, and with it whatever address it has, or the address is."""
        return host == self.what if isinstance(self.what, str) else address in self.what


class AllowList:
    """The hosts that callbacks may reach although they are not public: the setting ``CALLBACK_ALLOW``."""

    def __init__(self, text: str = "") -> None:
        """Read comma-separated names, addresses and networks; names and addresses may carry a port.

        An IPv6 address with a port stands in brackets. Raises InvalidSetting.
        """
        self._rules = tuple(_rule(item.strip()) for item in text.split(",") if item.strip())

    def admits(self, url: CallbackUrl, address: Address) -> bool:
        """Tell whether a callback may be sent to an address that its host has: a public one, or one that is named."""
        return is_public(address) or any(
            rule.port in {None, url.port} and rule.covers(url.host, address) for rule in self._rules
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


def read_address(text: str) -> Address | None:
    """Read an address; None for a name. One of IPv4 that is written as IPv6 (``::ffff:10.0.0.1``) becomes IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def validate_url(url: str, allow: AllowList) -> None:
    """Raise InvalidOptions unless the address, as far as it tells by itself, is one that callbacks can be sent to."""
    parsed = parse_url(url)
    address = read_address(parsed.host)
    if address is not None and not allow.admits(parsed, address):
        raise InvalidOptions(
            f"{FIELD} leads to an address that is not public.",
            field=FIELD,
            remedy="Give a public address, or have the operator name this one in RUNFOLIO_CALLBACK_ALLOW.",
        )
