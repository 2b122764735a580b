"""Sends every completed run of Dagster to Runfolio: run status sensors, to be put into ``Definitions(sensors=…)``.

``RUNFOLIO_URL`` and ``RUNFOLIO_TOKEN`` say where to. A sensor is evaluated by the daemon, in the process of the code
location, after the run has ended: it cannot touch the run. It reads run, event log and captured logs from the
instance, within ``RUNFOLIO_TIMEOUT`` seconds (45; Dagster ends an evaluation after 60), and sends them in the form of
``dagster debug export``, with the captured logs beside. What fails there is shown in Dagster as a failed tick.
"""

import json
import os
import time
import urllib.request
from collections.abc import Iterator
from typing import Any, Final

from dagster import DagsterRunStatus, DefaultSensorStatus, RunStatusSensorContext, run_status_sensor
from dagster._serdes import serialize_value  # the text of `dagster debug export`, which has no public name

MOST_BYTES: Final = 15_000_000
"""Size of an event; a gateway takes 16 MiB unless it is set otherwise."""
MOST_LOG_BYTES: Final = 1_000_000
"""Size of what one process wrote to one stream; of more, the beginning is sent."""

_PAGE: Final = 500
_NAMES: Final = {
    DagsterRunStatus.SUCCESS: "runfolio_success",
    DagsterRunStatus.FAILURE: "runfolio_failure",
    DagsterRunStatus.CANCELED: "runfolio_canceled",
}


def runfolio_sensors(*, monitor_all_code_locations: bool = False) -> list[Any]:
    """Return a sensor for each way in which a run ends; they run as soon as the daemon knows them."""
    return [
        run_status_sensor(
            run_status=status,
            name=name,
            monitor_all_code_locations=monitor_all_code_locations,
            default_status=DefaultSensorStatus.RUNNING,
            minimum_interval_seconds=int(os.environ.get("RUNFOLIO_INTERVAL", "10")),
            description="Sends completed runs to Runfolio.",
        )(send_to_runfolio)
        for status, name in _NAMES.items()
    ]


def send_to_runfolio(context: RunStatusSensorContext) -> None:
    """Send the run that a run status sensor is told of. Raises RuntimeError and KeyError."""
    deadline = time.monotonic() + float(os.environ.get("RUNFOLIO_TIMEOUT", "45"))
    post("dagster", collect(context.instance, context.dagster_run, deadline - 10), deadline)


def collect(instance: Any, run: Any, deadline: float) -> dict[str, Any]:
    """Collect what the instance tells of a run, as long as there is time and room."""
    event: dict[str, Any] = {"__class__": "DebugRunPayload", "pipeline_run": _plain(run)}
    if run.execution_plan_snapshot_id:
        event["execution_plan_snapshot"] = _plain(instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id))
    left = MOST_BYTES - len(json.dumps(event))
    event["event_list"] = []
    event["captured_logs"] = {}
    for entry in _entries(instance, run.run_id):
        text = serialize_value(entry)
        left -= len(text) + 2
        if left < 0 or time.monotonic() > deadline:
            event["left_out"] = "Not all of the event log is here: the time, or the largest size of an event, was over."
            break
        event["event_list"].append(json.loads(text))
    for key in _files(event["event_list"]):
        captured = _captured(instance, run.run_id, key, min(left // 4, MOST_LOG_BYTES))
        left -= len(json.dumps(captured))
        event["captured_logs"][key] = captured
    return event


def _plain(value: Any) -> Any:
    return json.loads(serialize_value(value))


def _entries(instance: Any, run_id: str) -> Iterator[Any]:
    cursor: str | None = None
    while True:
        page = instance.get_records_for_run(run_id, cursor=cursor, limit=_PAGE)
        yield from (record.event_log_entry for record in page.records)
        cursor = page.cursor
        if not page.has_more:
            return


def _files(entries: list[Any]) -> Iterator[str]:
    """Yield the files that processes wrote, by the names that Dagster gave them."""
    for entry in entries:
        event = entry.get("dagster_event") or {}
        data = event.get("event_specific_data") or {}
        if event.get("event_type_value") == "LOGS_CAPTURED" and (key := data.get("file_key") or data.get("log_key")):
            yield key


def _captured(instance: Any, run_id: str, key: str, most: int) -> dict[str, str]:
    data = instance.compute_log_manager.get_log_data([run_id, "compute_logs", key], max_bytes=max(most, 0))
    streams = {"stdout": data.stdout, "stderr": data.stderr}
    return {name: text.decode(errors="replace") for name, text in streams.items() if text}


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
