"""A page of the executions of a workflow that has a million of them, and of one that has a hundred.

``python -m bench.listing 10000000`` takes ten million, or as many as it is told, and half a minute for each million.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.chaos.rig import Rig
from bench.figures import Figure, Lab, Round, ratio_of
from bench.report import table
from bench.site import Client, client_at, running_site
from producer.contract.board import Board, ExecutionSummary

ROUNDS: Final = 7
_STATUSES: Final = ("succeeded", "failed", "cancelled", "timed-out")
_BEGAN: Final = 1_767_225_600_000
_AT_ONCE: Final = 500


def run(lab: Lab, executions: int = 1_000_000) -> Iterator[Figure]:
    """Seed the index itself, as the gateway would fill it; then take turns asking for pages."""
    sizes = {"large": lab.size(executions, 2_000), "small": 100}
    with running_site(lab, with_floor=False) as rig, client_at(rig.url, rig.token) as client:
        began = time.perf_counter()
        for name, size in sizes.items():
            _seed(rig, name, size)
        seeded = time.perf_counter() - began
        pages = lab.size(200, 10)
        _pages(client, "large", pages), _pages(client, "small", pages)
        rounds = [
            Round(_pages(client, "large", pages), _pages(client, "small", pages)) for _ in range(lab.size(ROUNDS, 1))
        ]
        memory = rig.redis.info("memory")["used_memory"] / 2**20
    facts = {"executions": sizes["large"], "valkey_mib": round(memory), "seeded_s": round(seeded, 1)}
    yield ratio_of("listing_p99_ms_ratio", ("large", "small"), rounds, 0.99, "ms", facts)


def _pages(client: Client, workflow: str, pages: int) -> list[float]:
    took = []
    for _ in range(pages):
        began = time.perf_counter()
        page = client.get(f"/v1/workflows/{workflow}/executions?limit=50")
        took.append((time.perf_counter() - began) * 1000)
        if len(page["items"]) != 50:
            raise SystemExit(f"A page of {workflow} has {len(page['items'])} executions.")
    return took


def _seed(rig: Rig, workflow: str, size: int) -> None:
    """List executions by the board's own script, many in one round trip; the broker has to know it before."""
    rig.board.executions.put(_summary(workflow, 0))
    with rig.redis.pipeline(transaction=False) as pipeline:
        board = Board(pipeline)
        for number in range(size):
            board.executions.put(_summary(workflow, number))
            if number % _AT_ONCE == _AT_ONCE - 1:
                pipeline.execute()
        pipeline.execute()


def _summary(workflow: str, number: int) -> ExecutionSummary:
    moment = _BEGAN + number * 1000
    return ExecutionSummary(
        workflow_id=workflow,
        workflow_name=f"the {workflow} workflow",
        execution_id=f"{workflow}-{number:08}",
        status=_STATUSES[number % len(_STATUSES)],
        started_at=None,
        finished_at=None,
        triggered_by="schedule",
        input_preview='{"region": "north", "since": "yesterday"}',
        accepted_at=moment,
        listed_at=moment,
        digest=f"{number:064x}",
        step_count=10,
    )


def main() -> None:
    """Measure an index of the size that is asked for, and print the figure."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        figures = {one.key: one for one in run(Lab(Path(folder), quick=False), int(sys.argv[1]))}
    print(table(figures.values()))  # noqa: T201 # printing figures is what a measurement is for


if __name__ == "__main__":
    main()
