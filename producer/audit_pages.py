"""The audit log as it is read: by pages, oldest entries first, as they lie in storage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from producer.contract import keys
from producer.contract.audit import BATCH_SPAN, AuditEntry, read_batch
from producer.contract.board import Page
from producer.contract.board.positions import Listing, foreign_cursor, read_cursor, write_cursor
from producer.contract.errors import ObjectNotFound
from producer.contract.objects import ObjectStore
from producer.contract.record import in_utc

MOST_BATCHES: Final = 200
"""Batches that one request opens; a page that holds less than was asked for then has a cursor to go on."""

_LINE_BYTES: Final = 4
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class _Place(NamedTuple):
    """A line of a batch."""

    key: str
    line: int


def audit_page(
    objects: ObjectStore, *, since: datetime | None, until: datetime | None, cursor: str | None, limit: int
) -> Page[AuditEntry]:
    """List entries from ``since`` on and before ``until``, by the time of their batch, then in the order of noting.

    A page may be short, or empty, and still name a next one. Raises InvalidOptions naming ``cursor``.
    """
    begin, end = max(in_utc(since) or _EPOCH, _EPOCH), in_utc(until) or _NEVER
    place = _read(cursor)
    items: list[AuditEntry] = []
    for opened, key in enumerate(_batches(objects, place, begin, end)):
        if opened == MOST_BATCHES:
            return Page(items, _write(_Place(key, 0)))
        first = place.line if place and key == place.key else 0
        for line, entry in enumerate(_entries(objects, key)):
            if line < first or not begin <= entry.at < end:
                continue
            if len(items) == limit:
                return Page(items, _write(_Place(key, line)))
            items.append(entry)
    return Page(items, None)


def _batches(objects: ObjectStore, place: _Place | None, begin: datetime, end: datetime) -> Iterator[str]:
    """Yield the keys of batches that may hold entries of a time, beginning with the one that a page ended in."""
    if place is not None:
        yield place.key
    after = place.key if place else keys.audit_place(begin - BATCH_SPAN)
    for found in objects.list(keys.AUDIT, after=after):
        moment = keys.audit_moment(found.key)
        if moment is not None and moment >= end:
            return
        if moment is not None:
            yield found.key


def _entries(objects: ObjectStore, key: str) -> list[AuditEntry]:
    try:
        return read_batch(key, objects.get(key).data)
    except ObjectNotFound:  # Its time has passed since.
        return []


def _write(place: _Place) -> str | None:
    return write_cursor(Listing.AUDIT, place.line.to_bytes(_LINE_BYTES, "big") + place.key.encode())


def _read(cursor: str | None) -> _Place | None:
    found = read_cursor(Listing.AUDIT, cursor)
    if found is None:
        return None
    place = _Place(found[_LINE_BYTES:].decode(errors="replace"), int.from_bytes(found[:_LINE_BYTES], "big"))
    if keys.audit_moment(place.key) is None:
        raise foreign_cursor()
    return place
