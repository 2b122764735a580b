"""Addresses of callbacks, read strictly: one reading, by which the gateway accepts and the worker connects.

Two programs that read an address differently are how a check is walked around, so nothing is guessed or repaired: the
generic syntax of RFC 3986 (appendix B) with the characters that it allows, and hosts that have one meaning only.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final, NamedTuple

from producer.contract.errors import InvalidOptions

MAX_LENGTH: Final = 2048
FIELD: Final = "callback_url"

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_CHARACTERS: Final = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")
_PARTS: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?P<fragment>#.*)?"
)
_AUTHORITY: Final = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


class CallbackUrl(NamedTuple):
    """The parts of a callback's address.

    ``host`` is a lower-case DNS name or the normal form of an IP address, without brackets. ``target`` is path and
    query as they go into the request line (RFC 9112, section 3.2.1).
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port as the Host header names them (RFC 9110, section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme and authority: what may be shown of an address, for path and query often hold a secret."""
        return f"{self.scheme}://{self.authority}"


def parse_url(url: str) -> CallbackUrl:
    """Read an address: absolute, http or https, with a host, without credentials and fragment, at most MAX_LENGTH long.

    Raises InvalidOptions, which never repeats the address: it may hold a secret.
    """
    if len(url) > MAX_LENGTH:
        raise _invalid(f"is longer than {MAX_LENGTH} characters")
    if not _CHARACTERS.fullmatch(url):
        raise _invalid(
            "holds a character that no address may hold (RFC 3986); percent-encode it, write a host as xn--…"
        )
    parts = _PARTS.fullmatch(url)
    if parts is None:
        raise _invalid("is not absolute")
    scheme = parts["scheme"].lower()
    if scheme not in _DEFAULT_PORTS:
        raise _invalid(f"has the scheme '{scheme}'")
    if parts["fragment"] is not None:
        raise _invalid("has a fragment, which is never sent")
    host, port = _host_and_port(parts["authority"], scheme)
    return CallbackUrl(scheme, host, port, (parts["path"] or "/") + (parts["query"] or ""))


def _host_and_port(authority: str, scheme: str) -> tuple[str, int]:
    if "@" in authority:
        raise _invalid("holds credentials; every callback is signed, so none are needed")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise _invalid("has no host, or one that is malformed")
    port = _DEFAULT_PORTS[scheme] if match["port"] is None else int(match["port"])
    if not 1 <= port <= 65535:
        raise _invalid("has a port outside 1 to 65535")
    return (_address_v6(match["v6"]) if match["v6"] else _name_or_address_v4(match["name"].lower())), port


def _address_v6(text: str) -> str:
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise _invalid("has a host in brackets that is no IPv6 address") from None


def _name_or_address_v4(name: str) -> str:
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        # No top-level domain is a number. Resolvers read 127.1, 0x7f000001 and 2130706433 as addresses all the same.
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError:
            raise _invalid("has a numeric host that is no IPv4 address of four decimal numbers") from None
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _invalid("has a host that is no DNS name")
    return name


def _invalid(reason: str) -> InvalidOptions:
    return InvalidOptions(
        f"{FIELD} {reason}.",
        field=FIELD,
        remedy=f"Give an absolute http or https address of at most {MAX_LENGTH} characters, such as "
        "https://example.com/hooks/runfolio, without credentials and fragment.",
    )
