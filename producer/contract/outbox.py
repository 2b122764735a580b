"""Exports in storage: the durable outbox of accepted ones and the facts of settled ones.

Every request to make an export anew raises its generation. A generation has a pending entry of its own, so entries
are only ever created and deleted, never overwritten; and ``export.json`` holds the facts of the newest settled
generation, written only over the version that was read. Of two entries the one of the newer generation counts, and
within a generation the facts.

A small archive bears its facts as a seal. From when it is stored its export is settled, and ``export.json``, which
whoever made it writes next, only repeats it; until then the pending entry leads to the archive.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Raw, Struct

from producer.contract import jsontext, keys
from producer.contract.errors import ObjectExists, ObjectNotFound, RunfolioError, Unavailable
from producer.contract.export import Facts, Pending
from producer.contract.objects import Content, ObjectStore
from producer.contract.ready import ready
from producer.contract.seal import read_seal, sealed

log = logging.getLogger(__name__)

T = TypeVar("T")


class Settled(NamedTuple):
    """Facts with the version of ``export.json`` that they stand in, or that they are to be written over.

    The version is None where there is no such object yet: the facts are an archive's seal.
    """

    facts: Facts
    etag: str | None

    @property
    def following(self) -> int:
        """The generation after this one."""
        return self.facts.pending.generation + 1


class Waiting(NamedTuple):
    """That an export is pending, and since when."""

    export_id: str
    generation: int
    since: datetime


class _Held(Struct, frozen=True):
    """What a pending entry may hold besides."""

    record: Raw = Raw(b"")


class Outbox:
    """Pending entries and facts of all exports."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def accept(self, pending: Pending, record: str | None = None) -> bool:
        """Store a pending entry; tell whether it is new.

        The entry holds the text of the ``record`` where that is being stored at the same time, and may not come to be.
        """
        entry = jsontext.encode(pending)
        if record is not None:
            entry = b'%b,"record":%b}' % (entry[:-1], record.encode())
        try:
            self._objects.put_if(keys.pending(pending.id, pending.generation), entry, etag=None)
        except ObjectExists:
            return False
        return True

    def record_of(self, pending: Pending) -> bytes | None:
        """Return the text of the record that a pending entry holds."""
        try:
            content = self._objects.get(keys.pending(pending.id, pending.generation))
        except ObjectNotFound:
            return None
        return bytes(_decoded(content, _Held).record) or None

    def pending(self, export_id: str, generation: int) -> Pending | None:
        """Read the pending entry of a generation."""
        try:
            content = self._objects.get(keys.pending(export_id, generation))
        except ObjectNotFound:
            return None
        return _decoded(content, Pending)

    def settled(self, export_id: str) -> Settled | None:
        """Read the facts of the newest settled generation."""
        try:
            content = self._objects.get(keys.facts(export_id))
        except ObjectNotFound:
            return None
        return Settled(_decoded(content, Facts), content.etag)

    def current(self, export_id: str) -> Pending | Settled | None:
        """Tell what counts: the newest pending entry, else the facts, else nothing is known of the export."""
        return self.beyond(self.settled(export_id), export_id)

    def beyond(self, settled: Settled | None, export_id: str) -> Pending | Settled | None:
        """Tell the same where these facts, or none, were read just now."""
        pending = self.pending(export_id, settled.following if settled else 0)
        if pending is None:
            # The export may have settled between the two reads.
            return settled or self.settled(export_id)
        facts = self.sealed(pending)
        if facts is None:
            return pending
        # What was written since, such as a deletion, counts over the seal.
        newest = self.settled(export_id)
        if newest is not None and newest.facts.pending.generation >= pending.generation:
            return newest
        return Settled(facts, newest.etag if newest else None)

    def sealed(self, pending: Pending) -> Facts | None:
        """Read the facts that the archive of a pending entry bears; None where there is no archive, or no seal."""
        try:
            return read_seal(self._objects.metadata(pending.archive_key), pending)
        except ObjectNotFound:
            return None

    def seal(self, facts: Facts, archive: bytes, *, content_type: str, content_disposition: str) -> Facts | None:
        """Store a small archive and its facts in one write, which settles its export.

        Returns the facts that count: these, or those of another attempt that was first. None stands where there is an
        archive without a seal, and nothing was written.
        """
        try:
            self._objects.put_if(
                facts.pending.archive_key,
                archive,
                etag=None,
                content_type=content_type,
                content_disposition=content_disposition,
                metadata=sealed(facts),
            )
        except ObjectExists:
            return self.sealed(facts.pending)
        return facts

    def settle(self, facts: Facts, replacing: Settled | None) -> bool:
        """Write the facts unless somebody else did meanwhile; tell whether it was us."""
        try:
            self._objects.put_if(
                keys.facts(facts.pending.id),
                jsontext.encode(facts),
                etag=replacing.etag if replacing else None,
            )
        except ObjectExists:
            return False
        return True

    def conclude(self, facts: Facts, seen: Settled | None) -> Facts:
        """Settle a generation once; return the facts that count: these, or those that somebody else wrote before.

        ``seen`` is what was read last. Facts of an older generation are written over, also where they changed since.
        """
        while seen is None or seen.facts.pending.generation < facts.pending.generation:
            if self.settle(facts, seen):
                return facts
            seen = self.settled(facts.pending.id)
        return seen.facts

    def forget_pending(self, pending: Pending) -> None:
        """Delete a pending entry; the last act of settling."""
        self.forget_all([pending])

    def forget_all(self, settled: Iterable[Pending]) -> None:
        """Delete pending entries, as many as a request takes at a time."""
        self._objects.delete(keys.pending(one.id, one.generation) for one in settled)

    def all_pending(self) -> Iterator[Waiting]:
        """Yield every pending entry there is, by its name: the entries themselves are not read."""
        for found in self._objects.list(keys.PENDING):
            export_id, generation = keys.read_pending(found.key)
            yield Waiting(export_id, generation, found.modified_at)

    def all_facts(self) -> Iterator[Settled]:
        """Yield the facts of every settled export; a damaged object is logged and passed over."""
        for found in self._objects.list(keys.EXPORTS):
            settled = self._facts_at(found.key) if keys.is_facts(found.key) else None
            if settled is not None:
                yield settled

    def _facts_at(self, key: str) -> Settled | None:
        try:
            content = self._objects.get(key)
            return Settled(_decoded(content, Facts), content.etag)
        except ObjectNotFound:
            return None
        except Unavailable:
            raise
        except RunfolioError as error:
            log.warning("facts cannot be read", extra={"key": key, "reason": error.detail})
            return None


def _decoded(content: Content, model: type[T]) -> T:
    try:
        return msgspec.json.decode(content.data, type=ready(model))
    except msgspec.DecodeError as error:
        raise RunfolioError(
            f"What is stored as {model.__name__} cannot be read: {error}.",
            remedy="Restore the object from a backup, or delete it to forget the export.",
        ) from None
