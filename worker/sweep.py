"""The sweeper: puts forgotten pending exports back into the queue, and lets the slow housekeeping go on in slices.

Storage is the truth. What is pending there, and neither queued nor being made by the board's word, was forgotten: its
message or its worker died, or the board was lost. One sweeper works at a time; the others stand by.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from producer.contract import callbacks
from producer.contract.board import Board, QueuedMark
from producer.contract.errors import RunfolioError, Unavailable
from producer.contract.export import Pending, State
from producer.contract.objects import ObjectStore
from producer.contract.outbox import Outbox, Waiting
from producer.contract.queue import Queue
from producer.contract.tasks import LARGE_QUEUES, SMALL_QUEUES
from producer.contract.views import pending_view, settled_view
from worker.counting import Counting
from worker.giving_up import given_up, pause_after, reason_to_give_up
from worker.orphans import Orphans
from worker.pipeline import utc_now
from worker.rebuild import Rebuild
from worker.reminding import Reminding
from worker.retention import Retention
from worker.strays import Strays

log = logging.getLogger(__name__)

LOCK_TTL: Final = timedelta(seconds=30)
GRACE: Final = timedelta(seconds=3)
"""Time that an accepted export has to reach the queue, and a fetched message to become a lease."""

SLICE: Final = 1.0
"""Seconds of each round for all housekeeping together: what was forgotten must be looked for again soon."""

_CHUNK: Final = 500
_MARKS: Final = 10_000
_REMEMBERED: Final = 60.0


@dataclass
class Sweeper:
    """One sweeper; ``round`` is called again and again."""

    objects: ObjectStore
    outbox: Outbox
    board: Board
    queue: Queue
    owner: str
    max_attempts: int
    reminding: Reminding
    rebuild: Rebuild
    counting: Counting
    retention: Retention
    orphans: Orphans
    strays: Strays
    now: Callable[[], datetime] = utc_now
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
    _not_before: dict[str, float] = field(default_factory=dict)
    _put_back_at: tuple[dict[str, int], dict[str, int]] = field(default_factory=lambda: ({}, {}))
    _next_job: int = 0
    _seen_settled: dict[str, float] = field(default_factory=dict)

    def round(self) -> bool:
        """Do one round; tell whether it was this sweeper's turn. Raises Unavailable."""
        if not self.board.queue.sweeper_lock(self.owner, LOCK_TTL):
            return False
        for large in (False, True):
            self._drop_stale_marks(large=large)
        self._put_back()
        self.rebuild.list_missed()
        self._keep_house()
        return True

    def _keep_house(self) -> None:
        """Let one job after the other go on; where the time ends, the next round begins with the next one."""
        jobs = (self.reminding, self.rebuild, self.counting, self.retention, self.orphans, self.strays)
        until = self.clock() + SLICE
        for _ in jobs:
            left = until - self.clock()
            if left <= 0:
                break
            job = jobs[self._next_job]
            self._next_job = (self._next_job + 1) % len(jobs)
            job.work(left)

    def _drop_stale_marks(self, *, large: bool) -> None:
        """Unmark what is marked as queued, among large or small exports, while its message is gone.

        A queue is first in, first out, so no message is older than its oldest. A mark may belong to either queue of its
        size, but for those of the exports that this sweeper has put back itself.
        """
        now, put_back_at = self.board.queue.now(), self._put_back_at[large]
        first, again = (self._oldest(queue, now) for queue in (LARGE_QUEUES if large else SMALL_QUEUES))
        stale = self.board.queue.marks_before(min(first, again), _MARKS, large=large)
        gone = {one: at for one, at in put_back_at.items() if at < again}
        stale += [QueuedMark(one, at) for one, at in gone.items() if at >= min(first, again)]
        dropped = self.board.queue.unmark(stale)
        for one in gone:
            del put_back_at[one]
        if dropped:
            log.info("queued marks without a message dropped", extra={"count": dropped})

    def _oldest(self, queue: str, now: int) -> int:
        """Tell the time before which no mark can have a message in a queue."""
        oldest = self.board.queue.oldest_queued(queue)
        return (now if oldest is None else oldest) - int(GRACE.total_seconds() * 1000)

    def _put_back(self) -> None:
        waiting = self.outbox.all_pending()
        while chunk := list(islice(waiting, _CHUNK)):
            ids = [one.export_id for one in chunk]
            busy = self.board.queue.marked(ids) | self.board.queue.leased(ids)
            for one in self._forgotten(chunk, busy):
                self._try_to_put_back(one)
        now = self.clock()
        self._not_before = {identity: until for identity, until in self._not_before.items() if until > now}
        self._seen_settled = {identity: until for identity, until in self._seen_settled.items() if until > now}

    def _try_to_put_back(self, waiting: Waiting) -> None:
        try:
            if not self._just_settled(waiting):
                self._put_back_one(waiting)
        except Unavailable:
            raise
        except RunfolioError as error:
            # One damaged entry must not keep all the others waiting.
            log.warning("export cannot be put back", extra={"export": waiting.export_id, "reason": error.detail})

    def _just_settled(self, waiting: Waiting) -> bool:
        """Tell whether the board has the end of an export that was not seen before.

        Whoever settled it is about to delete the entry. One that is still there the next time was left behind.
        """
        if waiting.export_id in self._seen_settled:
            return False
        known = self.board.exports.known(waiting.export_id)
        if known is None or not known.export.status.settled or known.generation != waiting.generation:
            return False
        self._not_before[waiting.export_id] = self.clock() + GRACE.total_seconds()
        self._seen_settled[waiting.export_id] = self.clock() + _REMEMBERED
        return True

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
        attempts = self.board.queue.attempt(pending.id)
        reason = reason_to_give_up(attempts, self.max_attempts, waiting.since, self.now())
        if reason is not None:
            self._give_up(pending, reason)
            return
        self._not_before[pending.id] = self.clock() + pause_after(attempts, self.chance)
        view = pending_view(pending)
        marked_at = self.board.exports.queued(view, pending.generation, large=pending.large) or self.board.queue.now()
        self.queue.put_back(pending, marked_at)
        self._put_back_at[pending.large][pending.id] = marked_at
        log.warning(
            "export put back",
            extra={"export": pending.id, "attempt": attempts.put_back, "handed_back": attempts.handed_back},
        )

    def _give_up(self, pending: Pending, reason: str) -> None:
        """Settle as failed what no worker brings to its end."""
        failed = pending.settle(State.FAILED, self.now(), error=given_up(reason))
        ended = self.outbox.sealed(pending) or failed
        facts = self.outbox.conclude(ended, self.outbox.settled(pending.id))
        self.board.exports.announce(settled_view(facts, self.now()), facts.pending.generation, again=True)
        for entry in callbacks.entries(self.objects, pending.id):
            self.queue.callback(entry.export_id, entry.name)
        self.outbox.forget_pending(pending)
        self._not_before.pop(pending.id, None)
        log.error("export given up", extra={"export": pending.id, "reason": reason})
