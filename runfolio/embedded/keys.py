"""What a stack must keep secret: credentials of its servers, signing secrets, the admin token."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from producer.contract.errors import InvalidSetting
from producer.contract.ready import ready
from runfolio.embedded.datadir import DataDir, read_if_there, write_private

ADMIN: Final = "admin"
_ADMIN_CAN: Final = ("ingest", "read", "export", "delete", "reveal")


def _webhook_secret() -> str:
    """Make a signing secret in the form that Standard Webhooks gives it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _hex() -> str:
    return secrets.token_hex(32)


class Secrets(Struct, frozen=True):
    """Random values, made once for a data folder; letters and digits only, but for the callback secret."""

    s3_access_key: str = field(default_factory=lambda: secrets.token_hex(10))
    s3_secret_key: str = field(default_factory=_hex)
    valkey_password: str = field(default_factory=_hex)
    link_secret: str = field(default_factory=_hex)
    callback_secret: str = field(default_factory=_webhook_secret)


def load_secrets(data: DataDir) -> Secrets:
    """Read the folder's secrets, or make them where there are none.

    Raises InvalidSetting where the file is broken: new secrets would lock the user out of the links made so far.
    """
    content = read_if_there(data.secrets_file)
    try:
        kept = Secrets() if content is None else msgspec.json.decode(content, type=ready(Secrets))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidSetting(
            f"{data.secrets_file} cannot be read: {error}.",
            field="--data-dir",
            remedy="Restore the file, or delete it: links made so far then end.",
        ) from None
    encoded = msgspec.json.encode(kept)
    if encoded != content:
        write_private(data.secrets_file, encoded)
    return kept


def ensure_admin_token(data: DataDir) -> str:
    """Return the admin token, whose digest stands in the tokens file; made anew where its file is missing.

    Raises InvalidSetting where the tokens file is broken.
    """
    entries = _read_tokens(data)
    content = read_if_there(data.admin_token_file)
    token = content.decode("ascii", "replace").strip() if content else ""
    if not token:
        token = secrets.token_urlsafe(32)
        write_private(data.admin_token_file, f"{token}\n".encode())
    digest = hashlib.sha256(token.encode()).hexdigest()
    if not any(entry.get("name") == ADMIN and entry.get("sha256") == digest for entry in entries):
        others = [entry for entry in entries if entry.get("name") != ADMIN]
        admin = {"name": ADMIN, "sha256": digest, "can": _ADMIN_CAN, "workflows": ["*"]}
        write_private(data.tokens_file, msgspec.json.format(msgspec.json.encode([admin, *others]), indent=2))
    return token


def _read_tokens(data: DataDir) -> list[dict[str, Any]]:
    content = read_if_there(data.tokens_file)
    if content is None:
        return []
    try:
        return msgspec.json.decode(content, type=list[dict[str, Any]])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidSetting(
            f"{data.tokens_file} is not a JSON list of tokens: {error}.",
            field="--data-dir",
            remedy="Correct the file, or delete it and create the tokens again.",
        ) from None
