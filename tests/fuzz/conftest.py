"""A gateway to be fuzzed, and the table at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from _pytest.terminal import TerminalReporter

from tests.fuzz.budget import CAMPAIGNS
from tests.integration.gateway.site import Site, isolated_site
from tests.servers import S3Server

DATABASE = 8
"""Apart from other tests' databases."""


@pytest.fixture(scope="session")
def fuzzed(tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server, valkey_url: str) -> Iterator[Site]:
    unlimited = {"rate_limit": None, "rate_limit_links": None}
    with isolated_site(tmp_path_factory.mktemp("fuzzed"), s3_server, valkey_url, DATABASE, **unlimited) as running:
        yield running


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Write what README's table shows."""
    if not CAMPAIGNS:
        return
    terminalreporter.section("fuzzing")
    terminalreporter.write_line("| Part | Cases | Of them taken | Seconds | Slowest case | Memory taken |")
    terminalreporter.write_line("| --- | --- | --- | --- | --- | --- |")
    for one in CAMPAIGNS:
        taken = "" if one.taken is None else f"{one.taken:,}"
        slowest = "" if one.slowest is None else f"{one.slowest:.2f} s"
        cells = one.part, f"{one.cases:,}", taken, f"{one.seconds:.0f}", slowest, f"{one.grown} MiB"
        terminalreporter.write_line(f"| {' | '.join(cells)} |")
