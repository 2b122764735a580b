"""``python -m bench [--quick] [--only NAME …] [--write]`` runs the measurements, one at a time."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

from bench import fairness, growth, latency, listing, memory, pipeline, scaling, startup, throughput
from bench.figures import Figure, Lab
from bench.goals import GOALS
from bench.machine import machine, versions
from bench.report import Results, table, write

MEASUREMENTS: Final[Mapping[str, Callable[[Lab], Iterator[Figure]]]] = {
    "latency": latency.run,
    "throughput": throughput.run,
    "pipeline": pipeline.run,
    "growth": growth.run,
    "scaling": scaling.run,
    "fairness": fairness.run,
    "listing": listing.run,
    "startup": startup.run,
    "memory": memory.run,
}


def main() -> int:
    """Run measurements. A goal that is missed is shown, and is no failure; what cannot be measured is one."""
    chosen = _arguments()
    signal.signal(signal.SIGTERM, _stop)
    figures: dict[str, Figure] = {}
    for name in chosen.only or MEASUREMENTS:
        figures.update((figure.key, figure) for figure in _run(name, quick=chosen.quick))
    _say(f"\n{table(figures.values())}")
    if chosen.write:
        today = datetime.now(UTC).date()
        write(Results(machine(), versions(), figures, dict.fromkeys(figures, today)))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="as little as shows that all of it works; no figures")
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, metavar="NAME", help=", ".join(MEASUREMENTS))
    parser.add_argument(
        "--write",
        action="store_true",
        help="write bench/results.json, the charts and README's table; figures that are not measured now stay",
    )
    chosen = parser.parse_args()
    if chosen.quick and chosen.write:
        parser.error("--quick measures nothing that is worth writing down")
    return chosen


def _run(name: str, *, quick: bool) -> list[Figure]:
    _say(f"{name} …")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="runfolio-bench-", ignore_cleanup_errors=True) as folder:
        figures = list(MEASUREMENTS[name](Lab(Path(folder), quick)))
    for figure in figures:
        _say(f"  {figure.key} {figure.value:.3g} (goal {GOALS[figure.key].text})")
    _say(f"  took {time.monotonic() - began:.0f} s")
    return figures


def _stop(number: int, _: FrameType | None) -> None:
    """End as Ctrl-C does: through every block that stops what it has started."""
    raise SystemExit(128 + number)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 # printing figures is what a measurement is for


if __name__ == "__main__":
    sys.exit(main())
