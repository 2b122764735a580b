"""Who sends an event: a bearer of a token, or an engine that signs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

from fastapi import Request
from starlette.datastructures import Headers

from producer.access.entries import Scope
from producer.access.hooks import GITLAB_TOKEN, proof_of
from producer.access.principal import Principal
from producer.access.signature import is_signed
from producer.api.cookies import caller_of
from producer.api.limiting import count_call, refuse_strangers
from producer.api.slots import SIGNERS
from producer.gateway import Gateway
from producer.intake import Sender


class BearerSender:
    """A sender who is known before the body is read."""

    def __init__(self, principal: Principal) -> None:
        self._principal = principal

    def precheck(self, workflow_id: str) -> None:
        """Refuse at once what the token may not send."""
        self._principal.require(Scope.INGEST, workflow_id)

    def authenticate(self) -> None:
        """Be known already."""

    def confirm(self, workflow_id: str) -> str:
        """Return the token's name."""
        self._principal.require(Scope.INGEST, workflow_id)
        return self._principal.name


class BodyCheck(Protocol):
    """A signature over a body, checked while the body streams by."""

    def update(self, chunk: bytes) -> None:
        """Take in the next bytes of the body, as they came over the wire."""
        ...

    def finish(self) -> Principal:
        """Return whose signature it is. Raises Unauthenticated where it is nobody's."""
        ...


class SigningSender:
    """A sender who is known when the last byte of the body was read. ``count`` is told the name then."""

    def __init__(self, check: BodyCheck, count: Callable[[str], None]) -> None:
        self._check = check
        self._count = count
        self._principal: Principal | None = None

    def precheck(self, workflow_id: str) -> None:
        """Know nothing yet: whose signature it is shows at the end."""

    def confirm(self, workflow_id: str) -> str:
        """Check the signature once, then each event of the body against what its owner may send."""
        principal = self._known()
        principal.require(Scope.INGEST, workflow_id)
        return principal.name

    def authenticate(self) -> None:
        """Check the signature once the whole body was read. Raises Unauthenticated, Forbidden."""
        self._known().require_scope(Scope.INGEST)

    def _known(self) -> Principal:
        if self._principal is None:
            self._principal = self._check.finish()
            self._count(self._principal.name)
        return self._principal

    def watch(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Let the signature see the bytes of the wire as they pass."""
        for piece in pieces:
            self._check.update(piece)
            yield piece


def sender_of(
    gateway: Gateway, request: Request, pieces: Iterator[bytes], engine: str | None = None
) -> tuple[str, Sender, Iterator[bytes]]:
    """Tell by which name a request counts, who sends it, and give its body on.

    ``engine`` is the one whose own webhooks count as well. Raises Unauthenticated, Forbidden or RateLimited.
    """
    if "authorization" not in request.headers:
        if is_signed(request.headers):
            return _signing(gateway, request, pieces, gateway.authenticator.signature)
        proof = proof_of(engine, request.headers)
        if proof == GITLAB_TOKEN:
            return _known(gateway, request, pieces)
        if proof is not None:
            return _signing(gateway, request, pieces, gateway.authenticator.github)
    principal = caller_of(request, gateway)
    principal.require_scope(Scope.INGEST)  # Without it every body would be read in vain.
    return f"token {principal.name}", BearerSender(principal), pieces


def _signing(
    gateway: Gateway, request: Request, pieces: Iterator[bytes], check: Callable[[Headers], BodyCheck]
) -> tuple[str, Sender, Iterator[bytes]]:
    refuse_strangers(request, gateway)
    sender = SigningSender(check(request.headers), partial(count_call, request, gateway))
    return SIGNERS, sender, sender.watch(pieces)


def _known(gateway: Gateway, request: Request, pieces: Iterator[bytes]) -> tuple[str, Sender, Iterator[bytes]]:
    """Take a sender whose header is proof enough."""
    principal = gateway.authenticator.gitlab(request.headers)
    count_call(request, gateway, principal.name)
    principal.require_scope(Scope.INGEST)
    return SIGNERS, BearerSender(principal), pieces
