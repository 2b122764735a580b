"""Prefect: a server of its own, and a flow run as a script, which waits for its hook by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from integrations.check.engines import FLOWS, INTEGRATIONS, Engine
from integrations.check.expected import Step
from integrations.check.install import from_pypi
from integrations.check.place import Place, answers, ports

VERSION: Final = "3.9.1"


def _install(folder: Path) -> None:
    from_pypi(folder, f"prefect=={VERSION}")


def _run(place: Place, fetch: Callable[[], object]) -> None:
    [port] = ports(1)
    settings = {
        "PREFECT_HOME": str(place.folder / "home"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PYTHONPATH": str(INTEGRATIONS / "prefect"),
    }
    command = str(place.installed / "bin" / "prefect")
    place.start("server", (command, "server", "start", "--host", "127.0.0.1", "--port", str(port)), settings)
    place.eventually(lambda: answers(f"http://127.0.0.1:{port}/api/health"), "Prefect's server was not healthy", 120)
    place.run("flow", (str(place.installed / "bin" / "python"), str(FLOWS / "prefect_flow.py")), settings, 180)
    fetch()


PREFECT: Final = Engine(
    name="prefect",
    version=VERSION,
    workflow="Nightly import",
    install=_install,
    run=_run,
    steps=(
        Step("fetch page_1_success", ("fetching page 1",)),
        Step("fetch page_2_failed", ("ConnectionError('HTTP 503 from upstream')", "Attempt 1 of 2")),
        Step("fetch page_3_success", ("fetching page 2", "Attempt 2 of 2", "AwaitingRetry")),
        Step("fetch page_4_success", ("fetching page 3",)),
        Step("normalise ☕_1_success", ("normalising item",)),
        Step("normalise ☕_2_success", ("normalising item",)),
        Step("normalise ☕_3_success", ("normalising item",)),
        Step("report_success", ("9 rows are **ready**.",)),
        Step("publish_failed", ("ValueError: the mailbox is full: ✗", "Traceback")),
    ),
)
