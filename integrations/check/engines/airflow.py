"""Airflow: API server, scheduler and DAG processor, with the listener in the plugins folder."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import httpx

from integrations.check.engines import FLOWS, INTEGRATIONS, Engine
from integrations.check.expected import Step
from integrations.check.install import from_pypi
from integrations.check.place import Place, ports

VERSION: Final = "3.3.2"
_DAG: Final = "nightly_import"


def _install(folder: Path) -> None:
    from_pypi(folder, f"apache-airflow=={VERSION}")


def _run(place: Place, fetch: Callable[[], object]) -> None:
    home, password = place.folder / "airflow", secrets.token_urlsafe()
    for source, target in ((FLOWS / "airflow_dag.py", "dags"), (_LISTENER, "plugins")):
        (home / target).mkdir(parents=True)
        shutil.copy(source, home / target)
    (home / "passwords.json").write_text(json.dumps({"admin": password}))
    port, log_port = ports(2)
    settings = _settings(home, port, log_port, password)
    command = str(place.installed / "bin" / "airflow")
    place.run("migrate", (command, "db", "migrate"), settings, 180)
    place.start("api-server", (command, "api-server", "--port", str(port), "--workers", "1"), settings)
    place.start("scheduler", (command, "scheduler"), settings)
    place.start("dag-processor", (command, "dag-processor"), settings)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as api:
        place.eventually(lambda: _known(api, password), "Airflow did not know the DAG", 240)
        api.patch(f"/api/v2/dags/{_DAG}", json={"is_paused": False}).raise_for_status()
        api.post(f"/api/v2/dags/{_DAG}/dagRuns", json={"logical_date": None}).raise_for_status()
        place.eventually(lambda: _ended(api), "The DAG run did not end", 300)
        fetch()


_LISTENER: Final = INTEGRATIONS / "airflow" / "runfolio_listener.py"


def _settings(home: Path, port: int, log_port: int, password: str) -> Mapping[str, str]:
    secret = secrets.token_urlsafe()
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__SECRET_KEY": secret,
        "AIRFLOW__API_AUTH__JWT_SECRET": secret,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(log_port),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "RUNFOLIO_AIRFLOW_USER": "admin",
        "RUNFOLIO_AIRFLOW_PASSWORD": password,
    }


def _known(api: httpx.Client, password: str) -> bool:
    try:
        answer = api.post("/auth/token", json={"username": "admin", "password": password})
        answer.raise_for_status()
        api.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return api.get(f"/api/v2/dags/{_DAG}").is_success
    except httpx.HTTPError:
        return False


def _ended(api: httpx.Client) -> bool:
    answer = api.get(f"/api/v2/dags/{_DAG}/dagRuns").raise_for_status()
    return all(run["state"] in {"success", "failed"} for run in answer.json()["dag_runs"])


AIRFLOW: Final = Engine(
    name="airflow",
    version=VERSION,
    workflow=_DAG,
    install=_install,
    run=_run,
    steps=(
        Step("list_pages_success", ("naïve <page> 3",)),
        Step("load_1_success", ("item 1.0", "Mapped index 0")),
        Step("load_2_failed", ("ConnectionError: HTTP 503 from upstream", "Mapped index 1", "Try 1")),
        Step("load_3_success", ("item 3.0", "Mapped index 2")),
        Step("load_4_success", ("item 2.0", "Mapped index 1", "Try 2")),
        Step("choose_success", ("publish",)),
        Step("archive_skipped"),
        Step("publish_failed", ("ValueError: the mailbox is full: ✗",)),
        Step("announce_skipped", ("'upstream_failed'",)),
        Step("clean_up_success", ("cleaned",)),
    ),
)
