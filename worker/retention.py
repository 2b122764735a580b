"""Keeps nothing longer than the settings say: links, archives, records."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from producer.contract import keys
from producer.contract.board import Board
from producer.contract.export import State
from producer.contract.objects import ObjectStore
from producer.contract.outbox import Outbox, Settled
from producer.contract.records import Records
from producer.contract.views import settled_view
from worker.pipeline import utc_now
from worker.slices import go_on

log = logging.getLogger(__name__)

PAUSE: Final = 300.0
"""Seconds between two passes over everything."""


@dataclass
class Retention:
    """Walks over exports and records from time to time and ends what has had its time."""

    objects: ObjectStore
    records: Records
    outbox: Outbox
    board: Board
    archive_ttl: timedelta | None
    record_ttl: timedelta | None
    _work: Iterator[None] | None = None
    _next: float = 0.0

    def work(self, seconds: float) -> None:
        """Go on for a while. Raises Unavailable."""
        if self._work is None and time.monotonic() >= self._next:
            self._work = self._steps()
        if self._work is not None and go_on(self._work, seconds):
            self._work = None
            self._next = time.monotonic() + PAUSE

    def _steps(self) -> Iterator[None]:
        for settled in self.outbox.all_facts():
            self._export(settled)
            yield
        if self.record_ttl is not None:
            for found in self.objects.list(keys.EXECUTIONS):
                if keys.is_record(found.key) and utc_now() - found.modified_at > self.record_ttl:
                    self._forget_record(found.key)
                yield

    def _export(self, settled: Settled) -> None:
        facts, now = settled.facts, utc_now()
        view = settled_view(facts, now)
        outlived = self.archive_ttl is not None and now - facts.settled_at > self.archive_ttl
        if facts.status is State.READY and (view.status is State.EXPIRED or outlived):
            expired = facts.replace(status=State.EXPIRED)
            if self.outbox.settle(expired, settled):
                self.board.exports.announce(settled_view(expired, now), facts.pending.generation)
                log.info("export expired", extra={"export": facts.pending.id})
        if facts.archive is not None and facts.status is State.EXPIRED and outlived:
            self.objects.delete([facts.pending.archive_key])

    def _forget_record(self, key: str) -> None:
        """Delete a record: its header first, for that makes it exist."""
        record = self.records.open(self.objects.get(key).data)
        upload = record.stored.upload
        self.objects.delete([key])
        if upload is not None:
            place = record.workflow_id, record.execution_id, upload
            self.objects.delete([keys.record_steps(*place), keys.record_index(*place)])
        self.board.executions.forget(record.workflow_id, record.execution_id)
        log.info("record deleted", extra={"key": key})
