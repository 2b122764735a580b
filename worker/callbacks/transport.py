"""How a callback is sent: one POST over HTTP/1.1 to an address that was checked before, within a total time.

httpcore is used below its convenience: no redirects, no proxies, nothing from the environment, and a network backend
that connects to the given addresses while the Host header, SNI and the certificate's check keep the name. The backend
also holds the total time; a time-out for each read alone lets a receiver answer a byte at a time for ever.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple

import httpcore

from producer.contract.callbacks import CallbackUrl
from worker.callbacks.addresses import Address
from worker.callbacks.outcome import Undelivered

_POLITE_BYTES: Final = 4096
_FAILURES: Final = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)


class Limits(NamedTuple):
    """Seconds: for a connection to one address and again for TLS, and for everything together."""

    connect: float = 5.0
    total: float = 15.0


DEFAULT_LIMITS: Final = Limits()


class Answer(NamedTuple):
    """What is kept of a receiver's answer: nothing of its body."""

    status: int
    retry_after: str | None


def post(
    url: CallbackUrl,
    addresses: Sequence[Address],
    headers: Mapping[str, str],
    body: bytes,
    *,
    tls: ssl.SSLContext,
    limits: Limits,
) -> Answer:
    """Send a POST and return the answer, whatever its status. Raises Undelivered where there is none."""
    backend = _CheckedBackend(addresses, _Deadline(limits.total))
    target = httpcore.URL(scheme=url.scheme, host=url.host, port=url.port, target=url.target)
    sent = {"Host": url.authority, **headers, "Content-Length": str(len(body)), "Connection": "close"}
    times = {"timeout": {"connect": limits.connect}}
    try:
        with (
            httpcore.ConnectionPool(ssl_context=tls, network_backend=backend) as pool,
            pool.stream("POST", target, headers=list(sent.items()), content=body, extensions=times) as response,
        ):
            _drain(response)
            return Answer(response.status, _header(response, b"retry-after"))
    except _FAILURES as error:
        raise Undelivered(_reason(error, limits)) from error


def _drain(response: httpcore.Response) -> None:
    """Take a short body off the line, so that the receiver's write does not fail; then the connection is closed."""
    taken = 0
    with suppress(*_FAILURES):  # The status is the answer, however its body ends.
        for piece in response.iter_stream():
            taken += len(piece)
            if taken >= _POLITE_BYTES:
                break


def _header(response: httpcore.Response, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), None)


def _reason(error: Exception, limits: Limits) -> str:
    if isinstance(error, httpcore.TimeoutException):
        return f"No answer within {limits.total:g} s."
    if isinstance(error, httpcore.ProtocolError):
        return "The answer is not HTTP, or the connection was closed without one."
    return "The connection broke before there was an answer."


@contextmanager
def _connecting(seconds: float) -> Iterator[None]:
    """Name what keeps a connection from being made; above the backend, httpcore no longer tells the cause."""
    try:
        yield
    except httpcore.ConnectTimeout as error:
        raise Undelivered(f"No connection within {seconds:.2g} s.") from error
    except httpcore.ConnectError as error:
        raise Undelivered(_cause_of(error)) from error


def _cause_of(error: httpcore.ConnectError) -> str:
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"The certificate does not prove the host: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed: {cause.reason}."
    return f"No connection: {cause.strerror if isinstance(cause, OSError) else error}."


class _Deadline:
    """A moment at which everything ends."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self, otherwise: type[httpcore.TimeoutException], at_most: float | None = None) -> float:
        """Return the seconds that are left, or raise."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise otherwise("The time is up.")
        return left if at_most is None else min(left, at_most)


class _CheckedBackend(httpcore.NetworkBackend):
    """Connects to the checked addresses, in turn until one answers, whatever name is asked for."""

    def __init__(self, addresses: Sequence[Address], deadline: _Deadline) -> None:
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
        """Connect to the first address that accepts. Raises Undelivered with the last one's reason."""
        failure = Undelivered("There is no address to connect to.")
        for address in self._addresses:
            left = self._deadline.left(httpcore.ConnectTimeout, timeout)
            try:
                with _connecting(left):
                    stream = self._network.connect_tcp(str(address), port, left, local_address, socket_options)
            except Undelivered as error:
                failure = error
            else:
                return _BoundedStream(stream, self._deadline)
        raise failure


class _BoundedStream(httpcore.NetworkStream):
    """A connection on which nothing lasts beyond the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, as soon as something is."""
        return self._stream.read(max_bytes, self._deadline.left(httpcore.ReadTimeout, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write everything; a callback is a few KiB, which a single send takes."""
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
        """Begin TLS; ``server_hostname`` is the callback's host, which the certificate must name."""
        left = self._deadline.left(httpcore.ConnectTimeout, timeout)
        with _connecting(left):
            stream = self._stream.start_tls(ssl_context, server_hostname, left)
        return _BoundedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Tell httpcore about the socket below."""
        return self._stream.get_extra_info(info)
