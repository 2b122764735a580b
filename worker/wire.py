"""Connections of the worker to whoever is outside: to given addresses, and nothing on them lasts beyond a deadline.

A time-out for each read alone lets the other side answer a byte at a time for ever. The backend connects to the
addresses that it was given, whatever name is asked for: a name that was checked is not resolved a second time.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import httpcore

from producer.contract.callbacks import Address
from producer.contract.errors import RunfolioError

FAILURES: Final = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
"""What httpcore raises where there is no answer, but for what the backend names better."""


class Unreached(RunfolioError):
    """There is no connection; the detail says why."""


@contextmanager
def connecting(seconds: float) -> Iterator[None]:
    """Name what keeps a connection from being made; above the backend, httpcore no longer tells the cause."""
    try:
        yield
    except httpcore.ConnectTimeout as error:
        raise Unreached(f"No connection within {seconds:.2g} s.") from error
    except httpcore.ConnectError as error:
        raise Unreached(_cause_of(error)) from error


def _cause_of(error: httpcore.ConnectError) -> str:
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"The certificate does not prove the host: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed: {cause.reason}."
    return f"No connection: {cause.strerror if isinstance(cause, OSError) else error}."


class Deadline:
    """A moment at which everything ends."""

    def __init__(self, seconds: float) -> None:
        self.begin(seconds)

    def begin(self, seconds: float) -> None:
        """Move the moment, for what begins now."""
        self._end = time.monotonic() + seconds

    def left(self, otherwise: type[httpcore.TimeoutException], at_most: float | None = None) -> float:
        """Return the seconds that are left, or raise."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise otherwise("The time is up.")
        return left if at_most is None else min(left, at_most)


class Backend(httpcore.NetworkBackend):
    """Connects to the checked addresses, in turn until one answers, whatever name is asked for."""

    def __init__(self, addresses: Sequence[Address], deadline: Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 # the name was resolved and checked before; resolving it again would undo the check
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that accepts. Raises Unreached with the last one's reason."""
        failure = Unreached("There is no address to connect to.")
        for address in self._addresses:
            left = self._deadline.left(httpcore.ConnectTimeout, timeout)
            try:
                with connecting(left):
                    stream = self._network.connect_tcp(str(address), port, left, local_address, socket_options)
            except Unreached as error:
                failure = error
            else:
                return _BoundedStream(stream, self._deadline)
        raise failure


class _BoundedStream(httpcore.NetworkStream):
    """A connection on which nothing lasts beyond the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, as soon as something is."""
        return self._stream.read(max_bytes, self._deadline.left(httpcore.ReadTimeout, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write everything; requests are a few KiB, which a single send takes."""
        self._stream.write(buffer, self._deadline.left(httpcore.WriteTimeout, timeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Begin TLS; ``server_hostname`` is the host's name, which the certificate must bear."""
        left = self._deadline.left(httpcore.ConnectTimeout, timeout)
        with connecting(left):
            stream = self._stream.start_tls(ssl_context, server_hostname, left)
        return _BoundedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Tell httpcore about the socket below."""
        return self._stream.get_extra_info(info)
