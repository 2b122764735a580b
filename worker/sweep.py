"""The sweeper: puts forgotten pending exports back into the queue, and lets the slow housekeeping go on in slices.

Storage is the truth. What is pending there, and neither queued nor being made by the board's word, was forgotten: its
message or its worker died, or the board was lost. One sweeper works at a time; the others stand by.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from producer.contract import callbacks
from producer.contract.board import Board
from producer.contract.errors import RunfolioError, Unavailable
from producer.contract.export import Pending, State
from producer.contract.objects import ObjectStore
from producer.contract.outbox import Outbox, Waiting
from producer.contract.problem import NAMESPACE, Problem
from producer.contract.queue import Queue
from producer.contract.tasks import EXPORT_QUEUE
from producer.contract.views import pending_view, settled_view
from worker.pipeline import utc_now
from worker.rebuild import Rebuild
from worker.retention import Retention

log = logging.getLogger(__name__)

LOCK_TTL: Final = timedelta(seconds=30)
GRACE: Final = timedelta(seconds=3)
"""Time that an accepted export has to reach the queue, and a fetched message to become a lease."""

SLICE: Final = 1.0
"""Seconds of each round for the rebuild, and for retention."""

_CHUNK: Final = 500
_MARKS: Final = 10_000
_LONGEST_PAUSE: Final = 300.0
_CALLBACK_PAUSE: Final = 60.0


@dataclass
class Sweeper:
    """One sweeper; ``round`` is called again and again."""

    objects: ObjectStore
    outbox: Outbox
    board: Board
    queue: Queue
    owner: str
    max_attempts: int
    rebuild: Rebuild
    retention: Retention
    now: Callable[[], datetime] = utc_now
    clock: Callable[[], float] = time.monotonic
    _not_before: dict[str, float] = field(default_factory=dict)

    def round(self) -> bool:
        """Do one round; tell whether it was this sweeper's turn. Raises Unavailable."""
        if not self.board.queue.sweeper_lock(self.owner, LOCK_TTL):
            return False
        self._drop_stale_marks()
        self._put_back()
        self._call_back()
        self.rebuild.list_missed()
        self.rebuild.work(SLICE)
        self.retention.work(SLICE)
        return True

    def _drop_stale_marks(self) -> None:
        """Unmark what is marked as queued while its message is gone.

        The queue is first in, first out, so no message is older than its oldest.
        """
        watch = self.board.queue
        oldest = watch.oldest_queued(EXPORT_QUEUE)
        limit = (watch.now() if oldest is None else oldest) - int(GRACE.total_seconds() * 1000)
        stale = watch.marks_before(limit, _MARKS)
        if stale:
            watch.unmark(stale)
            log.info("queued marks without a message dropped", extra={"count": len(stale)})

    def _put_back(self) -> None:
        waiting = self.outbox.all_pending()
        while chunk := list(islice(waiting, _CHUNK)):
            ids = [one.export_id for one in chunk]
            busy = self.board.queue.marked(ids) | self.board.queue.leased(ids)
            for one in self._forgotten(chunk, busy):
                self._try_to_put_back(one)

    def _try_to_put_back(self, waiting: Waiting) -> None:
        try:
            self._put_back_one(waiting)
        except Unavailable:
            raise
        except RunfolioError as error:
            # One damaged entry must not keep all the others waiting.
            log.warning("export cannot be put back", extra={"export": waiting.export_id, "reason": error.detail})

    def _forgotten(self, chunk: list[Waiting], busy: set[str]) -> Iterator[Waiting]:
        newest = self.now() - GRACE
        for one in chunk:
            if one.export_id not in busy and one.since < newest and self._due(one.export_id):
                yield one

    def _due(self, export_id: str) -> bool:
        return self._not_before.get(export_id, 0.0) <= self.clock()

    def _put_back_one(self, waiting: Waiting) -> None:
        pending = self.outbox.pending(waiting.export_id, waiting.generation)
        if pending is None:
            return
        attempt = self.board.queue.attempt(pending.id)
        if attempt > self.max_attempts:
            self._give_up(pending, attempt - 1)
            return
        self._not_before[pending.id] = self.clock() + min(2.0 ** (attempt - 1), _LONGEST_PAUSE)
        marked_at = self.board.exports.queued(pending_view(pending), pending.generation)
        self.queue.export(pending, marked_at or self.board.queue.now())
        log.warning("export put back", extra={"export": pending.id, "attempt": attempt})

    def _give_up(self, pending: Pending, attempts: int) -> None:
        """Settle as failed what no worker brings to its end."""
        problem = Problem(
            f"{NAMESPACE}given-up",
            "The export was given up",
            422,
            f"{attempts} attempts to make the archive ended without a result: each time the worker died or the "
            "storage refused to work.",
            None,
            "Look into the workers' log for this export's id, then run 'runfolio retry', or export again.",
        )
        failed = pending.settle(State.FAILED, self.now(), error=problem)
        facts = self.outbox.conclude(failed, self.outbox.settled(pending.id))
        self.board.exports.announce(settled_view(facts, self.now()), facts.pending.generation, again=True)
        for entry in callbacks.entries(self.objects, pending.id):
            self.queue.callback(entry.export_id, entry.name)
        self.outbox.forget_pending(pending)
        self._not_before.pop(pending.id, None)
        log.error("export given up", extra={"export": pending.id, "attempts": attempts})

    def _call_back(self) -> None:
        """Queue the callbacks whose time has come, each at most once a minute."""
        now = self.clock()
        for entry in callbacks.due(self.objects, self.now()):
            name = f"{entry.export_id}/{entry.name}"
            if self._not_before.get(name, 0.0) <= now:
                self._not_before[name] = now + _CALLBACK_PAUSE
                self.queue.callback(entry.export_id, entry.name)
        self._not_before = {name: until for name, until in self._not_before.items() if until > now}
