"""Entries of the tokens file: what they say, and how their mistakes are named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from producer.contract import jsontext
from producer.contract.errors import InvalidRecord, InvalidSetting, MalformedBody
from producer.contract.webhooks import decode_secret

MAX_WEBHOOK_SECRETS: Final = 32
"""An incoming signature does not say whose it is: each secret costs an HMAC over the whole body while it streams by."""


class Scope(StrEnum):
    """What a token may do."""

    INGEST = "ingest"
    READ = "read"
    EXPORT = "export"
    DELETE = "delete"
    REVEAL = "reveal"


Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
Digest = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{64}\Z")]
Glob = Annotated[str, Meta(min_length=1)]


class TokenEntry(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One bearer token, known by its SHA-256, or one signing secret.

    A signing secret is kept as it is, because HMAC needs the secret itself at both ends; the tokens file is therefore
    readable by its owner only, and ``repr`` shows no secret. ``expires_at`` without an offset is read as UTC.
    """

    name: Name
    can: Annotated[tuple[Scope, ...], Meta(min_length=1)]
    workflows: Annotated[tuple[Glob, ...], Meta(min_length=1)]
    sha256: Digest | None = None
    webhook_secret: str | None = None
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        kind = "token" if self.webhook_secret is None else "webhook secret"
        return f"<TokenEntry {self.name!r}: {kind}, can {', '.join(self.can)} on {', '.join(self.workflows)}>"

    def expired(self, now: datetime) -> bool:
        """Tell whether its time has passed."""
        if self.expires_at is None:
            return False
        aware = self.expires_at.tzinfo is not None
        return now >= (self.expires_at if aware else self.expires_at.replace(tzinfo=UTC))


def parse(content: bytes) -> tuple[TokenEntry, ...]:
    """Read the JSON of a tokens file.

    Raises InvalidSetting whose ``field`` is the place, such as ``tokens[2].can[0]``.
    """
    try:
        value = jsontext.decode(content, where="tokens")
        if not isinstance(value, list):
            raise wrong("tokens", "must be a JSON list")
        entries = tuple(_entry(one, f"tokens[{position}]") for position, one in enumerate(value))
    except (MalformedBody, InvalidRecord) as error:
        raise InvalidSetting(error.detail, field=error.field, remedy=_REMEDY) from None
    _check_together(entries)
    return entries


def write(entries: Iterable[TokenEntry]) -> bytes:
    """Return the JSON of a tokens file. Raises InvalidSetting as ``parse`` does, before anything wrong is stored."""
    content = jsontext.pretty([*entries]).encode() + b"\n"
    parse(content)
    return content


def wrong(field: str, what: str) -> InvalidSetting:
    """Describe a mistake of an entry's field."""
    return InvalidSetting(f"{field} {what}.", field=field, remedy=_REMEDY)


_REMEDY: Final = (
    'Write a JSON list of {"name", "sha256" or "webhook_secret", "can": [scopes], "workflows": [globs]}, or let '
    "'runfolio token create' write it; scopes are " + ", ".join(Scope) + "."
)


def _entry(value: Any, where: str) -> TokenEntry:
    entry = jsontext.convert(value, TokenEntry, where=where)
    if (entry.sha256 is None) == (entry.webhook_secret is None):
        raise wrong(where, "must hold either sha256 or webhook_secret")
    if entry.webhook_secret is not None:
        decode_secret(entry.webhook_secret, name=f"{where}.webhook_secret")
    return entry if entry.sha256 is None else msgspec.structs.replace(entry, sha256=entry.sha256.lower())


def _check_together(entries: Sequence[TokenEntry]) -> None:
    """Refuse what would make it unclear who is calling, and more signing secrets than can be tried at once."""
    for field in ("name", "sha256", "webhook_secret"):
        first: dict[str, int] = {}
        for position, entry in enumerate(entries):
            value = getattr(entry, field)
            if value is not None and first.setdefault(value, position) != position:
                raise wrong(f"tokens[{position}].{field}", f"is the same as that of tokens[{first[value]}]")
    secrets = sum(entry.webhook_secret is not None for entry in entries)
    if secrets > MAX_WEBHOOK_SECRETS:
        raise wrong("tokens", f"must hold at most {MAX_WEBHOOK_SECRETS} signing secrets, not {secrets}")
