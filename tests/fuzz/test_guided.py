"""The parser of CloudEvents, fuzzed by what its branches are: only where atheris is installed, which it need not be."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from producer.contract import jsontext
from tests.fuzz.budget import CAMPAIGNS, SHARE_GUIDED, Campaign, seconds
from tests.fuzz.test_parsers import EVENT, STARTED

pytestmark = pytest.mark.slow

HEADERS = b"\n".join(
    [
        b"ce-specversion: 1.0",
        b"ce-type: runfolio.execution.completed.v1",
        b"ce-source: /a",
        b"ce-id: 1",
        b"content-type: application/json",
    ]
)


@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed, which make fuzz does")
@pytest.mark.timeout(seconds() + 120)
def test_cloud_events_branch_by_branch(tmp_path: Path) -> None:
    for number, text in enumerate([jsontext.encode(EVENT), jsontext.encode([EVENT, STARTED]), HEADERS]):
        (tmp_path / str(number)).write_bytes(text)
    began, budget = time.monotonic(), max(5, int(seconds() * SHARE_GUIDED))
    limits = [f"-max_total_time={budget}", "-timeout=10", "-rss_limit_mb=1024", "-max_len=100000"]

    command = [sys.executable, "-m", "tests.fuzz.guided", *limits, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=budget + 100, check=False)  # noqa: S603 # the command is built above

    runs = re.search(r"^Done (\d+) runs", done.stderr, re.MULTILINE)
    assert done.returncode == 0, done.stderr[-5_000:]
    assert runs is not None, done.stderr[-5_000:]
    CAMPAIGNS.append(
        Campaign("CloudEvents, by branches (atheris)", int(runs[1]), None, time.monotonic() - began, None, 0)
    )
