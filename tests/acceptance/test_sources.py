"""Sources through the whole stack: a worker process that is killed while it asks an engine."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
import zipfile
from pathlib import Path

import httpx
import pytest

from runfolio.embedded import read_stack
from tests.acceptance import conftest
from tests.acceptance.conftest import running_stack
from tests.acceptance.test_crash import children_of
from tests.fakes import Reply
from tests.fakes_engines import KEY, Asked, EngineServer, n8n
from tests.unit.worker.sources.installation import N8N_EVENT

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes through /proc"),
]

AGAIN_WITHIN = 60


def test_a_worker_that_is_killed_while_it_asks_is_made_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow(request: Asked) -> Reply | None:
        """Keep the first worker waiting for the data until it is dead."""
        if request.query and not go_on.is_set():
            asked.set()
            go_on.wait(60)
        return None

    with EngineServer(n8n) as server:
        server.before = slow
        plain = conftest.environment()
        settings = {"RUNFOLIO_SOURCE_N8N_URL": server.url(""), "RUNFOLIO_SOURCE_N8N_TOKEN": KEY}
        monkeypatch.setattr(conftest, "environment", lambda: plain | settings)
        with (
            running_stack(tmp_path) as stack,
            httpx.Client(
                base_url=stack.url, headers={"Authorization": f"Bearer {stack.token}"}, timeout=AGAIN_WITHIN + 10
            ) as client,
        ):
            (export,) = client.post("/v1/engines/auto/events", json=N8N_EVENT).json()["exports"]
            assert asked.wait(20), "Nobody asked the engine."
            path = f"/v1/exports/{export['id']}"
            before = client.get(path).json()
            workers = children_of(read_stack(stack.data_dir).pids["worker"])
            for worker in workers:
                os.kill(worker, signal.SIGKILL)
            killed_at = time.monotonic()
            go_on.set()
            ready = client.get(path, params={"wait": AGAIN_WITHIN}).json()
            took = time.monotonic() - killed_at
            archive = httpx.get(export["download_url"], follow_redirects=True, timeout=30).content
        log = (tmp_path / "up.log").read_text(errors="replace")

    assert workers
    assert before["status"] == "running"
    assert ready["status"] == "ready", ready
    assert took < AGAIN_WITHIN
    assert len(zipfile.ZipFile(io.BytesIO(archive)).namelist()) == ready["archive"]["files"] == 23
    assert KEY not in log
