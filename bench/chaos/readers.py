"""Clients that ask quick questions all the time, to see whether and how fast they are answered."""

from __future__ import annotations

import statistics
import threading
import time
from collections import Counter
from typing import Self

import httpx

from bench.chaos.load import WORKFLOW
from bench.chaos.rig import Rig

_PATHS = (f"/v1/exports?workflow={WORKFLOW}&limit=20", "/v1/workflows", "/healthz")


class Readers:
    """Threads that read within the block.

    ``failed`` counts answers other than 200 by status, ``moved`` connections that broke and were made anew; ``seconds``
    are the times of the answers.
    """

    def __init__(self, rig: Rig, count: int, pause: float = 0.05) -> None:
        self.seconds: list[float] = []
        self.failed: Counter[int] = Counter()
        self.moved = 0
        self._rig = rig
        self._pause = pause
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def answered(self) -> int:
        """How many questions were answered."""
        return len(self.seconds)

    @property
    def slowest(self) -> float:
        """The slowest answer, in seconds."""
        return max(self.seconds, default=0.0)

    @property
    def typical(self) -> float:
        """The median answer, in seconds."""
        return statistics.median(self.seconds) if self.seconds else 0.0

    def _work(self) -> None:
        with self._rig.client(timeout=30) as client:
            number = 0
            while not self._stop.is_set():
                number += 1
                self._ask(client, _PATHS[number % len(_PATHS)])
                self._stop.wait(self._pause)

    def _ask(self, client: httpx.Client, path: str) -> None:
        began = time.monotonic()
        try:
            answer = client.get(path)
        except httpx.TransportError:
            self.moved += 1
            return
        self.seconds.append(time.monotonic() - began)
        if answer.status_code != 200:
            self.failed[answer.status_code] += 1
