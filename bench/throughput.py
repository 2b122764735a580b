"""Exports a second at saturation, and how long an event takes to be accepted at half of that."""

from __future__ import annotations

import queue
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import Any, Final

from bench.chaos.rig import Rig
from bench.figures import Figure, Lab, Round, ratio_of
from bench.floor import s3_client
from bench.site import PUBLISHED, Client, Floor, clients_of, heard, listening, running_site
from bench.workload import event, record
from runfolio.embedded.seaweedfs import BUCKET, REGION

ROUNDS: Final = 5
SENDERS: Final = 8


def run(lab: Lab) -> Iterator[Figure]:
    """Take turns in blocks: what was sent as fast as the side takes it, until the last of it is published."""
    exports = lab.size(800, 20)
    numbers = count()
    with running_site(lab) as rig:
        of_floor(rig, numbers, lab.size(100, 4))
        of_product(rig, numbers, lab.size(100, 4))
        rounds = [
            Round([of_product(rig, numbers, exports)], [of_floor(rig, numbers, exports)])
            for _ in range(lab.size(ROUNDS, 1))
        ]
        yield ratio_of("throughput_ratio", ("product", "floor"), rounds, 0.5, "exports a second")
        rate = statistics.median(one.under[0] for one in rounds) / 2
        accepts = [
            Round(_accepted(rig, numbers, rate, lab.size(300, 10)), _put(rig, numbers, lab.size(150, 10)))
            for _ in range(lab.size(ROUNDS, 1))
        ]
    yield ratio_of(
        "accept_p99_ratio", ("product", "put_object"), accepts, 0.99, "ms", {"events a second": round(rate, 1)}
    )


def of_floor(rig: Rig, numbers: Iterator[int], exports: int) -> float:
    """Return the floor's exports a second."""
    floors = [Floor(rig) for _ in range(SENDERS)]
    records = [record(next(numbers)) for _ in range(exports)]
    return _published(rig, "floor", [floor.delay for floor in floors], records)


def of_product(rig: Rig, numbers: Iterator[int], exports: int) -> float:
    """Return the product's exports a second."""
    events = [event(next(numbers)) for _ in range(exports)]
    with clients_of(rig, SENDERS) as clients:
        return _published(rig, "product", [client.send for client in clients], events)


def _published(rig: Rig, side: str, senders: Sequence[Callable[[Any], object]], items: Sequence[Any]) -> float:
    with listening(rig, PUBLISHED[side]) as published:
        began = time.perf_counter()
        threads = _sending(senders, items)
        for _ in items:
            heard(published)
        took = time.perf_counter() - began
    for thread in threads:
        thread.join()
    return len(items) / took


def _sending(senders: Sequence[Callable[[Any], object]], items: Sequence[Any]) -> list[threading.Thread]:
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for item in items:
        waiting.put(item)

    def work(send: Callable[[Any], object]) -> None:
        while True:
            try:
                item = waiting.get_nowait()
            except queue.Empty:
                return
            send(item)

    threads = [threading.Thread(target=work, args=(send,), daemon=True) for send in senders]
    for thread in threads:
        thread.start()
    return threads


def _accepted(rig: Rig, numbers: Iterator[int], rate: float, events: int) -> list[float]:
    """Send at a steady rate; a time counts from when the event was due, so that waiting for a sender counts too."""
    bodies = [event(next(numbers)) for _ in range(events)]
    took: list[float] = []
    began = time.perf_counter() + 0.1

    def deliver(client: Client, item: tuple[int, bytes]) -> None:
        due = began + item[0] / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        client.send(item[1])
        took.append((time.perf_counter() - due) * 1000)

    with clients_of(rig, SENDERS) as clients, listening(rig, PUBLISHED["product"]) as published:
        senders = [partial(deliver, client) for client in clients]
        threads = _sending(senders, list(enumerate(bodies)))
        for thread in threads:
            thread.join()
        for _ in bodies:
            heard(published)
    return took


def _put(rig: Rig, numbers: Iterator[int], puts: int) -> list[float]:
    s3 = s3_client(rig.addresses.seaweed.endpoint_url, REGION)
    took = []
    for _ in range(puts):
        number = next(numbers)
        body = event(number)
        began = time.perf_counter()
        s3.put_object(Bucket=BUCKET, Key=f"put/{number}.json", Body=body)
        took.append((time.perf_counter() - began) * 1000)
    s3.close()
    return took
