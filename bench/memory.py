"""Memory of gateway and workers while a large execution is taken in and exported.

An execution of many steps is streamed to a stack of its own as NDJSON, exported, and the peak resident memory of
every process (``VmHWM`` of /proc, in MiB) is read afterwards.
"""

from __future__ import annotations

import http.client
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from runfolio.embedded import Stack, start_stack

LIMIT_MIB: Final = 250
"""What README promises for the gateway and for each worker process."""

_TEXT: Final = (
    "# Findings\n\nMostly *plain* text with `code`, and a table.\n\n| key | value |\n| --- | --- |\n| a | 1 |\n\n"
)


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


def measure(steps: int, step_bytes: int, options: dict[str, object], workdir: Path) -> Result:
    """Stream an execution of ``steps`` steps to a fresh stack, export it, and read the peaks."""
    with start_stack(workdir, 0, on_event=lambda _: None) as stack, closing(_connect(stack)) as connection:
        began = time.perf_counter()
        export = _send(connection, stack.admin_token, _lines(steps, step_bytes, options))
        taken_in = time.perf_counter()
        settled = _wait(connection, stack.admin_token, export["id"])
        ended = time.perf_counter()
        if settled["status"] != "ready":
            raise SystemExit(f"The export ended {settled['status']}: {settled['error']}")
        return Result(taken_in - began, ended - taken_in, settled["archive"]["size"], peaks(stack))


def _connect(stack: Stack) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(stack.info.gateway_url).netloc, timeout=900)


def _lines(steps: int, step_bytes: int, options: dict[str, object]) -> Iterator[bytes]:
    header = {
        "workflow": {"id": "bench:memory", "name": "memory"},
        "execution": {"id": "large", "status": "succeeded", "started_at": "2025-01-01T00:00:00Z"},
        "export": options,
    }
    yield json.dumps(header).encode() + b"\n"
    output = (_TEXT * (step_bytes // len(_TEXT) + 1))[:step_bytes]
    for number in range(steps):
        step = {"name": f"step {number % 1000}", "status": "succeeded", "output": f"{output}{number}"}
        yield json.dumps(step).encode() + b"\n"


def _send(connection: http.client.HTTPConnection, token: str, lines: Iterator[bytes]) -> Any:
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/x-ndjson",
        "ce-specversion": "1.0",
        "ce-type": "runfolio.execution.completed.v1",
        "ce-source": "bench",
        "ce-id": "1",
    }
    connection.request("POST", "/v1/events", lines, headers, encode_chunked=True)
    answer = connection.getresponse()
    body = json.loads(answer.read())
    if answer.status != 202:
        raise SystemExit(f"The event was refused: {body}")
    return body["exports"][0]


def _wait(connection: http.client.HTTPConnection, token: str, export_id: str) -> Any:
    while True:
        connection.request("GET", f"/v1/exports/{export_id}?wait=30", headers={"Authorization": f"Bearer {token}"})
        export = json.loads(connection.getresponse().read())
        if export["status"] not in {"queued", "running"}:
            return export


def peaks(stack: Stack) -> list[Peak]:
    """Read the peak memory of each Python process of a stack."""
    parts = ("gateway", "worker", "callbacks", "sweep")
    return [
        Peak(part, pid, _peak(pid)) for part in parts for pid in _with_children(stack.info.pids[part]) if _peak(pid)
    ]


def _with_children(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from _with_children(int(child))


def _peak(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0


def main(*, quick: bool) -> int:
    """Print the figures; return 1 where a process took more than is promised."""
    steps = 10_000 if quick else 100_000
    status = 0
    for options in ({"format": "markdown"}, {"format": "html", "combine": True, "include": ["manifest"]}):
        with tempfile.TemporaryDirectory() as folder:
            result = measure(steps, 10_000, dict(options), Path(folder) / "data")
        print(f"{steps} steps of 10 KB, {options}")  # noqa: T201 # printing figures is what a measurement is for
        print(f"  intake {result.intake:.1f} s, export {result.export:.1f} s, archive {result.archive_size} bytes")  # noqa: T201 # as above
        for peak in result.peaks:
            print(f"  {peak.part:<10} {peak.mib:>4} MiB peak")  # noqa: T201 # as above
        status |= result.worst >= LIMIT_MIB
    return status
