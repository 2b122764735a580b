"""Keeps nothing longer than the settings say: links, archives, records, audit; no archive that nobody can reach."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, islice, takewhile
from typing import Final, ParamSpec

from producer.contract import keys
from producer.contract.audit import BATCH_SPAN
from producer.contract.board import Board
from producer.contract.errors import RunfolioError, Unavailable
from producer.contract.export import Facts, Pending, State
from producer.contract.listing import read_started, summary_of_record, summary_of_started
from producer.contract.objects import ObjectStore
from producer.contract.outbox import Outbox, Settled
from producer.contract.records import Records
from producer.contract.redaction.identity import Mode
from producer.contract.redaction.redactor import Redactor
from producer.contract.shown import ShownRecord
from producer.contract.views import settled_view
from worker.pipeline import utc_now
from worker.slices import Passes, pause_for

log = logging.getLogger(__name__)

P = ParamSpec("P")

_UNMASKED: Final = Redactor(Mode.OFF)  # What is deleted is not shown; only its ids and its digest are of interest.
_BATCH: Final = 1_000
"""Objects whose time has passed and that are deleted together: records are looked up among the pending exports."""


@dataclass
class Retention:
    """Walks over exports and records from time to time and ends what has had its time."""

    objects: ObjectStore
    records: Records
    outbox: Outbox
    board: Board
    link_ttl: timedelta
    archive_ttl: timedelta | None
    record_ttl: timedelta | None
    audit_ttl: timedelta | None
    now: Callable[[], datetime] = utc_now
    clock: Callable[[], float] = time.monotonic
    _passes: Passes = field(init=False)

    def __post_init__(self) -> None:
        pause = pause_for(self.link_ttl, self.archive_ttl, self.record_ttl, self.audit_ttl)
        self._passes = Passes(self._steps, pause, self.clock)

    def work(self, seconds: float) -> None:
        """Go on for a while. Raises Unavailable; the pass then starts anew the next time."""
        self._passes.work(seconds)

    def _steps(self) -> Iterator[None]:
        # An export's keys share a folder, and a listing never comes back to a folder that it has left.
        for export_id, found in groupby(self.objects.list(keys.EXPORTS), lambda one: one.key.split("/")[1]):
            self._careful(self._export, export_id, [one.key for one in found])
            yield
        if self.record_ttl is not None:
            yield from self._old_records(self.record_ttl)
        if self.audit_ttl is not None:
            yield from self._old_audit(self.audit_ttl)

    def _careful(self, act: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Do something with one object; a damaged one must not keep all the others from having their end."""
        try:
            act(*args, **kwargs)
        except Unavailable:
            raise
        except RunfolioError as error:
            log.warning("left as it is", extra={"reason": error.detail})

    def _export(self, export_id: str, found: list[str]) -> None:
        settled = self.outbox.settled(export_id)
        if settled is not None:
            self._expire(settled)
        archives = [key for key in found if keys.is_archive(key)]
        if archives:
            used = self._archive_in_use(export_id)
            self.objects.delete([key for key in archives if key != used])

    def _expire(self, settled: Settled) -> None:
        """Write down that a link has expired, and bring the board to what storage says."""
        facts, now = settled.facts, self.now()
        view, generation = settled_view(facts, now), facts.pending.generation
        if facts.status is not State.READY or (view.status is State.READY and not self._outlived(facts)):
            self.board.exports.restore(view, generation)
            return
        expired = facts.replace(status=State.EXPIRED)
        if self.outbox.settle(expired, settled):
            self.board.exports.announce(settled_view(expired, now), generation)
            log.info("export expired", extra={"export": facts.pending.id})

    def _outlived(self, facts: Facts) -> bool:
        return self.archive_ttl is not None and self.now() - facts.settled_at > self.archive_ttl

    def _archive_in_use(self, export_id: str) -> str | None:
        """Tell the key of the one archive that may be reached: others are of lost attempts and revoked links.

        A nonce is never used again once its generation is over, so what is found unused stays unused.
        """
        current = self.outbox.current(export_id)
        if current is None or isinstance(current, Pending):
            return current.archive_key if current else None
        kept = current.facts.archive is not None and not self._outlived(current.facts)
        return current.facts.pending.archive_key if kept else None

    def _old_audit(self, ttl: timedelta) -> Iterator[None]:
        """Delete the batches of the audit log whose last entry has had its time: the first ones, in order."""
        dated = ((moment, one.key) for one in self.objects.list(keys.AUDIT) if (moment := keys.audit_moment(one.key)))
        old = takewhile(lambda batch: self.now() - batch[0] > ttl + BATCH_SPAN, dated)
        while doomed := [key for _, key in islice(old, _BATCH)]:
            self.objects.delete(doomed)
            log.info("audit batches deleted", extra={"count": len(doomed)})
            yield

    def _old_records(self, ttl: timedelta) -> Iterator[None]:
        doomed: list[str] = []
        for found in self.objects.list(keys.EXECUTIONS):
            ends = keys.is_record(found.key) or keys.is_started(found.key)
            if ends and self.now() - found.modified_at > ttl:
                doomed.append(found.key)
            if len(doomed) == _BATCH:
                yield from self._forget_unneeded(doomed)
                doomed.clear()
            yield
        yield from self._forget_unneeded(doomed)

    def _forget_unneeded(self, doomed: list[str]) -> Iterator[None]:
        """Delete records and started events, but for records that accepted exports are still to be made of."""
        needed: set[str] = set()
        for waiting in self.outbox.all_pending() if doomed else ():
            pending = self.outbox.pending(waiting.export_id, waiting.generation)
            if pending is not None:
                needed.add(keys.record(pending.workflow.id, pending.execution.id, pending.digest))
            yield
        for key in doomed:
            if key not in needed:
                self._careful(self._forget, key)
                yield

    def _forget(self, key: str) -> None:
        """Delete a record, its header first, for that makes it exist; or the note that an execution has started."""
        data = self.objects.get(key).data
        record = self.records.open(data) if keys.is_record(key) else None
        summary = (
            summary_of_record(ShownRecord(record, _UNMASKED))
            if record
            else summary_of_started(read_started(data), _UNMASKED)
        )
        self.objects.delete([key])
        if record is not None and record.stored.upload is not None:
            place = record.workflow_id, record.execution_id, record.stored.upload
            self.objects.delete([keys.record_steps(*place), keys.record_index(*place)])
        if record is not None and record.stored.told is not None:
            self.objects.delete([keys.fetched(record.workflow_id, record.execution_id, record.stored.digest)])
        listed = self.board.executions.find(summary.workflow_id, summary.execution_id)
        if listed is not None and listed.digest == summary.digest:
            self.board.executions.forget(summary.workflow_id, summary.execution_id)
        log.info("record deleted", extra={"key": key})
