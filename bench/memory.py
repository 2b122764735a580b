"""Memory of gateway and workers while a large execution is taken in and exported.

An execution of many steps is streamed to a stack of its own as NDJSON, exported, and the peak resident memory of
every process (``VmHWM`` of /proc, in MiB) is read afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from bench.figures import Figure, Lab
from bench.parts import family
from bench.site import Client, client_at
from bench.workload import NDJSON, lines
from runfolio.embedded import Stack, start_stack
from runfolio.embedded.plan import PARTS

LIMIT_MIB: Final = 250
"""What README promises for the gateway and for each worker process."""

LARGEST_STEP: Final = 16_000_000


class Peak(NamedTuple):
    """The peak resident memory of one process, in MiB."""

    part: str
    pid: int
    mib: int


class Result(NamedTuple):
    """What was measured: seconds for intake and export, the archive's bytes, the processes' peaks."""

    intake: float
    export: float
    archive_size: int
    peaks: Sequence[Peak]

    @property
    def worst(self) -> int:
        """The highest peak, in MiB."""
        return max(peak.mib for peak in self.peaks)

    def worst_of(self, *parts: str) -> int:
        """Return the highest peak of the processes of some parts, in MiB."""
        return max(peak.mib for peak in self.peaks if peak.part in parts)


def run(lab: Lab) -> Iterator[Figure]:
    """Take in and export 4 GB in 200,000 steps, one of them of 16 MB."""
    steps, largest = lab.size(200_000, 2_000), lab.size(LARGEST_STEP, 1_000_000)
    result = measure(steps, 20_000, {"format": "html"}, lab.folder / "data", largest=largest)
    facts = {
        "intake_s": round(result.intake, 1),
        "export_s": round(result.export, 1),
        "archive_mb": round(result.archive_size / 1e6, 1),
    }
    yield Figure("worker_peak_mb", result.worst_of("worker", "large-worker"), "MiB", facts=facts)
    yield Figure("gateway_peak_mb", result.worst_of("gateway"), "MiB", facts=facts)


def measure(steps: int, step_bytes: int, options: dict[str, object], workdir: Path, *, largest: int = 0) -> Result:
    """Stream an execution of ``steps`` steps to a fresh stack, export it, and read the peaks."""
    with (
        start_stack(workdir, 0, on_event=lambda _: None) as stack,
        client_at(stack.info.gateway_url, stack.admin_token) as client,
    ):
        began = time.perf_counter()
        export_id = client.send(lines(1, steps, step_bytes, largest=largest, export=options), NDJSON)
        taken_in = time.perf_counter()
        export = _settled(client, export_id)
        ended = time.perf_counter()
        return Result(taken_in - began, ended - taken_in, export, peaks(stack))


def _settled(client: Client, export_id: str) -> int:
    while True:
        export = client.get(f"/v1/exports/{export_id}?wait=30")
        if export["status"] == "ready":
            return int(export["archive"]["size"])
        if export["status"] not in {"queued", "running"}:
            raise SystemExit(f"The export ended {export['status']}: {export['error']}")


def peaks(stack: Stack) -> list[Peak]:
    """Read the peak memory of each Python process of a stack."""
    return [Peak(part, pid, _peak(pid)) for part in PARTS for pid in family(stack.info.pids[part]) if _peak(pid)]


def _peak(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0
