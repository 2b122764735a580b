"""Prefect 3's API: a flow run, its flow, task runs, states, logs and artifacts."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from worker.sources.client import Client, Missing, object_of, rows_of

_PAGE: Final = 200
"""The most that the API gives at once."""

_LAG: Final = 3.0
"""Seconds after the end of a run until its log is complete: runs send it in batches, every two seconds."""


class Prefect:
    """Asks for flow runs by ``flow_run``. The address is that of the API, with ``/api`` at its end."""

    def sign_in(self, client: Client, token: str) -> None:
        """Send an API key, or user and password (``user:password``)."""
        if ":" in token:
            client.headers["Authorization"] = f"Basic {base64.b64encode(token.encode()).decode()}"
        elif token:
            client.headers["Authorization"] = f"Bearer {token}"

    def head(self, client: Client, ids: Mapping[str, str]) -> dict[str, Any]:
        """Fetch the flow run and its flow."""
        run = object_of(client, client.get("flow_runs", ids["flow_run"]))
        flow_id = run.get("flow_id")
        try:
            flow = object_of(client, client.get("flows", flow_id)) if isinstance(flow_id, str) and flow_id else None
        except Missing:
            flow = None
        if flow is not None and flow.get("name") == ids.get("flow_name"):
            # The event knew the flow by its name, which is unique too: that is what its workflow is called by here.
            run.pop("flow_id")
            flow.pop("id", None)
        return {"flow_run": run, **({"flow": flow} if flow is not None else {})}

    def rest(self, client: Client, ids: Mapping[str, str], head: dict[str, Any]) -> dict[str, Any]:
        """Fetch the task runs, the history of each, and the logs and artifacts of all."""
        client.wait(_until_complete(head["flow_run"]))
        of_run = {"flow_run_id": {"any_": [ids["flow_run"]]}}
        runs = list(
            _found(client, "task_runs", {"flow_runs": {"id": {"any_": [ids["flow_run"]]}}}, "EXPECTED_START_TIME_ASC")
        )
        parts = {
            "flow_run_states": client.optional(
                "states of the flow run", "flow_run_states", "", flow_run_id=ids["flow_run"]
            ),
            "logs": client.lenient("logs", lambda: list(_found(client, "logs", {"logs": of_run}, "TIMESTAMP_ASC"))),
            "artifacts": client.lenient(
                "artifacts", lambda: list(_found(client, "artifacts", {"artifacts": of_run}, "ID_DESC"))
            ),
        }
        fetched = {name: part for name, part in parts.items() if isinstance(part, list)}
        return {**head, "task_runs": runs, "task_run_states": dict(_histories(client, runs)), **fetched}

    def kept(self, told: dict[str, Any]) -> dict[str, Any]:
        """Keep the event; a state that a hook was told is in the flow run by now."""
        return {name: value for name, value in told.items() if name != "state"}


def _until_complete(run: dict[str, Any], now: datetime | None = None) -> float:
    try:
        ended = datetime.fromisoformat(str(run.get("end_time")))
    except ValueError:
        return 0.0
    passed = ((now or datetime.now(UTC)) - (ended if ended.tzinfo else ended.replace(tzinfo=UTC))).total_seconds()
    return min(_LAG, max(0.0, _LAG - passed))


def _found(client: Client, kind: str, wanted: Mapping[str, Any], order: str) -> Iterator[dict[str, Any]]:
    """Go through what a search finds, page by page."""
    seen = 0
    while True:
        answer = client.post(kind, "filter", body={**wanted, "limit": _PAGE, "offset": seen, "sort": order})
        rows = rows_of(client, answer)
        yield from (object_of(client, row) for row in rows)
        seen += len(rows)
        if len(rows) < _PAGE:
            return


def _histories(client: Client, runs: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for run in runs:
        identity = run.get("id")
        if isinstance(identity, str) and identity:
            states = client.optional("states of a task run", "task_run_states", "", task_run_id=identity)
            if isinstance(states, list):
                yield identity, states
