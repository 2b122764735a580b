"""What a second worker process adds: a queue that is full, drained by one process and by as many as there are cores."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import count
from typing import Final

from bench.chaos.rig import Rig
from bench.figures import Figure, Lab, Round, ratio_of
from bench.site import PUBLISHED, client_at, heard, listening, running_site
from bench.workload import event, record

ROUNDS: Final = 5
STEPS: Final = 20


def run(lab: Lab) -> Iterator[Figure]:
    """Fill the queue while no worker runs, then let workers in, each with one process, and time the middle of it."""
    cores = lab.size(os.cpu_count() or 1, 2)
    exports = lab.size(300, 8)
    numbers = count()
    rounds = []
    with running_site(lab, workers=cores, processes=1, with_floor=False) as rig:
        workers = rig.names("worker")
        for worker in workers:
            rig.stop(worker)
        for _ in range(lab.size(ROUNDS, 1)):
            one = _drained(rig, workers[:1], numbers, exports)
            all_of_them = _drained(rig, workers, numbers, exports)
            rounds.append(Round([all_of_them], [cores * one]))
    yield ratio_of(
        "scaling_efficiency", ("all", "one times all"), rounds, 0.5, "exports a second", {"worker processes": cores}
    )


def _drained(rig: Rig, workers: list[str], numbers: Iterator[int], exports: int) -> float:
    """Return exports a second, from the first that is published to the last: how long workers start is not counted."""
    with client_at(rig.url, rig.token) as client:
        for _ in range(exports):
            number = next(numbers)
            client.send(event(number, {**record(number, STEPS), "export": {"format": "html"}}))
    with listening(rig, PUBLISHED["product"]) as published:
        rig.start(*workers)
        # The first ones warm each process up, and tell that all of them work.
        for _ in range(exports // 4):
            heard(published)
        began = time.perf_counter()
        for _ in range(exports - exports // 4):
            heard(published)
        took = time.perf_counter() - began
    for worker in workers:
        rig.stop(worker)
    return (exports - exports // 4) / took
