"""Sends an archive to storage while it is being made: small ones in one request, larger ones in parts."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Final

from producer.contract.objects import ObjectStore

SINGLE_PUT: Final = 8 * 1024 * 1024
"""Archives up to this size are sent in one request: its success is the proof that they are complete."""


def upload(
    objects: ObjectStore, key: str, pieces: Iterable[bytes], *, content_type: str, content_disposition: str
) -> None:
    """Store the pieces under the key; memory stays bounded by the size of a part.

    An error raised by ``pieces`` leaves no object behind. Raises StorageUnavailable.
    """
    rest = iter(pieces)
    head: list[bytes] = []
    size = 0
    for piece in rest:
        head.append(piece)
        size += len(piece)
        if size > SINGLE_PUT:
            whole = chain(head, rest)
            objects.put_stream(key, whole, content_type=content_type, content_disposition=content_disposition)
            return
    objects.put(key, b"".join(head), content_type=content_type, content_disposition=content_disposition)
