"""Rebuilds the board's listings from storage when the board was lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

import msgspec

from producer.contract import keys
from producer.contract.board import Board
from producer.contract.errors import RunfolioError, Unavailable
from producer.contract.listing import UnlistedObject, read_started, summary_of_record, summary_of_started
from producer.contract.objects import ObjectStore
from producer.contract.outbox import Outbox
from producer.contract.ready import ready
from producer.contract.records import Records
from producer.contract.redaction.redactor import Redactor
from producer.contract.shown import ShownRecord
from producer.contract.views import settled_view
from worker.pipeline import utc_now
from worker.slices import go_on

log = logging.getLogger(__name__)

_CHUNK: Final = 500


@dataclass
class Rebuild:
    """Reads all records and facts into a board that does not know them."""

    objects: ObjectStore
    records: Records
    outbox: Outbox
    board: Board
    redactor: Redactor
    now: Callable[[], datetime] = utc_now
    _work: Iterator[None] | None = None
    _token: str = ""

    def list_missed(self) -> None:
        """List what was stored while the broker was away. Raises Unavailable."""
        for found in self.objects.list(keys.UNLISTED):
            note = msgspec.json.decode(self.objects.get(found.key).data, type=ready(UnlistedObject))
            for kept in self.objects.list(keys.execution_prefix(note.workflow_id, note.execution_id)):
                self._execution(kept.key)
            self.objects.delete([found.key])

    def work(self, seconds: float) -> None:
        """Rebuild for a while where there is need to. Raises Unavailable."""
        if self.board.rebuild.complete():
            self._work = None
            return
        if self._work is None:
            self._token = self.board.rebuild.start()
            self._work = self._steps()
        # Work that fails is over, and what it had not come to is missing: it counts only once it came to its end.
        work, self._work = self._work, None
        if not go_on(work, seconds):
            self._work = work
        elif self.board.rebuild.finish(self._token):
            log.info("listings rebuilt from storage")

    def _steps(self) -> Iterator[None]:
        for found in self.objects.list(keys.EXECUTIONS):
            self._execution(found.key)
            yield
        for settled in self.outbox.all_facts():
            self.board.exports.restore(settled_view(settled.facts, self.now()), settled.facts.pending.generation)
            yield
        for prefix in (keys.CALLBACKS, keys.RECEIVERS):
            listed = self.objects.list(prefix)
            while chunk := list(islice(listed, _CHUNK)):
                self.board.callbacks.note({keys.callback_export(one.key) for one in chunk})
                yield

    def _execution(self, key: str) -> None:
        try:
            if keys.is_record(key):
                record = self.records.open(self.objects.get(key).data)
                self.board.executions.put(summary_of_record(ShownRecord(record, self.redactor)))
            elif keys.is_started(key):
                self.board.executions.put(summary_of_started(read_started(self.objects.get(key).data), self.redactor))
        except Unavailable:
            raise
        except RunfolioError as error:
            # It went away meanwhile, or is damaged: the listings are complete without it.
            log.warning("execution not listed", extra={"key": key, "reason": error.detail})
