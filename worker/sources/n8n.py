"""n8n's public API: ``GET /api/v1/executions/{id}``, with and without the execution's data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from worker.sources.client import Client, object_of

_API: Final = ("api", "v1", "executions")
_IDS: Final = frozenset({"executionId", "workflowId", "workflowName", "execution", "workflow", "mode"})
"""What the execution itself tells."""


class N8n:
    """Asks for executions; ids are those of n8n."""

    def sign_in(self, client: Client, token: str) -> None:
        """Send the API key."""
        if token:
            client.headers["X-N8N-API-KEY"] = token

    def head(self, client: Client, ids: Mapping[str, str]) -> dict[str, Any]:
        """Fetch the execution without its data, for it may still run."""
        return object_of(client, client.get(*_API, ids["execution"]))

    def rest(self, client: Client, ids: Mapping[str, str], head: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 # other sources go on from it
        """Fetch the execution with its data."""
        return object_of(client, client.get(*_API, ids["execution"], includeData="true"))

    def kept(self, told: dict[str, Any]) -> dict[str, Any]:
        """Keep what whoever made the event has added to it."""
        added = {} if "status" in told else {name: value for name, value in told.items() if name not in _IDS}
        return {"event": added} if added else {}
