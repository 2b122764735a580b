"""The shapes in which a secret turns up in outputs and logs although nobody wrote it down as it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus

_SHORTEST_IN_BASE64: Final = 8
_SHORTEST_LINE: Final = 16


def disguises(secret: str) -> Iterator[str]:
    """Yield a secret and its common disguises; some may be equal.

    These are: inside a JSON string, percent-encoded, in base64 where it has 8 bytes or more, and the lines of a secret
    that has several (a log shows a private key line by line), where they have 16 characters or more.
    """
    yield secret
    yield from _in_json(secret)
    yield from _in_url(secret)
    if len(secret.encode()) >= _SHORTEST_IN_BASE64:
        yield from _in_base64(secret.encode())
    yield from lines(secret)


def lines(secret: str) -> Iterator[str]:
    """Yield the long lines of a secret that has several lines, without the white space around them."""
    several = secret.splitlines()
    if len(several) > 1:
        yield from (line for line in map(str.strip, several) if len(line) >= _SHORTEST_LINE)


def _in_json(secret: str) -> Iterator[str]:
    for ascii_only in (False, True):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        yield escaped.replace("/", "\\/")  # PHP and others escape the solidus (RFC 8259 section 7).


def _in_url(secret: str) -> Iterator[str]:
    # What is left unencoded differs: strict encoders nothing, paths the solidus, JavaScript's encodeURIComponent !'()*.
    for encoded in (quote(secret, safe=""), quote(secret), quote(secret, safe="!'()*"), quote_plus(secret)):
        yield encoded
        yield _lower_hex(encoded)


def _lower_hex(encoded: str) -> str:
    first, *rest = encoded.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def _in_base64(secret: bytes) -> Iterator[str]:
    for encoded in (base64.b64encode(secret).decode(), *_embedded_in_base64(secret)):
        yield encoded
        yield encoded.rstrip("=")
        yield encoded.replace("+", "-").replace("/", "_")
        yield encoded.rstrip("=").replace("+", "-").replace("/", "_")


def _embedded_in_base64(secret: bytes) -> Iterator[str]:
    """Yield what a longer text that holds the secret, such as ``user:secret``, shows of it in base64.

    Three bytes become four characters, so there are three ways to lie; only characters that depend on nothing but the
    secret are yielded.
    """
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret).decode()
        first = -(-before * 8 // 6)
        last = (before + len(secret)) * 8 // 6
        yield encoded[first:last]
