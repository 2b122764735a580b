"""``python -m bench.distance 0 5 20 [--quick]``: one export at a time, with a store that is so many milliseconds away.

A store on the same machine answers within a millisecond or two, and an export's time is that of processors. Amazon's
takes ten to thirty: then it is that of the requests which wait for each other.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final

from bench.figures import Lab
from bench.latency import of_floor, of_product
from bench.site import PUBLISHED, Client, Floor, client_at, listening, running_site
from bench.workload import event

_EXPORTS: Final = 100
_HEAD: Final = (
    "| A request to the store takes longer by | Floor | To the link | Over the floor | To the 202 |\n"
    "| --- | --- | --- | --- | --- |"
)


def row(lab: Lab, distance_ms: float) -> str:
    """Measure at one distance: medians, in milliseconds."""
    numbers = count()
    with (
        running_site(lab, distance=distance_ms / 1000) as rig,
        client_at(rig.url, rig.token) as client,
        listening(rig, PUBLISHED["floor"]) as floor_says,
    ):
        floor = Floor(rig)
        of_floor(floor, floor_says, numbers, lab.size(30, 2))
        of_product(client, numbers, lab.size(30, 2))
        exports = lab.size(_EXPORTS, 3)
        floors = of_floor(floor, floor_says, numbers, exports)
        links = of_product(client, numbers, exports)
        accepts = _accepted(client, numbers, exports)
    ratio = median(links) / median(floors)
    times = f"{median(floors):.1f} ms | {median(links):.1f} ms | {ratio:.2f} | {median(accepts):.1f} ms"
    return f"| {distance_ms:g} ms | {times} |"


def _accepted(client: Client, numbers: Iterator[int], exports: int) -> list[float]:
    took = []
    for _ in range(exports):
        body = event(next(numbers))
        began = time.perf_counter()
        export = client.send(body)
        took.append((time.perf_counter() - began) * 1000)
        client.ready(export)
    return took


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.distance", description=__doc__)
    parser.add_argument("distances", nargs="+", type=float, metavar="MS", help="how much longer a request takes")
    parser.add_argument("--quick", action="store_true", help="a few exports, for breakage alone")
    chosen = parser.parse_args()
    print(_HEAD)  # noqa: T201 # printing figures is what a measurement is for
    for distance in chosen.distances:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            print(row(Lab(Path(folder), quick=chosen.quick), distance), flush=True)  # noqa: T201 # as above


if __name__ == "__main__":
    main()
