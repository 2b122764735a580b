"""Callback entries in storage: ``callbacks/<export id>/<name>``, one for each generation of an export and each address.

An entry is there from the moment that the export is accepted until the callback is delivered or given up. A
generation has entries of its own, as it has a pending entry of its own: deleting the entry of one that is told can
never take away what a later one still has to tell.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from producer.contract import jsontext, keys
from producer.contract.callbacks.url import CallbackUrl, parse_url
from producer.contract.errors import InvalidRecord, MalformedBody, ObjectExists, ObjectNotFound
from producer.contract.objects import Content, ObjectStore

log = logging.getLogger(__name__)

_RACES: Final = 5


class CallbackEntry(Struct, frozen=True):
    """A callback that is neither delivered nor given up.

    ``attempts`` counts the attempts that were begun, so that one which kills its worker counts too. An entry that was
    never tried may be tried at any time: its ``next_attempt_at`` only paces the sweeper while the export is not
    settled. ``last_outcome`` is a sentence for people. While it is ``claimed``, an attempt is under way, or its worker
    has died: ``next_attempt_at`` is when the claim lapses.
    """

    export_id: str
    generation: int
    url: str
    created_at: datetime
    next_attempt_at: datetime
    attempts: int = 0
    last_outcome: str | None = None
    claimed: bool = False

    @property
    def callback_id(self) -> str:
        """The address's name in its export, the same for every generation."""
        return callback_id(self.url)

    @property
    def message_id(self) -> str:
        """The ``webhook-id``: the same for every attempt to tell this address of this generation."""
        parts = [self.export_id, self.generation, self.url]
        return f"msg_{hashlib.sha256(jsontext.canonical(parts)).hexdigest()[:32]}"

    @property
    def name(self) -> str:
        """The entry's name in its export's folder."""
        return entry_name(self.url, self.generation)

    @property
    def key(self) -> str:
        """Where the entry lies in storage."""
        return keys.callback(self.export_id, self.name)

    @property
    def target(self) -> CallbackUrl:
        """The address, parsed."""
        return parse_url(self.url)

    def replace(self, **changes: object) -> CallbackEntry:
        """Return a copy with changes."""
        return msgspec.structs.replace(self, **changes)


def callback_id(url: str) -> str:
    """Name an address without telling it: 32 hexadecimal digits."""
    return hashlib.sha256(url.encode()).hexdigest()[:32]


def entry_name(url: str, generation: int) -> str:
    """Name an entry: the same address of the same generation is one entry, however often it is asked for."""
    return f"{generation}-{callback_id(url)}.json"


def register(objects: ObjectStore, export_id: str, generation: int, url: str, now: datetime) -> CallbackEntry:
    """Store that an address is to be told of a generation of an export, and return the entry that is stored.

    An entry that is there already stays as it is. Call it before the pending entry is written: an accepted export is
    then never without its callbacks. The address must have passed ``validate_url``.
    """
    entry = CallbackEntry(export_id, generation, url, created_at=now, next_attempt_at=now)
    for _ in range(_RACES):
        try:
            objects.put_if(entry.key, jsontext.encode(entry), etag=None)
        except ObjectExists:
            try:
                return _decode(objects.get(entry.key))
            except ObjectNotFound:
                continue  # It was delivered between the two requests, so this request is a new one.
        else:
            return entry
    return entry  # It was delivered again and again meanwhile: whoever asks now has been told.


def read(objects: ObjectStore, export_id: str, name: str) -> tuple[CallbackEntry, str]:
    """Return an entry and the version (etag) of the object that it was read from. Raises ObjectNotFound."""
    content = objects.get(keys.callback(export_id, name))
    return _decode(content), content.etag


def put_back(objects: ObjectStore, export_id: str, generation: int, url: str, now: datetime) -> CallbackEntry:
    """Store that an address is to be told once more and at once, and return the entry that is stored.

    Attempts are counted anew. An entry of which an attempt is under way stays as it is.
    """
    fresh = CallbackEntry(export_id, generation, url, created_at=now, next_attempt_at=now)
    for _ in range(_RACES):
        try:
            found, etag = read(objects, export_id, fresh.name)
        except ObjectNotFound:
            return register(objects, export_id, generation, url, now)
        if found.claimed and found.next_attempt_at > now:
            return found
        try:
            objects.put_if(fresh.key, jsontext.encode(fresh), etag=etag)
        except ObjectExists:
            continue
        return fresh
    return fresh  # It changed again and again meanwhile: others are at it.


def entries(objects: ObjectStore, export_id: str) -> Iterator[CallbackEntry]:
    """Yield what is still to be told of an export: who settles it asks for these to be processed."""
    for found in objects.list(f"{keys.CALLBACKS}{keys.segment(export_id)}/"):
        entry = read_listed(objects, found.key)
        if entry is not None:
            yield entry


def read_listed(objects: ObjectStore, key: str) -> CallbackEntry | None:
    """Read an entry that was listed; None for one that was delivered since, or is damaged, which is logged.

    One damaged object must not keep all the others from being told.
    """
    try:
        return _decode(objects.get(key))
    except ObjectNotFound:
        return None
    except (MalformedBody, InvalidRecord) as error:
        log.warning("callback.unreadable", extra={"key": key, "reason": error.detail})
        return None


def _decode(content: Content) -> CallbackEntry:
    return jsontext.convert(jsontext.decode(content.data, where="callback entry"), CallbackEntry)
