"""A worker process that is killed in the middle of an export costs some seconds and nothing else."""

from __future__ import annotations

import io
import json
import os
import signal
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from runfolio.embedded import read_stack
from tests.acceptance.conftest import RunningStack
from tests.integration.gateway.examples import NDJSON, completed, step

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes through /proc"),
]

STEPS = 40_000
AGAIN_WITHIN = 20
"""Seconds from the kill until another worker is at it; how long that one then takes is up to the machine."""


def children_of(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def large_event() -> Iterator[bytes]:
    data = completed()["data"]
    del data["steps"]
    yield json.dumps(data).encode() + b"\n"
    for number in range(STEPS):
        yield json.dumps(step(f"s{number % 90}", output=f"# Result {number}\n\n" + "text " * 100)).encode() + b"\n"


def begun_again(now: dict[str, Any], before: dict[str, Any]) -> bool:
    """Tell whether an export is being made from its beginning again, or is ready."""
    from_the_beginning: bool = now["progress"]["done"] < before["progress"]["done"]
    return now["status"] == "ready" or bool(now["status"] == "running" and from_the_beginning)


@pytest.mark.timeout(240)
def test_an_export_is_ready_soon_after_its_worker_was_killed(stack: RunningStack) -> None:
    with httpx.Client(base_url=stack.url, headers={"Authorization": f"Bearer {stack.token}"}, timeout=70) as client:
        (export,) = client.post("/v1/events", content=large_event(), headers=NDJSON).json()["exports"]
        path = f"/v1/exports/{export['id']}"
        deadline = time.monotonic() + 20
        while client.get(path).json()["progress"]["done"] < STEPS // 20:
            assert time.monotonic() < deadline, "The export did not begin."
            time.sleep(0.02)
        workers = children_of(read_stack(stack.data_dir).pids["large-worker"])
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        deadline = time.monotonic() + AGAIN_WITHIN
        killed_at = client.get(path).json()
        while not begun_again(client.get(path).json(), killed_at):
            assert time.monotonic() < deadline, "No other worker has taken it over."
            time.sleep(0.05)
        view = client.get(path, params={"wait": 60}).json()
        archive = httpx.get(view["download_url"], follow_redirects=True, timeout=30).content

    assert workers
    assert killed_at["status"] != "ready", "It was ready before the worker was killed: nothing was shown."
    assert view["status"] == "ready", view
    assert view["download_url"] == export["download_url"]
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert len(opened.namelist()) == STEPS
        assert opened.testzip() is None
