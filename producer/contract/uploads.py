"""Notes of large records that are being stored: what an upload leaves behind that its gateway did not live to end.

A note is written before the first byte and deleted last. While it is there, nobody knows yet whether the objects of the
upload belong to a record; it names them, so that nobody needs to look for them among all others.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from datetime import datetime

import msgspec
from msgspec import Struct

from producer.contract import jsontext, keys
from producer.contract.errors import Unavailable
from producer.contract.objects import ObjectStore
from producer.contract.ready import ready

log = logging.getLogger(__name__)


class UploadNote(Struct, frozen=True):
    """That the steps of a record of this execution are being stored under the name ``upload``."""

    workflow_id: str
    execution_id: str
    upload: str

    @property
    def steps_key(self) -> str:
        """Where the steps lie."""
        return keys.record_steps(self.workflow_id, self.execution_id, self.upload)

    @property
    def index_key(self) -> str:
        """Where the index over the steps lies."""
        return keys.record_index(self.workflow_id, self.execution_id, self.upload)


def begin(objects: ObjectStore, workflow_id: str, execution_id: str) -> UploadNote:
    """Name a new upload and note that it begins."""
    note = UploadNote(workflow_id, execution_id, secrets.token_hex(16))
    objects.put(keys.upload(note.upload), jsontext.encode(note), content_type="application/json")
    return note


def drop(objects: ObjectStore, note: UploadNote) -> None:
    """Delete what an upload has stored, its note last: where the store fails in between, the sweeper goes on."""
    objects.delete([note.steps_key, note.index_key])
    end(objects, note)


def end(objects: ObjectStore, note: UploadNote) -> None:
    """Delete the note of an upload that is over; where the store does not answer, the sweeper will."""
    try:
        objects.delete([keys.upload(note.upload)])
    except Unavailable as error:
        log.warning("upload note left to the sweeper", extra={"upload": note.upload, "reason": error.detail})


def noted_before(objects: ObjectStore, moment: datetime) -> Iterator[UploadNote]:
    """Yield the notes written before a moment; of them, those that can be read."""
    for found in objects.list(keys.UPLOADS):
        if found.modified_at < moment:
            try:
                yield msgspec.json.decode(objects.get(found.key).data, type=ready(UploadNote))
            except msgspec.DecodeError as error:
                log.warning("upload note cannot be read", extra={"key": found.key, "reason": str(error)})
