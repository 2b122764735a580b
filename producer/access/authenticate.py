"""From a request's headers to the principal that sent it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from producer.access.hooks import GitHubCheck, gitlab_sender
from producer.access.principal import Principal
from producer.access.signature import SignatureCheck
from producer.access.tokens import TokenFile, token_digest
from producer.contract.errors import Unauthenticated

_BEARER: Final = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE | re.ASCII)
_REMEDY: Final = "Send 'Authorization: Bearer <token>'; 'runfolio token create' makes a token."


def utc_now() -> datetime:
    """Tell the time; replaced in tests."""
    return datetime.now(UTC)


def presented(header: str | None) -> str:
    """Return the token that an ``Authorization`` header presents. Raises Unauthenticated where there is none in it."""
    if header is None:
        raise Unauthenticated("The request has no Authorization header.", field="Authorization", remedy=_REMEDY)
    match = _BEARER.fullmatch(header.strip(" \t"))
    if match is None:
        raise Unauthenticated(
            "The Authorization header is not 'Bearer <token>'.", field="Authorization", remedy=_REMEDY
        )
    return match[1]


class Authenticator:
    """Tells who is calling, by the tokens file as it is at this moment. No token is ever logged or shown."""

    def __init__(self, tokens: TokenFile, now: Callable[[], datetime] = utc_now) -> None:
        self._tokens = tokens
        self._now = now

    def bearer(self, header: str | None) -> Principal:
        """Read an ``Authorization`` header (RFC 6750 section 2.1, the scheme in any case).

        Raises Unauthenticated where there is none, or one that is malformed, unknown or expired.
        """
        return self.token(presented(header))

    def token(self, token: str) -> Principal:
        """Return whom a token stands for. Raises Unauthenticated where it is unknown or expired."""
        return self.known(token_digest(token))

    def known(self, digest: str) -> Principal:
        """Return whom the token of a digest stands for. Raises Unauthenticated where it is unknown or expired."""
        for entry in self._tokens.entries():
            # Compared are digests: a caller cannot choose theirs character by character, and the comparison takes the
            # same time wherever they differ. That the search ends at the match tells nothing but the entry's position.
            if entry.sha256 is not None and hmac.compare_digest(entry.sha256, digest):
                if entry.expired(self._now()):
                    raise Unauthenticated(
                        f"The token '{entry.name}' has expired.", remedy="Make a new one: runfolio token create …"
                    )
                return Principal.of(entry)
        raise Unauthenticated(
            "The token is not known here, or was revoked.", remedy="Check it, or make one: runfolio token create …"
        )

    def signature(self, headers: Mapping[str, str]) -> SignatureCheck:
        """Begin to check a signed request by its headers, whose names are in lower case or looked up in any case.

        Raises Unauthenticated where they cannot belong to a valid signature, before any of the body is read.
        """
        return SignatureCheck(headers, self._tokens.entries(), self._now())

    def github(self, headers: Mapping[str, str]) -> GitHubCheck:
        """Begin to check a delivery of GitHub by its signature. Raises Unauthenticated where it can be none."""
        return GitHubCheck(headers, self._tokens.entries(), self._now())

    def gitlab(self, headers: Mapping[str, str]) -> Principal:
        """Return who sends a delivery of GitLab, by its token. Raises Unauthenticated where that is nobody's."""
        return gitlab_sender(headers, self._tokens.entries(), self._now())
