"""Events signed by Standard Webhooks 1.0.0 (HMAC-SHA256), checked while their bytes stream by."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from producer.access.entries import TokenEntry
from producer.access.principal import Principal
from producer.contract import webhooks
from producer.contract.errors import Unauthenticated

_MAX_SIGNATURES: Final = 16
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_DIGEST_SIZE: Final = 32


def is_signed(headers: Mapping[str, str]) -> bool:
    """Tell whether a request claims to be signed."""
    return webhooks.SIGNATURE in headers


class SignatureCheck:
    """Checks one request: feed it every byte of the body as it came over the wire, before any decoding, then finish.

    Each signing secret that has not expired is a candidate. A signed request can be replayed for as long as its
    timestamp is within five minutes of the clock; that changes nothing, since the same event is the same export.
    Raises Unauthenticated for headers that cannot belong to a valid signature.
    """

    def __init__(self, headers: Mapping[str, str], entries: Iterable[TokenEntry], now: datetime) -> None:
        message_id = _header(headers, webhooks.ID)
        if not webhooks.is_message_id(message_id):
            raise _refused(webhooks.ID, "must be 1 to 256 visible ASCII characters without full stops")
        timestamp = _timestamp(_header(headers, webhooks.TIMESTAMP), now)
        self._signatures = list(_signatures(_header(headers, webhooks.SIGNATURE)))
        self._candidates = [
            (entry, webhooks.new_mac(webhooks.decode_secret(entry.webhook_secret), message_id, timestamp))
            for entry in entries
            if entry.webhook_secret is not None and not entry.expired(now)
        ]
        if not self._candidates:
            raise Unauthenticated(
                "No signing secret is known here that is still valid.",
                field=webhooks.SIGNATURE,
                remedy="Add one to the tokens file, or send a bearer token.",
            )

    def update(self, chunk: bytes) -> None:
        """Take in the next bytes of the body."""
        for _, mac in self._candidates:
            mac.update(chunk)

    def finish(self) -> Principal:
        """Return whose signature it is. Raises Unauthenticated where it is nobody's."""
        for entry, mac in self._candidates:
            expected = mac.digest()
            # Each comparison takes the same time wherever the bytes differ, so a signature cannot be found piecemeal.
            if any(hmac.compare_digest(expected, signature) for signature in self._signatures):
                return Principal.of(entry)
        raise _refused(webhooks.SIGNATURE, "does not match the body under any signing secret known here")


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if value is None:
        raise _refused(name, "is missing")
    return value


def _timestamp(value: str, now: datetime) -> int:
    if not _TIMESTAMP.fullmatch(value):
        raise _refused(webhooks.TIMESTAMP, "must be a whole number of seconds since the epoch")
    timestamp = int(value)
    late = now.timestamp() - timestamp
    if abs(late) > webhooks.TOLERANCE_SECONDS:
        raise _refused(
            webhooks.TIMESTAMP,
            f"is {abs(late):.0f} seconds {'old' if late > 0 else 'ahead'}; {webhooks.TOLERANCE_SECONDS} are the limit",
        )
    return timestamp


def _signatures(header: str) -> Iterator[bytes]:
    """Yield the signatures of a list ``v1,<base64> v1,<base64>``; other versions and malformed ones are passed over."""
    listed = header.split()
    if len(listed) > _MAX_SIGNATURES:
        raise _refused(webhooks.SIGNATURE, f"lists more than {_MAX_SIGNATURES} signatures")
    for one in listed:
        version, _, encoded = one.partition(",")
        signature = _decoded(encoded) if version == webhooks.VERSION else None
        if signature is not None:
            yield signature


def _decoded(encoded: str) -> bytes | None:
    """Return a signature's bytes, or ``None`` for what can be none; a good one beside it still counts."""
    try:
        signature = base64.b64decode(encoded, validate=True)
    except ValueError:
        return None
    return signature if len(signature) == _DIGEST_SIZE else None


def _refused(name: str, what: str) -> Unauthenticated:
    return Unauthenticated(
        f"The header {name} {what}.",
        field=name,
        remedy="Sign as Standard Webhooks says, over the body's bytes as sent, with a secret of the tokens file and a "
        "clock that is right.",
    )
