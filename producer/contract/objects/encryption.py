"""How the store encrypts what is written into it."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Encryption(NamedTuple):
    """Server-side encryption, as Amazon S3 names it: by the store's own key, or by one of its key management service.

    ``kms_key_id`` is the key's id, ARN or alias; without it the service's default key for S3 is used.
    """

    algorithm: Literal["aws:kms", "AES256"]
    kms_key_id: str | None = None
