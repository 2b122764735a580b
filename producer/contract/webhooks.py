"""Standard Webhooks 1.0.0, symmetric scheme: how engines sign their events, and Runfolio its callbacks.

The signed content is ``id.timestamp.body``; its HMAC-SHA256 travels as ``v1,<base64>``. What is not specified there is
not done here: no other version, no other hash.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from typing import Final

from producer.contract.errors import InvalidSetting

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 # the public prefix by which a secret is recognised, no secret
VERSION: Final = "v1"
TOLERANCE_SECONDS: Final = 300

_SHORTEST_SECRET: Final = 24
_LONGEST_SECRET: Final = 64
_MESSAGE_ID: Final = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,256}")


def new_secret() -> str:
    """Make a random signing secret of 32 bytes."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def decode_secret(secret: str, *, name: str = "The signing secret") -> bytes:
    """Return the key of a secret written ``whsec_<base64>``; padding may be missing.

    Raises InvalidSetting, which calls the secret by ``name`` and never shows it, unless it is 24 to 64 bytes of base64
    (Standard Webhooks, "Signature scheme").
    """
    encoded = secret.removeprefix(SECRET_PREFIX).rstrip("=")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:  # It is not base64, or not ASCII.
        key = b""
    if secret.startswith(SECRET_PREFIX) and _SHORTEST_SECRET <= len(key) <= _LONGEST_SECRET:
        return key
    raise InvalidSetting(
        f"{name} must be '{SECRET_PREFIX}' and the base64 of {_SHORTEST_SECRET} to {_LONGEST_SECRET} random bytes.",
        remedy=f"Make one with: echo {SECRET_PREFIX}$(openssl rand -base64 32)",
    )


def is_message_id(value: str) -> bool:
    """Tell whether a message id can be signed: 1 to 256 visible ASCII characters other than the full stop.

    A full stop would let one signature stand for two readings of ``id.timestamp.body``.
    """
    return _MESSAGE_ID.fullmatch(value) is not None


def new_mac(key: bytes, message_id: str, timestamp: int) -> hmac.HMAC:
    """Begin the HMAC of a message; the body is fed to it piece by piece."""
    return hmac.new(key, f"{message_id}.{timestamp}.".encode(), "sha256")


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Sign a message that is about to be sent and return its three headers.

    ``timestamp`` is the moment of this attempt, in seconds since the epoch; ``message_id`` stays the same over all
    attempts. Raises InvalidSetting for a secret that is none, ValueError for an id that ``is_message_id`` refuses.
    """
    if not is_message_id(message_id):
        raise ValueError(f"'{message_id}' cannot be a message id: visible ASCII without full stops is needed.")
    mac = new_mac(decode_secret(secret), message_id, timestamp)
    mac.update(body)
    signature = base64.b64encode(mac.digest()).decode()
    return {ID: message_id, TIMESTAMP: str(timestamp), SIGNATURE: f"{VERSION},{signature}"}
