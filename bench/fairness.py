"""Small exports while two of 1 GB are being made, and while none is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import count

from bench.chaos.rig import Rig
from bench.figures import Figure, Lab, Round, ratio_of
from bench.site import Client, client_at, running_site
from bench.workload import NDJSON, event, lines

ROUNDS = 5
LARGE = 2
_WAKING = 3
_BEGUN_WITHIN = 120.0


def run(lab: Lab) -> Iterator[Figure]:
    """Time small exports alone; then start the large ones, wait until both are under way, and time small ones again."""
    exports = lab.size(200, 5)
    numbers = count(1)
    with running_site(lab, with_floor=False, divided=True) as rig, client_at(rig.url, rig.token) as client:
        _small(client, numbers, lab.size(20, 2))
        rounds: list[Round] = []
        large: list[str] = []
        for _ in range(lab.size(ROUNDS, 1)):
            alone = _small(client, numbers, exports)
            large = _export_again(rig, large) if large else _send_large(rig, numbers, lab.size(100_000, 3_000))
            _await_begun(client, large)
            beside = _small(client, numbers, exports)
            _require_unfinished(client, large, lab)
            rounds.append(Round(beside, alone))
            for one in large:
                rig.client().delete(f"/v1/exports/{one}").raise_for_status()
            time.sleep(lab.size(5, 1))
    yield ratio_of("fairness_p99_ratio", ("beside", "alone"), rounds, 0.99, "ms")


def _small(client: Client, numbers: Iterator[int], exports: int) -> list[float]:
    """Time some, after a few that wake the machine: the first after a pause takes several times as long."""
    for _ in range(_WAKING):
        client.ready(client.send(event(next(numbers))))
    took = []
    for _ in range(exports):
        body = event(next(numbers))
        began = time.perf_counter()
        client.ready(client.send(body))
        took.append((time.perf_counter() - began) * 1000)
    return took


def _send_large(rig: Rig, numbers: Iterator[int], steps: int) -> list[str]:
    sent: list[str] = []

    def send(number: int) -> None:
        with client_at(rig.url, rig.token) as client:
            sent.append(client.send(lines(number, steps, 10_000, export={"format": "html"}), NDJSON))

    threads = [threading.Thread(target=send, args=(next(numbers),)) for _ in range(LARGE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sent


def _export_again(rig: Rig, large: list[str]) -> list[str]:
    """Ask for the large exports anew, which were deleted while they were being made."""
    client = rig.client()
    exports = [client.get(f"/v1/exports/{one}").json() for one in large]
    places = [f"/v1/workflows/{one['workflow']['id']}/executions/{one['execution']['id']}/exports" for one in exports]
    return [client.post(place, json={"format": "html"}).raise_for_status().json()["id"] for place in places]


def _await_begun(client: Client, large: list[str]) -> None:
    """Wait until every large export is being made, or waits for one that is, where there are fewer places for them."""
    deadline = time.monotonic() + _BEGUN_WITHIN
    while not any(client.get(f"/v1/exports/{one}")["status"] == "running" for one in large):
        if time.monotonic() > deadline:
            raise SystemExit("No large export was begun.")
        time.sleep(0.05)
    time.sleep(1)


def _require_unfinished(client: Client, large: list[str], lab: Lab) -> None:
    statuses = [client.get(f"/v1/exports/{one}")["status"] for one in large]
    if not lab.quick and not any(status == "running" for status in statuses):
        raise SystemExit(f"The large exports ended too early: {statuses}")
