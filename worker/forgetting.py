"""Deletes the pending entries of settled exports, many in one request, a moment after they were settled.

By then the gateway has done what an event asks for, or was killed and leaves it to the worker.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Final

from producer.contract.errors import RunfolioError
from producer.contract.export import Pending
from producer.contract.outbox import Outbox
from worker.keeping import Keeping

log = logging.getLogger(__name__)

PAUSE: Final = 0.25
"""Seconds in which entries gather; far less than the grace that the sweeper gives whoever settles an export."""

_LAST_WORDS: Final = 5.0


Entry = tuple[Pending, str | None]


class Forgetting:
    """Takes entries from any thread. What a process that is killed has not deleted yet, the sweeper finds."""

    def __init__(self, outbox: Outbox, keeping: Keeping, sleep: Callable[[float], None] = time.sleep) -> None:
        self._outbox = outbox
        self._keeping = keeping
        self._sleep = sleep
        self._waiting: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="forgetting", daemon=True)
        self._thread.start()

    def later(self, pending: Pending, record: str | None = None) -> None:
        """Let an entry be deleted soon, once its execution is safe where the ``record`` rode in the task."""
        self._waiting.put((pending, record))

    def close(self) -> None:
        """Delete what is left."""
        self._waiting.put(None)
        self._thread.join(_LAST_WORDS)

    def _run(self) -> None:
        more = True
        while more:
            entries = [self._waiting.get()]
            if entries[0] is not None:
                self._sleep(PAUSE)
            while not self._waiting.empty():
                entries.append(self._waiting.get())
            more = None not in entries
            self._delete([entry for entry in entries if entry is not None])

    def _delete(self, entries: list[Entry]) -> None:
        try:
            self._keeping.keep(entries)
            self._outbox.forget_all(pending for pending, _ in entries)
        except RunfolioError as error:
            log.warning("pending entries left to the sweeper", extra={"count": len(entries), "reason": error.detail})
