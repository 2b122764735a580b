"""How a callback is sent: one POST over HTTP/1.1 to an address that was checked before, within a total time.

httpcore is used below its convenience: no redirects, no proxies, nothing from the environment, and the backend of
``worker.wire``, while the Host header, SNI and the certificate's check keep the name.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import httpcore

from producer.contract.callbacks import Address, CallbackUrl
from worker.callbacks.outcome import Undelivered
from worker.wire import FAILURES, Backend, Deadline, Unreached

_POLITE_BYTES: Final = 4096


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
    backend = Backend(addresses, Deadline(limits.total))
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
    except Unreached as error:
        raise Undelivered(error.detail) from error
    except FAILURES as error:
        raise Undelivered(_reason(error, limits)) from error


def _drain(response: httpcore.Response) -> None:
    """Take a short body off the line, so that the receiver's write does not fail; then the connection is closed."""
    taken = 0
    with suppress(*FAILURES):  # The status is the answer, however its body ends.
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
