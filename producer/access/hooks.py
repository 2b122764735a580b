"""Webhooks of engines that prove their sender in a way of their own, by the signing secrets of the tokens file.

GitHub signs the body: ``X-Hub-Signature-256: sha256=<hex>``, an HMAC-SHA256 whose key is the secret as its text. GitLab
sends the secret itself as ``X-Gitlab-Token``; its signing tokens are Standard Webhooks, which ``signature`` checks.
Neither has a timestamp, so a delivery can be sent again by whoever saw it; the same event is the same export.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from producer.access.entries import TokenEntry
from producer.access.principal import Principal
from producer.contract.errors import Unauthenticated

GITHUB_SIGNATURE: Final = "x-hub-signature-256"
GITLAB_TOKEN: Final = "x-gitlab-token"  # noqa: S105 # the name of a header, no secret

_PROOFS: Final = {"github": GITHUB_SIGNATURE, "gitlab": GITLAB_TOKEN}
_SIGNATURE: Final = re.compile(r"sha256=([0-9a-fA-F]{64})", re.ASCII)


def proof_of(engine: str | None, headers: Mapping[str, str]) -> str | None:
    """Name the header by which an engine's own webhook proves its sender, ``None`` where there is none."""
    name = _PROOFS.get(engine or "")
    return name if name is not None and name in headers else None


def presents_proof(headers: Mapping[str, str]) -> bool:
    """Tell whether a request claims to be a webhook of one of these engines."""
    return any(name in headers for name in _PROOFS.values())


class GitHubCheck:
    """Checks one delivery of GitHub: feed it every byte of the body as it came over the wire, then finish.

    Each signing secret that has not expired is a candidate. Raises Unauthenticated for a header that is no signature.
    """

    def __init__(self, headers: Mapping[str, str], entries: Iterable[TokenEntry], now: datetime) -> None:
        match = _SIGNATURE.fullmatch(headers[GITHUB_SIGNATURE])
        if match is None:
            raise _refused(GITHUB_SIGNATURE, "must be 'sha256=' and 64 hexadecimal digits")
        self._signature = bytes.fromhex(match[1])
        self._candidates = [
            (entry, hmac.new(secret.encode(), digestmod="sha256")) for entry, secret in _secrets(entries, now)
        ]
        if not self._candidates:
            raise _refused(GITHUB_SIGNATURE, "matches nothing: no signing secret is known here that is still valid")

    def update(self, chunk: bytes) -> None:
        """Take in the next bytes of the body."""
        for _, mac in self._candidates:
            mac.update(chunk)

    def finish(self) -> Principal:
        """Return whose signature it is. Raises Unauthenticated where it is nobody's."""
        for entry, mac in self._candidates:
            if hmac.compare_digest(mac.digest(), self._signature):
                return Principal.of(entry)
        raise _refused(GITHUB_SIGNATURE, "does not match the body under any signing secret known here")


def gitlab_sender(headers: Mapping[str, str], entries: Iterable[TokenEntry], now: datetime) -> Principal:
    """Return who sends a delivery of GitLab. Raises Unauthenticated where its token is no signing secret known here."""
    presented = _digest(headers[GITLAB_TOKEN])
    for entry, secret in _secrets(entries, now):
        # Compared are digests, in the same time wherever they differ: no secret can be found character by character.
        if hmac.compare_digest(_digest(secret), presented):
            return Principal.of(entry)
    raise _refused(GITLAB_TOKEN, "is no signing secret known here")


def _secrets(entries: Iterable[TokenEntry], now: datetime) -> list[tuple[TokenEntry, str]]:
    return [
        (entry, entry.webhook_secret)
        for entry in entries
        if entry.webhook_secret is not None and not entry.expired(now)
    ]


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="surrogateescape")).digest()


def _refused(name: str, what: str) -> Unauthenticated:
    return Unauthenticated(
        f"The header {name} {what}.",
        field=name,
        remedy="Give the webhook, as its secret, what 'runfolio token create --webhook' printed.",
    )
