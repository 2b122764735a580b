"""``python -m bench.load`` holds the model of docs/scaling.md against this machine at 50, 70 and 90 % of its load.

Events arrive by chance (a Poisson process). The model is a queue for as many servers as there are cores, by the
approximation of Allen and Cunneen: who arrives waits ``C(c, u) / (c mu - lambda) * (ca^2 + cs^2) / 2``, where C is
Erlang's formula, and is served then. Its service time is that of the saturated machine: cores over exports a second.
"""

from __future__ import annotations

import math
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

from bench.chaos.rig import Rig
from bench.figures import Lab, percentile
from bench.parts import processor_ms
from bench.site import PUBLISHED, clients_of, heard, listening, running_site
from bench.throughput import of_product
from bench.workload import event

SHARES: Final = (0.5, 0.7, 0.9)
_SERVERS: Final = 2
_SENDERS: Final = 16
_SECONDS: Final = 20.0


class Measured(NamedTuple):
    """The times from an event's arrival to its publication at one load, and what the model says, in milliseconds."""

    share: float
    rate: float
    mean: float
    p50: float
    p99: float
    model: float


def waiting(rate: float, service: float, servers: int, variation: float = 1.0) -> float:
    """Return the mean wait in seconds; ``variation`` is that of arrivals and service, (ca^2 + cs^2) / 2."""
    load = rate * service / servers
    if load >= 1:
        return math.inf
    offered = rate * service
    terms = sum(offered**number / math.factorial(number) for number in range(servers))
    last = offered**servers / (math.factorial(servers) * (1 - load))
    return last / (terms + last) * service / (servers * (1 - load)) * variation


def measure(rig: Rig, numbers: Iterator[int], share: float, saturation: float, alone: float) -> Measured:
    """Send for a while at a share of the saturated rate. ``alone`` is the time of an export that waits for nobody."""
    rate = share * saturation
    chance = random.Random(int(share * 100))  # noqa: S311 # when events arrive, not a secret
    dues: list[float] = []
    while not dues or dues[-1] < _SECONDS:
        dues.append((dues[-1] if dues else 0.0) + chance.expovariate(rate))
    arrived: dict[str, float] = {}
    published: dict[str, float] = {}
    bodies = iter([(due, event(next(numbers))) for due in dues])
    began = time.perf_counter() + 0.2
    lock = threading.Lock()
    with clients_of(rig, _SENDERS) as clients, listening(rig, PUBLISHED["product"]) as told:

        def work(number: int) -> None:
            while True:
                with lock:
                    item = next(bodies, None)
                if item is None:
                    return
                time.sleep(max(0.0, began + item[0] - time.perf_counter()))
                arrived[clients[number].send(item[1])] = began + item[0]

        threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(_SENDERS)]
        for thread in threads:
            thread.start()
        for _ in dues:
            said = heard(told)
            published[said["id"]] = time.perf_counter()
        for thread in threads:
            thread.join()
    took = sorted((published[one] - at) * 1000 for one, at in arrived.items())
    model = alone + waiting(rate, _SERVERS / saturation, _SERVERS) * 1000
    return Measured(share, rate, statistics.mean(took), percentile(took, 0.5), percentile(took, 0.99), model)


def main() -> None:
    """Print a table."""
    numbers = count()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        lab = Lab(Path(folder), quick=False)
        with running_site(lab, with_floor=False) as rig:
            of_product(rig, numbers, 100)
            before = processor_ms(rig)
            saturation = statistics.median(of_product(rig, numbers, 300) for _ in range(3))
            cost = {name: (spent - before[name]) / 900 for name, spent in processor_ms(rig).items()}
            alone = measure(rig, numbers, 0.05, saturation, 0.0).mean
            found = [measure(rig, numbers, share, saturation, alone) for share in SHARES]
    _say(
        f"{saturation:.0f} exports a second at saturation; {alone:.1f} ms in the mean for one that waits for nobody.\n"
    )
    _say(f"Processor time of an export: {', '.join(f'{name} {each:.1f} ms' for name, each in cost.items())}.\n")
    _say("| Load | Events a second | Mean | Median | p99 | Mean by the model |\n| --- | --- | --- | --- | --- | --- |")
    for one in found:
        times = " | ".join(f"{value:.0f} ms" for value in (one.mean, one.p50, one.p99, one.model))
        _say(f"| {one.share:.0%} | {one.rate:.0f} | {times} |")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 # printing figures is what a measurement is for


if __name__ == "__main__":
    main()
