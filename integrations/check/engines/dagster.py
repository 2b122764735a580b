"""Dagster: its daemon, which evaluates the sensors, and its web server, which launches the job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx

from integrations.check.engines import FLOWS, INTEGRATIONS, Engine
from integrations.check.expected import Step
from integrations.check.install import from_pypi
from integrations.check.place import EngineFailed, Place, answers, ports

VERSION: Final = "1.13.27"


def _install(folder: Path) -> None:
    from_pypi(folder, f"dagster=={VERSION}", f"dagster-webserver=={VERSION}")


def _run(place: Place, fetch: Callable[[], object]) -> None:
    home = place.folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    tools = place.installed / "bin"
    [port] = ports(1)
    settings = {
        "DAGSTER_HOME": str(home),
        "PATH": f"{tools}:/usr/bin:/bin",
        "PYTHONPATH": str(INTEGRATIONS / "dagster"),
        "RUNFOLIO_INTERVAL": "2",
    }
    flow = ("-f", str(FLOWS / "dagster_defs.py"))
    server = (str(tools / "dagster-webserver"), "-h", "127.0.0.1", "-p", str(port), *flow)
    place.start("webserver", server, settings)
    # The first of the two to start makes the database.
    place.eventually(lambda: answers(f"http://127.0.0.1:{port}/server_info"), "The web server did not answer", 120)
    place.start("daemon", (str(tools / "dagster-daemon"), "run", *flow), settings)
    # A sensor tells of runs that end after its first evaluation.
    place.eventually(lambda: place.said("daemon", "runfolio_failure skipped"), "The sensor was not evaluated", 180)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as api:
        launched = _asked(api, _LAUNCH)["launchRun"]
        if launched["__typename"] != "LaunchRunSuccess":
            raise EngineFailed(f"The run was not launched: {launched}")
        place.eventually(lambda: _ended(api, launched["run"]["runId"]), "The run did not end", 420)
    fetch()


_LAUNCH: Final = """mutation { launchRun(executionParams: {runConfigData: {}, selector: {
  repositoryName: "__repository__", repositoryLocationName: "dagster_defs.py", jobName: "nightly_import"}}) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""


def _asked(api: httpx.Client, query: str) -> Any:
    return api.post("/graphql", json={"query": query}).raise_for_status().json()["data"]


def _ended(api: httpx.Client, run_id: str) -> bool:
    run = _asked(api, f'{{ runOrError(runId: "{run_id}") {{ ... on Run {{ status }} }} }}')["runOrError"]
    return run["status"] in {"SUCCESS", "FAILURE", "CANCELED"}


DAGSTER: Final = Engine(
    name="dagster",
    version=VERSION,
    workflow="nightly_import",
    install=_install,
    run=_run,
    steps=(
        Step("list_pages_success", ("p3",)),
        Step("load_1_success", ("loading page 1", "printed while loading 1")),
        Step("load_2_failed", ("ConnectionError: HTTP 503 from upstream", "printed while loading 2", "Attempt 1 of 2")),
        Step("load_3_success", ("loading page 3", "printed while loading 3")),
        Step("load_4_success", ("loading page 2", "printed while loading 2", "Attempt 2 of 2")),
        Step("merge_success", ("**naïve** preview ☕",)),
        Step("publish_failed", ("the mailbox is full: ✗", "in publish")),
        Step("announce_skipped"),
    ),
)
