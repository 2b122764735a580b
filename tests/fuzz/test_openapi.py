"""The gateway, fuzzed by Schemathesis over its own description, against the real thing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fuzz.budget import CAMPAIGNS, SHARE_OF_HTTP, Campaign, peak, seconds
from tests.integration.gateway.examples import completed
from tests.integration.gateway.site import Site

pytestmark = [pytest.mark.integration, pytest.mark.slow]

EXCEPT = ["--exclude-checks", "use_after_free"]
"""Nothing can be deleted but exports, and a deleted one stays as such: a redelivered event is answered with it."""

LONGEST_ANSWER = 75.0
"""Seconds: a held request lasts sixty."""

MOST_GROWTH = 500
"""MiB, of the process that gateway and worker share here."""


@pytest.mark.timeout(seconds() * 2 + 300)
def test_the_gateway_keeps_what_its_description_promises(fuzzed: Site, tmp_path: Path) -> None:
    fuzzed.ready(completed("fuzz", "1", export={"include": ["manifest", "reader"]}))
    before, began = peak(), time.monotonic()

    done = schemathesis(fuzzed, tmp_path, seconds() * SHARE_OF_HTTP)

    grown = peak() - before
    shown = done.stdout[-12_000:] + done.stderr[-2_000:]
    assert done.returncode == 0, shown
    CAMPAIGNS.append(
        Campaign("HTTP, by the served description", cases(tmp_path), None, time.monotonic() - began, None, grown)
    )
    assert grown < MOST_GROWTH
    assert fuzzed.client.get("/readyz").status_code == 200


def schemathesis(site: Site, folder: Path, budget: float) -> subprocess.CompletedProcess[str]:
    """Run it as one does by hand; what it writes goes to a folder, its configuration is the one beside this file."""
    program = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    assert program is not None
    arguments = [
        *("--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
        *("run", f"{site.url}/openapi.json"),
        *("--header", f"Authorization: Bearer {site.token}"),
        *("--checks", "all", *EXCEPT, "--continue-on-failure", "--no-shrink", "--warnings", "off"),
        *("--max-examples", str(max(10, int(budget / 2))), "--max-time", str(int(budget))),
        *("--request-timeout", str(LONGEST_ANSWER)),
        *("--report", "json", "--report-json-path", str(folder / "report.json")),
    ]
    return subprocess.run(  # noqa: S603 # the command is built above
        [program, *arguments], capture_output=True, text=True, timeout=budget * 2 + 240, check=False, cwd=folder
    )


def cases(folder: Path) -> int:
    report = json.loads((folder / "report.json").read_text())
    return int(report["test_cases"]["generated"])
