"""Link tokens: what stands behind ``PUBLIC_URL/d/``.

A token is 48 bytes, written as 64 characters of base64url (RFC 4648 section 5): 16 bytes of export id, 16 bytes of
nonce and 16 bytes of HMAC-SHA256. Nothing in it follows from workflow or execution ids alone, since the nonce itself is
derived with the secret. Whether the nonce still counts is not for the token to say: storage holds the one that does.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from producer.contract.errors import InvalidSetting, NotFound

_SHORTEST_SECRET: Final = 32
_SIZE: Final = 16
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{64}")
_NONCE_DOMAIN: Final = b"runfolio/link/nonce/1\0"
_TOKEN_DOMAIN: Final = b"runfolio/link/token/1\0"
_SHOWN: Final = 6


class LinkToken(NamedTuple):
    """What a token names: an export and one nonce of it, each 32 hexadecimal digits."""

    export_id: str
    nonce: str


class LinkSigner:
    """Makes and reads link tokens.

    ``secrets`` is RUNFOLIO_LINK_SECRET as it is set (several are separated by commas) or a list: the first signs, all
    are accepted, so that a secret can be replaced while older links stay valid. Raises InvalidSetting where there is
    none, or one of fewer than 32 characters.
    """

    def __init__(self, secrets: str | Sequence[str]) -> None:
        listed = secrets.split(",") if isinstance(secrets, str) else secrets
        self._keys = [_key(secret) for secret in listed]
        if not self._keys:
            raise InvalidSetting("RUNFOLIO_LINK_SECRET is empty.", remedy=_REMEDY)

    def nonce(self, export_id: str, generation: int) -> str:
        """Derive the nonce of an export's generation: 32 hexadecimal digits.

        It is a function of its arguments, so that two requests at once hand out the same link; without the secret it
        cannot be told from random digits.
        """
        message = bytes.fromhex(export_id) + generation.to_bytes(8, "big")
        return _mac(self._keys[0], _NONCE_DOMAIN, message).hex()

    def token(self, export_id: str, nonce: str) -> str:
        """Sign an export id and a nonce, each 32 hexadecimal digits."""
        named = bytes.fromhex(export_id) + bytes.fromhex(nonce)
        return base64.urlsafe_b64encode(named + _mac(self._keys[0], _TOKEN_DOMAIN, named)).decode()

    def read(self, token: str) -> LinkToken:
        """Return what a token names. Raises NotFound for every text that this signer would not have made.

        48 bytes fill 64 characters to the last bit, hence one token has exactly one spelling.
        """
        if not _TOKEN.fullmatch(token):
            raise _unknown()
        data = base64.urlsafe_b64decode(token)
        named, signature = data[: 2 * _SIZE], data[2 * _SIZE :]
        if not any(hmac.compare_digest(_mac(key, _TOKEN_DOMAIN, named), signature) for key in self._keys):
            raise _unknown()
        return LinkToken(named[:_SIZE].hex(), named[_SIZE:].hex())

    @staticmethod
    def url(public_url: str, token: str) -> str:
        """Return the download link of a token."""
        return f"{public_url.rstrip('/')}/d/{token}"


def mask(token: str) -> str:
    """Shorten a token for logs: what stays is a part of the export id, which opens nothing."""
    return f"{token[:_SHOWN]}…"


_REMEDY: Final = "Set it to a random value, such as the output of: openssl rand -hex 32"


def _key(secret: str) -> bytes:
    stripped = secret.strip()
    if len(stripped) < _SHORTEST_SECRET:
        raise InvalidSetting(
            f"RUNFOLIO_LINK_SECRET must have at least {_SHORTEST_SECRET} characters; this one has {len(stripped)}.",
            remedy=_REMEDY,
        )
    return stripped.encode()


def _mac(key: bytes, domain: bytes, message: bytes) -> bytes:
    """HMAC-SHA256, truncated to 128 bits; the domain keeps a nonce from ever being a signature."""
    return hmac.new(key, domain + message, hashlib.sha256).digest()[:_SIZE]


def _unknown() -> NotFound:
    return NotFound("There is no such download.", remedy="Check that the link was copied whole.")
