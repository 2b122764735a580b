"""HTTP/1.1 to one address: connections that are kept, no redirects, no proxies, answers of bounded size and time."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Self
from urllib.parse import urlsplit

import httpcore

from producer.contract.callbacks import Address, is_public, read_address
from producer.contract.errors import RunfolioError
from worker.wire import FAILURES, Backend, Deadline, Unreached

_LABEL: Final = re.compile(r"[a-z0-9._-]+")
_CONNECT: Final = 5.0
"""Seconds for a connection to one address, and again for TLS."""

_PORTS: Final = {"http": 80, "https": 443}

Resolve = Callable[[str, int], Sequence[Address]]
"""From host and port to the addresses. Raises Unreached."""


class Place(NamedTuple):
    """Where to ask: an address that is taken apart. ``path`` has no slash at its end."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port, as they may be shown."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")


class Answer(NamedTuple):
    """An answer; ``headers`` have names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TooMuch(RunfolioError):
    """The answer is longer than what is left of the limit. Caught by the client."""


def place_of(address: str) -> Place | None:
    """Take an absolute http or https address apart; ``None`` for anything else, and for one with credentials."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").lower()
    known = host and (read_address(host) is not None or _LABEL.fullmatch(host))
    if parts.scheme not in _PORTS or not known or "@" in parts.netloc:
        return None
    return Place(parts.scheme, host, port or _PORTS[parts.scheme], parts.path.rstrip("/"))


def resolved(host: str, port: int) -> list[Address]:
    """Resolve a name as the operating system does. Raises Unreached."""
    literal = read_address(host)
    if literal is not None:
        return [literal]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unreached(f"The host's name cannot be resolved: {error.strerror or 'unknown'}.") from error
    addresses = (read_address(str(socket_address[0])) for *_, socket_address in found)
    return list(dict.fromkeys(address for address in addresses if address is not None))


def resolved_publicly(host: str, port: int) -> list[Address]:
    """Do the same, and raise Unreached where one of the addresses is not public."""
    addresses = resolved(host, port)
    if not all(is_public(address) for address in addresses):
        raise Unreached("The host is not public.")
    return addresses


class Line:
    """Speaks to one place; a context manager that ends its connections."""

    def __init__(self, place: Place, tls: ssl.SSLContext, resolve: Resolve = resolved) -> None:
        self.place = place
        self._tls = tls
        self._resolve = resolve
        self._deadline = Deadline(0)
        self._pool: httpcore.ConnectionPool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.close()

    def ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, *, seconds: float, most: int
    ) -> Answer:
        """Send a request and return the answer. Raises Unreached where there is none, TooMuch above ``most`` bytes."""
        self._deadline.begin(seconds)
        place = self.place
        url = httpcore.URL(scheme=place.scheme, host=place.host, port=place.port, target=target)
        sent = {"Host": place.origin.partition("://")[2], "User-Agent": "Runfolio", "Accept-Encoding": "identity"}
        sent |= headers
        if method == "POST":
            sent["Content-Length"] = str(len(body))
        times = {"timeout": {"connect": _CONNECT}}
        try:
            with self._connections().stream(
                method, url, headers=list(sent.items()), content=body, extensions=times
            ) as response:
                return Answer(response.status, _headers(response), _body(response, most))
        except FAILURES as error:
            raise Unreached(_reason(error, seconds)) from error

    def _connections(self) -> httpcore.ConnectionPool:
        if self._pool is None:
            addresses = self._resolve(self.place.host, self.place.port)
            backend = Backend(addresses, self._deadline)
            self._pool = httpcore.ConnectionPool(ssl_context=self._tls, network_backend=backend, max_connections=1)
        return self._pool


def _headers(response: httpcore.Response) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}


def _body(response: httpcore.Response, most: int) -> bytes:
    body = bytearray()
    for piece in response.iter_stream():
        body += piece
        if len(body) > most:
            raise TooMuch(f"The answer is longer than {most} bytes.")
    return bytes(body)


def _reason(error: Exception, seconds: float) -> str:
    if isinstance(error, httpcore.TimeoutException):
        return f"No answer within {seconds:.3g} s."
    if isinstance(error, httpcore.ProtocolError):
        return "The answer is not HTTP, or the connection was closed without one."
    return "The connection broke before there was an answer."
