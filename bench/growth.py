"""Time a step costs, in archives of few steps and of very many."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Final

from bench.figures import Figure, Lab, Spread
from bench.pipeline import Product
from producer.contract.export import Format

SIZES: Final = (10, 100, 1_000, 10_000, 100_000)
STEP_BYTES: Final = 1_000
_STEPS_A_ROUND: Final = 2_000


def run(lab: Lab) -> Iterator[Figure]:
    """Make archives of each size, in turn; a small one as often as it takes for the clock to be fine enough."""
    product = Product(lab.folder / "records")
    sizes = SIZES[: lab.size(5, 3)]
    records = {steps: product.stored(steps, steps, STEP_BYTES) for steps in sizes}
    took: dict[int, list[float]] = {steps: [] for steps in sizes}
    for _ in range(lab.size(5, 1)):
        for steps, stored in records.items():
            times = max(1, _STEPS_A_ROUND // steps)
            began = time.process_time()
            for _ in range(times):
                product.archive(stored, Format.HTML)
            took[steps].append((time.process_time() - began) / times / steps * 1e6)
    typical = {steps: statistics.median(of_size) for steps, of_size in took.items()}
    yield Figure(
        "cost_growth",
        round(max(typical.values()) / min(typical.values()), 3),
        "microseconds a step",
        samples={f"{steps} steps": (Spread.of(of_size),) for steps, of_size in took.items()},
    )
