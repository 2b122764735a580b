"""Records in storage: written once, immutable, read back step by step.

A record is a small header object, written last: it makes the record exist. Small records lie inside it; the steps of
larger ones lie in an object of their own (one JSON text a line) with an index beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Final, NamedTuple

import msgspec
from msgspec import Raw, Struct

from producer.contract import jsontext, keys, uploads
from producer.contract.drafts import Draft, join, take
from producer.contract.errors import NotFound, ObjectExists, ObjectNotFound
from producer.contract.index import StepEntry, read_index
from producer.contract.objects import ObjectStore
from producer.contract.ready import ready
from producer.contract.record import HeaderDocument, Status, StepDocument, read_header, read_step
from producer.contract.sources import Told
from producer.contract.steps import damaged, entries_of, read_steps
from producer.contract.uploads import UploadNote

INLINE_LIMIT: Final = 128 * 1024
"""Steps up to this many bytes lie in the header object, and may ride in a task's message."""


class RecordObject(Struct, frozen=True, omit_defaults=True):
    """The header object of a record.

    ``moment`` is the time that names its archives; ``size`` counts the steps' bytes. ``steps`` are there where they lie
    inside, ``upload`` where they lie in an object of their own. ``told`` is the event of a record that is to be
    completed by its engine's source, ``completes`` the digest of the record that this one completes.
    """

    digest: str
    accepted_at: datetime
    moment: datetime
    header: Raw
    step_count: int
    size: int
    by_status: dict[Status, int]
    steps: list[Raw] | None = None
    upload: str | None = None
    told: Told | None = None
    completes: str | None = None

    @property
    def exported_as(self) -> str:
        """The digest by which exports name the record: whatever completes a record is exported as that one is."""
        return self.completes or self.digest


class Lack(NamedTuple):
    """What a record lacks, or makes up for: see ``told`` and ``completes`` of RecordObject."""

    told: Told | None = None
    completes: str | None = None


_NOTHING: Final = Lack()


class Prepared(NamedTuple):
    """A record that was accepted and does not exist in storage yet; a large one has a note of its uploaded steps."""

    record: Record
    note: UploadNote | None


class Written(NamedTuple):
    """The stored record, and whether this write created it."""

    record: Record
    created: bool


class Record:
    """A stored record: its header at hand, its steps read when asked for, any number of times."""

    def __init__(self, stored: RecordObject, objects: ObjectStore) -> None:
        self.stored = stored
        self.document = read_header(jsontext.decode(bytes(stored.header)))
        self._objects = objects
        self._entries: Sequence[StepEntry] | None = None
        self._index: bytes | None = None

    @property
    def workflow_id(self) -> str:
        """The workflow's id."""
        return self.document.header.workflow.id

    @property
    def execution_id(self) -> str:
        """The execution's id."""
        return self.document.header.execution.id

    def riding(self) -> str | None:
        """Return the text of a record that is small enough to ride in a task's message."""
        if self.stored.upload is not None or self.stored.size > INLINE_LIMIT:
            return None
        text = jsontext.encode(self.stored)
        return text.decode() if len(text) <= INLINE_LIMIT else None

    def entries(self) -> Iterator[StepEntry]:
        """Yield the index of the steps."""
        if self.stored.upload is None:
            if self._entries is None:
                self._entries = tuple(entries_of(map(bytes, self.stored.steps or ())))
            return iter(self._entries)
        if self._index is None:
            self._index = self._fetch_index(self.stored.upload)
        return read_index(self._index)

    def _fetch_index(self, upload: str) -> bytes:
        key = keys.record_index(self.workflow_id, self.execution_id, upload)
        try:
            return self._objects.get(key).data
        except ObjectNotFound:
            raise damaged(key) from None

    def steps(self, selection: Iterable[tuple[int, StepEntry]] | None = None) -> Iterator[tuple[int, StepDocument]]:
        """Yield position and step: all, or those of a selection in rising order; only what is needed is read."""
        # A step may be large: while whoever draws it works on it, nothing here holds its text.
        return map(_parsed, self.texts(selection))

    def texts(self, selection: Iterable[tuple[int, StepEntry]] | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield position and JSON of the same steps; ``step_of`` reads it."""
        return self._read(enumerate(self.entries()) if selection is None else selection)

    def _read(self, selection: Iterable[tuple[int, StepEntry]]) -> Iterator[tuple[int, bytes]]:
        if self.stored.upload is None:
            inline = self.stored.steps or ()
            for position, _ in selection:
                yield position, bytes(inline[position])
            return
        key = keys.record_steps(self.workflow_id, self.execution_id, self.stored.upload)
        yield from read_steps(self._objects, key, selection)


def _parsed(step: tuple[int, bytes]) -> tuple[int, StepDocument]:
    position, text = step
    return position, step_of(text, position)


def step_of(text: bytes, position: int) -> StepDocument:
    """Read the JSON of a stored step; ``position`` counts from 0. Raises DamagedRecord where it is none."""
    # How deep it is nested, and how much it holds, was looked at when it was accepted.
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise damaged(str(error)) from None
    return read_step(value, position)


def _object(
    draft: Draft,
    accepted_at: datetime,
    moment: datetime | None,
    lack: Lack,
    inline: list[Raw] | None = None,
    upload: str | None = None,
) -> RecordObject:
    return RecordObject(
        digest=draft.digest,
        accepted_at=accepted_at,
        moment=moment or accepted_at,
        header=Raw(jsontext.encode(draft.header.raw)),
        step_count=draft.index.count,
        size=draft.size,
        by_status=draft.by_status,
        steps=inline,
        upload=upload,
        told=lack.told,
        completes=lack.completes,
    )


class Records:
    """The records of all executions."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def write(
        self,
        header: HeaderDocument,
        steps: Iterable[StepDocument],
        *,
        moment: datetime | None,
        confirm: Callable[[], datetime],
        lack: Lack = _NOTHING,
    ) -> Written:
        """Read a record and store it; see ``prepare`` and ``store``."""
        return self.store(self.prepare(header, steps, moment=moment, confirm=confirm, lack=lack))

    def prepare(
        self,
        header: HeaderDocument,
        steps: Iterable[StepDocument],
        *,
        moment: datetime | None,
        confirm: Callable[[], datetime],
        lack: Lack = _NOTHING,
    ) -> Prepared:
        """Read a record to its end and upload the steps of a large one; nothing that can be seen is stored yet.

        ``confirm`` is called when all steps have been read: it returns the time at which the record is accepted, or
        refuses it by raising. That time names the archives where there is no ``moment``.
        """
        # What is stored must be readable: the whole header may be nested deeper than each of its members was.
        jsontext.decode(jsontext.encode(header.raw), where="record")
        draft = Draft(header)
        lines = draft.encode(steps)
        head, whole = take(lines, INLINE_LIMIT)
        if whole:
            stored = _object(draft, confirm(), moment, lack, inline=[Raw(line[:-1]) for line in head])
            return Prepared(Record(stored, self._objects), None)
        return self._prepare_large(draft, chain(head, lines), moment, confirm, lack)

    def _prepare_large(
        self,
        draft: Draft,
        lines: Iterator[bytes],
        moment: datetime | None,
        confirm: Callable[[], datetime],
        lack: Lack,
    ) -> Prepared:
        header = draft.header.header
        note = uploads.begin(self._objects, header.workflow.id, header.execution.id)
        uploaded = False
        try:
            self._objects.put_stream(note.steps_key, join(lines), content_type="application/x-ndjson")
            accepted_at = confirm()
            self._objects.put_stream(note.index_key, draft.index.finish())
            uploaded = True
        finally:
            if not uploaded:
                uploads.drop(self._objects, note)
        return Prepared(Record(_object(draft, accepted_at, moment, lack, upload=note.upload), self._objects), note)

    def store(self, prepared: Prepared) -> Written:
        """Store what was prepared, which makes the record exist. One that is there already stays as it is."""
        # Where the answer to this is lost, the record may well exist: what it is made of stays, whatever is raised.
        written = self._create(prepared.record)
        if prepared.note is not None:
            if written.record.stored.upload == prepared.note.upload:
                uploads.end(self._objects, prepared.note)
            else:
                uploads.drop(self._objects, prepared.note)
        return written

    def _create(self, record: Record) -> Written:
        digest = record.stored.digest
        try:
            key = keys.record(record.workflow_id, record.execution_id, digest)
            self._objects.put_if(key, jsontext.encode(record.stored), etag=None)
        except ObjectExists:
            return Written(self.read(record.workflow_id, record.execution_id, digest), created=False)
        return Written(record, created=True)

    def read(self, workflow_id: str, execution_id: str, digest: str) -> Record:
        """Open a stored record. Raises NotFound where it was deleted or never stored."""
        try:
            data = self._objects.get(keys.record(workflow_id, execution_id, digest)).data
        except ObjectNotFound:
            raise NotFound(f"The execution {execution_id!r} is not stored (any more).") from None
        return self.open(data)

    def open(self, data: bytes) -> Record:
        """Open a record from the bytes of its header object. Raises DamagedRecord where they are none."""
        try:
            stored = msgspec.json.decode(data, type=ready(RecordObject))
        except (msgspec.DecodeError, RecursionError) as error:
            raise damaged(str(error)) from None
        return Record(stored, self._objects)

    def newest(self, workflow_id: str, execution_id: str) -> Record:
        """Open the revision of an execution that was accepted last. Raises NotFound where there is none."""
        prefix = keys.execution_prefix(workflow_id, execution_id)
        names = [found.key for found in self._objects.list(prefix) if keys.is_record(found.key)]
        revisions = [self.open(self._objects.get(name).data) for name in names]
        if not revisions:
            raise NotFound(
                f"There is no completed execution {execution_id!r} of the workflow {workflow_id!r}.",
                remedy="Check both ids; an execution can be exported once its completed event was accepted.",
            )
        return max(revisions, key=lambda record: (record.stored.accepted_at, record.stored.digest))
