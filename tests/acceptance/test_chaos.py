"""The experiments of ``make chaos`` in their bounded form: real processes, really killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.acceptance.conftest import environment

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-m", "bench.chaos", "--quick"]

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes through /proc"),
]


@pytest.mark.timeout(600)
def test_nothing_is_lost_whatever_dies() -> None:
    done = subprocess.run(COMMAND, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)  # noqa: S603 # written above

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == 6
    assert all("| yes |" in row for row in rows)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_everything_stops_when_it_is_told_to(number: signal.Signals, tmp_path: Path) -> None:
    command = [*COMMAND, "--only", "backlog"]
    told = environment() | {"TMPDIR": str(tmp_path)}
    process = subprocess.Popen(command, cwd=ROOT, env=told, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603 # the command is written above
    deadline = time.monotonic() + 60
    while not any(tmp_path.glob("runfolio-chaos-*/data/logs/gateway-1.log")):
        assert time.monotonic() < deadline, "It did not begin."
        time.sleep(0.1)
    time.sleep(1)
    process.send_signal(number)
    process.communicate(timeout=60)

    assert process.returncode != 0
    assert using(tmp_path) == []


def using(folder: Path) -> list[str]:
    """Name the processes that have a file below a folder open, or work in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            links = [entry / "cwd", *_entries(entry / "fd")]
            if any(str(folder) in _target(link) for link in links):
                found.append((entry / "cmdline").read_text().replace("\0", " "))
    return found


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""
