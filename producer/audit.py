"""The gateway's pen for the audit log: requests note what they did, and a thread of its own writes it in batches.

A request never waits for storage or broker here. What was noted and not written yet is lost with a process that is
killed: the last INTERVAL seconds, or more while storage does not take writes.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Final

from producer.contract.audit import BATCH_ENTRIES, Action, AuditEntry, Batch, Via, batch_of, fits
from producer.contract.board import Board
from producer.contract.errors import BrokerUnavailable, ObjectExists, StorageUnavailable
from producer.contract.export import Export
from producer.contract.objects import ObjectStore

log = logging.getLogger(__name__)

INTERVAL: Final = 2.0
"""Seconds after which what was noted is written; sooner where a batch is full."""

MOST_NOTED: Final = 20_000
"""Entries that wait to be written, some 10 MiB of memory. Where there are more, the oldest are dropped."""

LAST_WORDS: Final = 10.0
"""Seconds that a gateway which was told to stop has to write what is left."""


class AuditLog:
    """Who did what, on its way into storage. ``note`` may be called from any thread."""

    def __init__(self, objects: ObjectStore, board: Board, now: Callable[[], datetime]) -> None:
        self._objects = objects
        self._board = board
        self._now = now
        self._noted: deque[AuditEntry] = deque()
        self._dropped = 0
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._held: Batch | None = None
        self._due = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, action: Action, who: str, export: Export, via: Via | None = None) -> None:
        """Note that somebody did something with an export."""
        with self._lock:
            self._noted.append(
                AuditEntry(self._now(), action, who, export.id, export.workflow.id, export.execution.id, via)
            )
            if len(self._noted) > MOST_NOTED:
                self._noted.popleft()
                self._dropped += 1
            full = len(self._noted) >= BATCH_ENTRIES
        if full:
            self._due.set()

    def start(self, lost: Callable[[int], None]) -> None:
        """Begin to write in the background; ``lost`` is told how many entries were dropped or could not be written."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, args=[lost], name="audit", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is left and end, within LAST_WORDS."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            self._due.set()
            thread.join(LAST_WORDS)
            if thread.is_alive():
                log.error("audit entries lost, storage is too slow", extra={"count": self.waiting})

    @property
    def waiting(self) -> int:
        """How many entries are noted and not written yet."""
        held = self._held
        return len(self._noted) + (held.size if held else 0)

    def flush(self) -> None:
        """Write all that was noted until now. Raises StorageUnavailable; what is not written then is kept."""
        until = self._now()
        with self._writing:
            while (batch := self._held or self._cut(until)) is not None:
                # A batch keeps its name until it is written: an attempt that failed may have succeeded after all.
                self._held = batch
                self._write(batch)
                self._held = None

    def _run(self, lost: Callable[[int], None]) -> None:
        while not self._stopping.is_set():
            self._due.wait(INTERVAL)
            self._due.clear()
            if not self._flushed():
                self._stopping.wait(INTERVAL)
            self._own_up(lost)
        if not self._flushed():
            log.error("audit entries lost, storage is away", extra={"count": self.waiting})
            lost(self.waiting)
        self._own_up(lost)

    def _flushed(self) -> bool:
        try:
            self.flush()
        except StorageUnavailable as error:
            log.warning("audit entries wait for storage", extra={"count": self.waiting, "reason": error.detail})
            return False
        return True

    def _own_up(self, lost: Callable[[int], None]) -> None:
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        if dropped:
            log.error("audit entries dropped, too many wait for storage", extra={"count": dropped})
            lost(dropped)

    def _cut(self, until: datetime) -> Batch | None:
        """Take the next entries that make a batch; None where the next is newer than ``until``."""
        entries: list[AuditEntry] = []
        with self._lock:
            while self._noted and len(entries) < BATCH_ENTRIES:
                entry = self._noted[0]
                if entry.at > until or (entries and not fits(entry, entries[0])):
                    break
                entries.append(self._noted.popleft())
        return batch_of(entries) if entries else None

    def _write(self, batch: Batch) -> None:
        passed_in = self._passed_in(batch.key)
        try:
            self._objects.put_if(batch.key, batch.data, etag=None, content_type="application/x-ndjson")
        except ObjectExists:
            passed_in = None  # An earlier attempt has stored it, at a time that nobody knows.
        try:
            self._board.tallies.count(batch.key, batch.tally, passed_in=passed_in)
        except BrokerUnavailable as error:
            log.warning("broker is away, counting left to the sweeper", extra={"reason": error.detail})

    def _passed_in(self, key: str) -> str | None:
        """Tell the life of the board whose sweeper will not come across this name any more, if it is so.

        A batch is written that late where storage took no writes for long. If the broker is away then as well, its
        downloads are missing until the board is counted anew.
        """
        try:
            floor = self._board.tallies.floor()
        except BrokerUnavailable:
            return None
        return floor.life if floor.name is not None and key <= floor.name else None
