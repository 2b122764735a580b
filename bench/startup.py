"""How long ``runfolio up`` takes until it says that it is ready, on an empty folder."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from bench.figures import Figure, Lab, Spread


def run(lab: Lab) -> Iterator[Figure]:
    """Start and stop it some times."""
    took = [_once(lab, number) for number in range(lab.size(5, 1))]
    yield Figure("startup_s", round(statistics.median(took), 2), "s", samples={"up": (Spread.of(took),)})


def _once(lab: Lab, number: int) -> float:
    command = [sys.executable, "-m", "runfolio", "up", "--port", "0", "--data-dir", str(lab.folder / f"up-{number}")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RUNFOLIO_")}
    began = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 # the command is written above
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None  # noqa: S101 # a pipe was asked for
            said = next((line for line in process.stdout if "is ready" in line), None)
            took = time.perf_counter() - began
        finally:
            process.send_signal(signal.SIGTERM)
        if said is None:
            raise SystemExit("runfolio up ended before it was ready.")
        process.stdout.read()
    return took
