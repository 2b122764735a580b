"""The measurements in their smallest form: nothing of what they say, only that each of them still works."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.goals import GOALS
from tests.acceptance.conftest import environment

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.acceptance
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes through /proc")
def test_every_measurement_comes_to_its_figure() -> None:
    command = [sys.executable, "-m", "bench", "--quick"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)  # noqa: S603 # written above
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert [key for key in GOALS if f"| `{key}` |" not in done.stdout] == []


@pytest.mark.acceptance
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_store_that_is_further_away_is_further_away() -> None:
    command = [sys.executable, "-m", "bench.distance", "--quick", "40"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)  # noqa: S603 # written above
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    away, floor, link, _, accepted = map(float, re.findall(r"[0-9.]+", done.stdout.splitlines()[-1]))
    # An archive is written with its facts; what is accepted is written at once.
    assert away == 40
    assert floor >= 40
    assert link >= 40
    assert accepted >= 40
