"""Removes what was begun and never came to its end: broken multipart uploads, and steps that no record names.

Nothing is touched before it is so old that whoever made it cannot be at it any more: a gateway ends an upload after
half of that time, and an export whose worker lives is left alone whatever its age.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from producer.contract import keys, uploads
from producer.contract.board import Board
from producer.contract.errors import ObjectNotFound, RunfolioError, Unavailable
from producer.contract.objects import ObjectStore
from producer.contract.records import Records
from producer.contract.uploads import UploadNote
from worker.pipeline import utc_now
from worker.slices import Passes, pause_for

log = logging.getLogger(__name__)


@dataclass
class Orphans:
    """Looks for orphans from time to time. ``ttl`` is the age at which something half-made is given up."""

    objects: ObjectStore
    records: Records
    board: Board
    ttl: timedelta
    now: Callable[[], datetime] = utc_now
    clock: Callable[[], float] = time.monotonic
    _passes: Passes = field(init=False)

    def __post_init__(self) -> None:
        self._passes = Passes(self._steps, pause_for(self.ttl), self.clock)

    def work(self, seconds: float) -> None:
        """Go on for a while. Raises Unavailable; the pass then starts anew the next time."""
        self._passes.work(seconds)

    def _steps(self) -> Iterator[None]:
        for prefix in (keys.EXECUTIONS, keys.EXPORTS):
            yield from self._broken_uploads(prefix)
        for note in uploads.noted_before(self.objects, self._limit()):
            self._careful(note)
            yield

    def _limit(self) -> datetime:
        return self.now() - self.ttl

    def _broken_uploads(self, prefix: str) -> Iterator[None]:
        for upload in self.objects.uploads(prefix):
            if upload.begun_at < self._limit() and not self._being_made(upload.key):
                self.objects.abort(upload)
                log.info("broken upload aborted", extra={"key": upload.key})
            yield

    def _being_made(self, key: str) -> bool:
        """Tell whether a worker that lives makes the export which an archive's key names."""
        return key.startswith(keys.EXPORTS) and bool(self.board.queue.leased([key.split("/")[1]]))

    def _careful(self, note: UploadNote) -> None:
        """Look at one upload; a damaged record must not keep all the others from being looked at."""
        try:
            self._look_at(note)
        except Unavailable:
            raise
        except RunfolioError as error:
            log.warning("upload left as it is", extra={"upload": note.upload, "reason": error.detail})

    def _look_at(self, note: UploadNote) -> None:
        if self._belongs_to_a_record(note):
            uploads.end(self.objects, note)
            return
        uploads.drop(self.objects, note)
        log.info("steps without a record removed", extra={"upload": note.upload})

    def _belongs_to_a_record(self, note: UploadNote) -> bool:
        for found in self.objects.list(keys.execution_prefix(note.workflow_id, note.execution_id)):
            if keys.is_record(found.key):
                try:
                    stored = self.records.open(self.objects.get(found.key).data).stored
                except ObjectNotFound:
                    continue  # Its time was over meanwhile, and it took its steps with it.
                if stored.upload == note.upload:
                    return True
        return False
