"""One stack for all acceptance tests, started by the command that a user types."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from producer.contract.errors import Unavailable
from runfolio.embedded import read_stack

READY_SECONDS = 60
STOP_SECONDS = 40


class RunningStack(NamedTuple):
    """A stack that is ready: its gateway, the token that may do everything, its data folder."""

    url: str
    token: str
    data_dir: Path


class StackDidNotStart(RuntimeError):
    """The stack ended, or was not ready in time; the message holds the end of what it printed."""


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The whole stack on free ports, ready; stopped by SIGTERM."""
    with running_stack(tmp_path_factory.mktemp("stack")) as started:
        yield started


@contextmanager
def running_stack(folder: Path) -> Iterator[RunningStack]:
    """Run ``runfolio up`` as long as the block lasts; its data is in ``folder / "data"``."""
    data, log = folder / "data", folder / "up.log"
    command = [str(runfolio_command()), "up", "--port", "0", "--data-dir", str(data)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment(), stdout=output, stderr=subprocess.STDOUT, cwd=folder)  # noqa: S603 # the command is built above
    try:
        url = _await_ready(process, data, log)
        yield RunningStack(url, (data / "admin-token").read_text().strip(), data)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(STOP_SECONDS)
    assert code == 0, log.read_text(errors="replace")[-2000:]


def runfolio_command() -> Path:
    """The command as it was installed beside this interpreter."""
    return Path(sys.executable).parent / "runfolio"


def environment() -> dict[str, str]:
    """The environment without settings of the machine on which the tests run."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("RUNFOLIO_", "AWS_"))}


def _await_ready(process: subprocess.Popen[bytes], data: Path, log: Path) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            return read_stack(data).gateway_url
        except Unavailable:
            time.sleep(0.05)
    raise StackDidNotStart(log.read_text(errors="replace")[-2000:])
