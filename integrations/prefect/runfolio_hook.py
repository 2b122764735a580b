"""Sends a completed flow run of Prefect 3 to Runfolio, with its task runs, their histories, logs and artifacts.

``@flow(**RUNFOLIO_HOOKS)`` sends every run of a flow. ``RUNFOLIO_URL`` and ``RUNFOLIO_TOKEN`` say where to; without
them nothing is sent. The hook returns at once: a thread asks Prefect's API for the rest and sends it, within
``RUNFOLIO_TIMEOUT`` seconds (60), for which the process waits before it ends. Nothing that goes wrong there touches
the flow; it is logged.
"""

from __future__ import annotations

import contextvars
import json
import logging
import os
import threading
import time
import urllib.request
from collections.abc import Iterable, Iterator
from typing import Any, Final

from prefect.client.orchestration import get_client
from prefect.logging.handlers import APILogHandler

MOST_BYTES: Final = 15_000_000
"""Size of an event; a gateway takes 16 MiB unless it is set otherwise."""

_TERMINAL: Final = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
_PAGE: Final = 200
_MOST_PAGES: Final = 100
_PAUSE: Final = 1.0
_SETTLING: Final = 15.0
"""Seconds for which task runs that are on their way to Prefect's database are waited for, at most."""

_log: Final = logging.getLogger("runfolio")


def send_to_runfolio(flow: Any, flow_run: Any, state: Any) -> None:  # noqa: ARG001 # the arguments of every hook
    """Send a flow run that has ended; a hook for on_completion, on_failure, on_crashed and on_cancellation."""
    # A process that ends waits for the thread, which is no daemon. It needs the settings of this context.
    inside = contextvars.copy_context().run
    threading.Thread(target=inside, args=(_send_safely, str(flow_run.id)), name=f"runfolio-{flow_run.id}").start()


RUNFOLIO_HOOKS: Final[dict[str, list[Any]]] = {
    name: [send_to_runfolio] for name in ("on_completion", "on_failure", "on_crashed", "on_cancellation")
}
"""All hooks that are needed, as arguments of ``@flow``."""


def _send_safely(run_id: str) -> None:
    if not os.environ.get("RUNFOLIO_URL") or not os.environ.get("RUNFOLIO_TOKEN"):
        _log.warning("Flow run %s is not sent to Runfolio: RUNFOLIO_URL or RUNFOLIO_TOKEN is not set.", run_id)
        return
    try:
        deadline = time.monotonic() + float(os.environ.get("RUNFOLIO_TIMEOUT", "60"))
        with get_client(sync_client=True) as client:
            event = collect(Api(client, deadline), run_id)
        post("prefect", event, deadline)
    except Exception:  # noqa: BLE001 # whatever fails here must not touch the flow, whose own work is done
        _log.warning("Flow run %s could not be sent to Runfolio.", run_id, exc_info=True)


class Api:
    """Prefect's own API, as long as there is time and room for its answers."""

    def __init__(self, client: Any, deadline: float) -> None:
        self._client = client
        self._deadline = deadline
        self._left = MOST_BYTES
        self.left_out: dict[str, str] = {}

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Return an answer as it is."""
        return self._client.request(method, path, timeout=max(self.seconds(), 1.0), **options).json()

    def seconds(self) -> float:
        """Tell how much time is left."""
        return self._deadline - time.monotonic()

    def pages(self, path: str, run_id: str, **options: Any) -> Iterator[list[Any]]:
        """Yield the pages of a listing, with what belongs to the flow run."""
        asked = {"flow_runs": {"id": {"any_": [run_id]}}, **options}
        if path in _OWNED:
            asked[_OWNED[path]] = {"flow_run_id": {"any_": [run_id]}}
        for number in range(_MOST_PAGES):
            page = self.ask("POST", path, json={**asked, "limit": _PAGE, "offset": number * _PAGE})
            yield page
            if len(page) < _PAGE:
                return

    def kept(self, part: str, pages: Iterable[list[Any]]) -> Iterator[Any]:
        """Yield the entries of pages as long as there is time and room for them, and note where there is not."""
        for page in pages:
            self._left -= len(json.dumps(page))
            if self._left < 0 or self.seconds() < 0:
                self.left_out[part] = "Not all of it is here: the time, or the largest size of an event, was over."
                return
            yield from page


_OWNED: Final = {"/logs/filter": "logs", "/artifacts/filter": "artifacts"}


def collect(api: Api, run_id: str) -> dict[str, Any]:
    """Collect what Prefect's API tells of a flow run, each part as it is answered."""
    run = _ended(api, run_id)
    task_runs = list(api.kept("task_runs", [_settled(api, run_id)]))
    APILogHandler().flush()
    logs = api.pages("/logs/filter", run_id, sort="TIMESTAMP_ASC")
    event = {
        "flow": api.ask("GET", "/flows/{id}", path_params={"id": run["flow_id"]}),
        "flow_run": run,
        "flow_run_states": api.ask("GET", "/flow_run_states/", params={"flow_run_id": run_id}),
        "task_runs": task_runs,
        "artifacts": list(api.kept("artifacts", api.pages("/artifacts/filter", run_id))),
        "logs": list(api.kept("logs", logs)),
        "task_run_states": dict(api.kept("task_run_states", _histories(api, task_runs))),
    }
    return {**event, **({"left_out": api.left_out} if api.left_out else {})}


def _ended(api: Api, run_id: str) -> dict[str, Any]:
    """Wait for the flow run's last state: of a run that is cancelled, hooks are told before it has ended."""
    while True:
        run: dict[str, Any] = api.ask("GET", "/flow_runs/{id}", path_params={"id": run_id})
        if run["state_type"] in _TERMINAL or api.seconds() < _PAUSE:
            return run
        time.sleep(_PAUSE)


def _settled(api: Api, run_id: str) -> list[Any]:
    """Read the task runs until they no longer change: their last states reach the database after the run's own."""
    until = time.monotonic() + min(_SETTLING, api.seconds() / 2)
    before: list[Any] | None = None
    while True:
        now = [task_run for page in api.pages("/task_runs/filter", run_id) for task_run in page]
        if (now == before and all(map(_is_still, now))) or time.monotonic() > until:
            return now
        before = now
        time.sleep(_PAUSE)


def _is_still(task_run: dict[str, Any]) -> bool:
    # A task run that was never ready has not started, and stays pending for ever.
    return task_run["state_type"] in _TERMINAL or task_run["start_time"] is None


def _histories(api: Api, task_runs: list[Any]) -> Iterator[list[Any]]:
    """Read the history of each task run, of those that were retried first."""
    for task_run in sorted(task_runs, key=lambda one: one["run_count"], reverse=True):
        yield [(task_run["id"], api.ask("GET", "/task_run_states/", params={"task_run_id": task_run["id"]}))]


def post(engine: str, event: Any, deadline: float) -> None:
    """Post an event to the gateway, until the deadline again where it is away or busy. Raises RuntimeError."""
    address = f"{os.environ['RUNFOLIO_URL'].rstrip('/')}/v1/engines/{engine}/events"
    query = os.environ.get("RUNFOLIO_QUERY")
    headers = {"Authorization": f"Bearer {os.environ['RUNFOLIO_TOKEN']}", "Content-Type": "application/json"}
    body = json.dumps(event).encode()
    request = urllib.request.Request(f"{address}?{query}" if query else address, body, headers)  # noqa: S310 # the user's setting
    while True:
        try:
            with urllib.request.urlopen(request, timeout=max(deadline - time.monotonic(), 5.0)):  # noqa: S310 # as above
                return
        except OSError as error:
            if getattr(error, "code", 503) not in {429, 503} or time.monotonic() > deadline - 2:
                told = error.read(2000).decode(errors="replace") if hasattr(error, "read") else ""
                raise RuntimeError(f"{error} {told}".strip()) from None
            time.sleep(2)
