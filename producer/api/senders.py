"""Who sends an event: a bearer of a token, or an engine that signs."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Request

from producer.access.authenticate import Authenticator
from producer.access.entries import Scope
from producer.access.principal import Principal
from producer.access.signature import SignatureCheck, is_signed
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


class SigningSender:
    """A sender who is known when the last byte of the body was read."""

    def __init__(self, check: SignatureCheck) -> None:
        self._check = check
        self._principal: Principal | None = None

    def precheck(self, workflow_id: str) -> None:
        """Know nothing yet: whose signature it is shows at the end."""

    def confirm(self, workflow_id: str) -> str:
        """Check the signature once, then each event of the body against what its owner may send."""
        principal = self._known()
        principal.require(Scope.INGEST, workflow_id)
        return principal.name

    def authenticate(self) -> None:
        """Check the signature once the whole body was read. Raises Unauthenticated."""
        self._known()

    def _known(self) -> Principal:
        if self._principal is None:
            self._principal = self._check.finish()
        return self._principal

    def watch(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Let the signature see the bytes of the wire as they pass."""
        for piece in pieces:
            self._check.update(piece)
            yield piece


def sender_of(
    authenticator: Authenticator, request: Request, pieces: Iterator[bytes]
) -> tuple[Sender, Iterator[bytes]]:
    """Tell who sends a request, and give its body on. Raises Unauthenticated or Forbidden."""
    if is_signed(request.headers) and "authorization" not in request.headers:
        sender = SigningSender(authenticator.signature(request.headers))
        return sender, sender.watch(pieces)
    principal = authenticator.bearer(request.headers.get("authorization"))
    principal.require_scope(Scope.INGEST)  # Without it every body would be read in vain.
    return BearerSender(principal), pieces
