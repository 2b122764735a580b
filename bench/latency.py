"""From an event to the published link, one export at a time: the floor's task, and the product's whole path."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count

from redis.client import PubSub

from bench.figures import Figure, Lab, Round, ratio_of
from bench.site import PUBLISHED, Client, Floor, client_at, heard, listening, running_site
from bench.workload import event, record

ROUNDS = 7


def run(lab: Lab) -> Iterator[Figure]:
    """Take turns, a block of exports each, on the same records."""
    block = lab.size(100, 4)
    with (
        running_site(lab) as rig,
        client_at(rig.url, rig.token) as client,
        listening(rig, PUBLISHED["floor"]) as floor_says,
    ):
        floor = Floor(rig)
        numbers = count()
        of_floor(floor, floor_says, numbers, lab.size(30, 2))
        of_product(client, numbers, lab.size(30, 2))
        rounds = [
            Round(of_product(client, numbers, block), of_floor(floor, floor_says, numbers, block))
            for _ in range(lab.size(ROUNDS, 1))
        ]
    for key, share in (("latency_p50_ratio", 0.5), ("latency_p99_ratio", 0.99)):
        yield ratio_of(key, ("product", "floor"), rounds, share, "ms")


def of_floor(floor: Floor, published: PubSub, numbers: Iterator[int], exports: int) -> list[float]:
    """Time exports of the floor, in milliseconds."""
    took = []
    for _ in range(exports):
        made = record(next(numbers))
        began = time.perf_counter()
        floor.delay(made)
        said = heard(published)
        took.append((time.perf_counter() - began) * 1000)
        if said["id"] != made["execution"]["id"]:
            raise SystemExit("The floor has published something else.")
    return took


def of_product(client: Client, numbers: Iterator[int], exports: int) -> list[float]:
    """Time exports of the product, in milliseconds."""
    took = []
    for _ in range(exports):
        body = event(next(numbers))
        began = time.perf_counter()
        client.ready(client.send(body))
        took.append((time.perf_counter() - began) * 1000)
    return took
