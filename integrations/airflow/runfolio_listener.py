"""Sends every completed DAG run of Airflow 3 to Runfolio: a listener plugin, one file in the plugins folder.

``RUNFOLIO_URL`` and ``RUNFOLIO_TOKEN`` say where to; without them nothing is sent. Airflow calls the listener in the
scheduler, or in the API server where somebody sets the state of a run by hand. There it only notes the run, in a queue
of bounded length; a daemon thread asks Airflow's REST API for task instances, tries, XComs and logs, with a token or a
user of its own, and sends them. It never asks Airflow's database, whose models are no interface. Without such a user,
the DAG run alone is sent.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any, ClassVar, Final, NamedTuple
from urllib.parse import quote, urlencode

from airflow.configuration import conf
from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

MOST_BYTES: Final = 15_000_000
"""Size of an event; a gateway takes 16 MiB unless it is set otherwise."""
MOST_LOG_BYTES: Final = 1_000_000
"""Size of the log of one try; of a longer one, beginning and end are sent."""
MOST_WAITING: Final = 1_000
"""Runs that wait to be sent; of those that come then, nothing is sent, which is logged."""

_COLUMNS: Final = ("dag_id", "run_id", "state", "run_type", "run_after", "logical_date", "queued_at", "start_date")
_MORE: Final = ("end_date", "conf", "triggered_by", "triggering_user_name")
_TERMINAL: Final = frozenset({"success", "failed"})
_PAGE: Final = 100
_COMMITTED: Final = 60.0
"""Seconds for which the state of a run is waited for: listeners are called before it is committed."""
_UPLOADED: Final = 3.0
"""Seconds that the last task's log is given to reach its storage, which is after the task has ended."""

_REFUSALS: Final = (OSError, ValueError, KeyError, HTTPException)
"""How an API shows that it does not tell something: no answer, an error, a broken answer, or another form."""

_log: Final = logging.getLogger("airflow.runfolio")


class Ended(NamedTuple):
    """A DAG run that has ended, as the listener was told of it."""

    dag_run: dict[str, Any]
    message: str


class Listener:
    """What Airflow calls. It returns at once, whatever happens."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Ended] = queue.Queue(MOST_WAITING)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    @hookimpl
    def on_dag_run_success(self, dag_run: Any, msg: str) -> None:
        """Note a run that succeeded."""
        self._note(dag_run, msg)

    @hookimpl
    def on_dag_run_failed(self, dag_run: Any, msg: str) -> None:
        """Note a run that failed."""
        self._note(dag_run, msg)

    def _note(self, dag_run: Any, msg: str) -> None:
        try:
            self._waiting.put_nowait(Ended(_columns(dag_run), msg))
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._send_all, name="runfolio", daemon=True)
                    self._thread.start()
        except Exception:  # noqa: BLE001 # a scheduler must not stumble over what it only tells somebody
            _log.warning("A DAG run is not sent to Runfolio.", exc_info=True)

    def _send_all(self) -> None:
        while True:
            ended = self._waiting.get()
            try:
                send(ended)
            except Exception:  # noqa: BLE001 # the next run is to be sent, whatever became of this one
                _log.warning("DAG run %s is not sent to Runfolio.", ended.dag_run.get("run_id"), exc_info=True)


def _columns(dag_run: Any) -> dict[str, Any]:
    values = {name: getattr(dag_run, name, None) for name in (*_COLUMNS, *_MORE)}
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return (
        json.loads(json.dumps(value, default=str)) if isinstance(value, dict) else str(getattr(value, "value", value))
    )


def send(ended: Ended) -> None:
    """Collect what Airflow's API tells of a run and send it. Raises RuntimeError and OSError."""
    if not os.environ.get("RUNFOLIO_URL") or not os.environ.get("RUNFOLIO_TOKEN"):
        _log.warning("RUNFOLIO_URL or RUNFOLIO_TOKEN is not set: nothing is sent to Runfolio.")
        return
    deadline = time.monotonic() + float(os.environ.get("RUNFOLIO_TIMEOUT", "300"))
    event: dict[str, Any] = {"dag_run": ended.dag_run}
    try:
        api = Api(deadline)
        if api.authenticate():
            time.sleep(_UPLOADED)
            event = collect(api, ended.dag_run["dag_id"], ended.dag_run["run_id"])
    except _REFUSALS as error:
        event["collecting_failed"] = f"{type(error).__name__}: {error}"
        _log.warning("Airflow's API did not tell of run %s: %s", ended.dag_run.get("run_id"), error)
    post("airflow", {**event, "msg": ended.message}, deadline + 30)


class Api:
    """Airflow's REST API, as long as there is time and room for its answers."""

    def __init__(self, deadline: float) -> None:
        self._url = os.environ.get("RUNFOLIO_AIRFLOW_URL") or conf.get("api", "base_url", fallback=None)
        self._url = (self._url or "http://localhost:8080").rstrip("/")
        self._token = os.environ.get("RUNFOLIO_AIRFLOW_TOKEN")
        self._deadline = deadline
        self._left = MOST_BYTES

    def authenticate(self) -> bool:
        """Log in with user and password where no token is set; tell whether there is any of them."""
        user, password = os.environ.get("RUNFOLIO_AIRFLOW_USER"), os.environ.get("RUNFOLIO_AIRFLOW_PASSWORD")
        if self._token is None and user and password:
            body = json.dumps({"username": user, "password": password}).encode()
            self._token = json.loads(self._open("/auth/token", {}, body).read())["access_token"]
        return self._token is not None

    def get(self, path: str, **query: Any) -> Any:
        """Return an answer as it is. Raises OSError, HTTPError among it."""
        with self._open(f"/api/v2{path}", query) as answer:
            body = answer.read(self._left + 1)
        self._left -= len(body)
        if self._left < 0:
            raise OSError("there was no room for it in an event")
        return json.loads(body)

    def had(self, path: str, **query: Any) -> Any:
        """Return an answer, or in its place why it could not be had."""
        try:
            return self.get(path, **query)
        except _REFUSALS as error:
            return {"__http_error__": getattr(error, "code", 0), "detail": str(error)}

    def pages(self, path: str, name: str, **query: Any) -> Iterator[Any]:
        """Yield all entries of a listing."""
        for number in range(10_000):
            page = self.get(path, limit=_PAGE, offset=number * _PAGE, **query)
            yield from page[name]
            if (number + 1) * _PAGE >= page["total_entries"] or not page[name]:
                return

    def log(self, path: str, **query: Any) -> Any:
        """Return a log as lines of JSON, of a long one beginning and end, or in its place why it could not be had."""
        try:
            with self._open(f"/api/v2{path}", query, accept="application/x-ndjson") as answer:
                text = _cut(answer, min(MOST_LOG_BYTES, self._left // 2))
        except _REFUSALS as error:
            return {"__http_error__": getattr(error, "code", 0), "detail": str(error)}
        self._left -= len(text)
        return text.decode(errors="replace")

    def _open(self, path: str, query: dict[str, Any], body: bytes | None = None, accept: str | None = None) -> Any:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise OSError("the time to collect it was over")
        headers = {"Accept": accept or "application/json", "Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        address = f"{self._url}{path}?{urlencode(query)}" if query else f"{self._url}{path}"
        request = urllib.request.Request(address, body, headers)  # noqa: S310 # the address is the user's own setting
        return urllib.request.urlopen(request, timeout=min(left, 30.0))  # noqa: S310 # as above


def _cut(lines: Any, most: int) -> bytes:
    """Read lines; of more than ``most`` bytes, keep a quarter from the beginning and the rest from the end."""
    head, tail, kept, left_out = bytearray(), deque[bytes](), 0, 0
    while line := lines.readline(most + 1):
        if not tail and not left_out and len(head) + len(line) <= most // 4:
            head += line
            continue
        tail.append(line)
        kept += len(line)
        while tail and kept > most - most // 4:
            kept -= len(tail.popleft())
            left_out += 1
    mark = json.dumps({"event": f"[{left_out} lines left out by the sender]"}).encode() + b"\n" if left_out else b""
    return bytes(head) + mark + b"".join(tail)


def collect(api: Api, dag_id: str, run_id: str) -> dict[str, Any]:
    """Collect what Airflow's API tells of a run. Raises OSError where not even the task instances can be had."""
    dag = f"/dags/{_quoted(dag_id)}"
    run = f"{dag}/dagRuns/{_quoted(run_id)}"
    event: dict[str, Any] = {"dag_run": _committed(api, run)}
    event["task_instances"] = list(api.pages(f"{run}/taskInstances", "task_instances", order_by="id"))
    event |= {"dag": api.had(dag), "tasks": api.had(f"{dag}/tasks")}
    event |= {"tries": {}, "xcom": {}, "logs": {}}
    for instance in event["task_instances"]:
        _add(api, event, run, instance)
    _add_values(api, event, run)
    return event


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _committed(api: Api, run: str) -> Any:
    until = time.monotonic() + _COMMITTED
    while (answer := api.get(run))["state"] not in _TERMINAL and time.monotonic() < until:
        time.sleep(1)
    return answer


def _add(api: Api, event: dict[str, Any], run: str, instance: dict[str, Any]) -> None:
    """Add tries and logs of a task instance."""
    task, index, last = instance["task_id"], instance["map_index"], instance["try_number"]
    path = f"{run}/taskInstances/{_quoted(task)}"
    if last > 1:
        event["tries"][f"{task}[{index}]"] = api.had(f"{path}/{index}/tries")
    if instance["start_date"] is None or instance["state"] in {"skipped", "upstream_failed", "removed"}:
        last = min(last, 1) if instance["state"] == "skipped" and instance["hostname"] else 0
    for number in range(1, last + 1):
        event["logs"][f"{task}[{index}]#{number}"] = api.log(f"{path}/logs/{number}", map_index=index)
    if last:
        event["xcom"][f"{task}[{index}]"] = []


def _add_values(api: Api, event: dict[str, Any], run: str) -> None:
    """Add the XComs of all task instances, each with its value."""
    try:
        for entry in api.pages(f"{run}/taskInstances/~/xcomEntries", "xcom_entries"):
            task, index, key = entry["task_id"], entry["map_index"], entry["key"]
            path = f"{run}/taskInstances/{_quoted(task)}/xcomEntries/{_quoted(key)}"
            value = api.had(path, map_index=index)
            entries = event["xcom"].setdefault(f"{task}[{index}]", [])
            entries.append(value if "value" in value else entry)
    except _REFUSALS as error:
        event["xcom"] = {}
        event["xcom_failed"] = str(error)


class RunfolioPlugin(AirflowPlugin):
    """Names the listener to Airflow."""

    name = "runfolio"
    listeners: ClassVar[list[Any]] = [Listener()]


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
