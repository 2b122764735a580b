"""The delivery log of an export, in ``exports/<export id>/deliveries.json``: what became of each attempt.

It is for people who ask why a receiver heard nothing. It is bounded, and a line that cannot be written is let go:
no delivery depends on it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from msgspec import Struct

from producer.contract import jsontext, keys
from producer.contract.errors import InvalidRecord, MalformedBody, ObjectExists, ObjectNotFound
from producer.contract.objects import ObjectStore

log = logging.getLogger(__name__)

PER_CALLBACK: Final = 20
IN_ALL: Final = 200

_RACES: Final = 8


class Delivery(Struct, frozen=True):
    """One attempt and what became of it.

    ``callback`` names the address in its export, and ``receiver`` is its scheme and host; path and query stay untold,
    since for many receivers they are the secret. ``attempt`` counts from 1, and is 0 where none was made; ``status`` is
    the HTTP status where there was one.
    """

    at: datetime
    callback: str
    receiver: str
    message_id: str
    attempt: int
    result: str
    reason: str
    status: int | None = None
    next_attempt_at: datetime | None = None


def read_log(objects: ObjectStore, export_id: str) -> list[Delivery]:
    """Return the deliveries of an export, oldest first; the last 20 of each callback, 200 in all."""
    return _read(objects, _key(export_id))[0]


def append_log(objects: ObjectStore, export_id: str, delivery: Delivery) -> None:
    """Add a line. Raises StorageUnavailable; loses the line where many others are written at the same moment."""
    key = _key(export_id)
    for _ in range(_RACES):
        deliveries, etag = _read(objects, key)
        try:
            objects.put_if(key, jsontext.encode(_bounded([*deliveries, delivery])), etag=etag)
        except ObjectExists:
            continue
        return
    log.warning("callback.log_line_lost", extra={"export": export_id, "message_id": delivery.message_id})


def _key(export_id: str) -> str:
    return f"{keys.EXPORTS}{keys.segment(export_id)}/deliveries.json"


def _read(objects: ObjectStore, key: str) -> tuple[list[Delivery], str | None]:
    try:
        content = objects.get(key)
    except ObjectNotFound:
        return [], None
    try:
        return jsontext.convert(jsontext.decode(content.data, where="delivery log"), list[Delivery]), content.etag
    except (MalformedBody, InvalidRecord) as error:
        log.warning("callback.log_unreadable", extra={"key": key, "reason": error.detail})
        return [], content.etag


def _bounded(deliveries: Iterable[Delivery]) -> list[Delivery]:
    kept: list[Delivery] = []
    seen: Counter[str] = Counter()
    for delivery in reversed(list(deliveries)):
        seen[delivery.callback] += 1
        if seen[delivery.callback] <= PER_CALLBACK and len(kept) < IN_ALL:
            kept.append(delivery)
    return kept[::-1]
