"""The story of ``runfolio retry``: exports that ended badly are asked for again."""

from __future__ import annotations

from producer.contract.errors import RunfolioError
from producer.contract.export import Export
from runfolio.client import GatewayClient


def failed(client: GatewayClient, workflow: str | None) -> list[str]:
    """Return the ids of all failed exports, gathered before any of them moves and changes the listing."""
    return [export.id for export in client.exports(status="failed", workflow=workflow)]


def request_again(client: GatewayClient, export_id: str) -> Export | RunfolioError:
    """Ask for an export again, or return what is in the way; one that is not settled or ready stays as it is."""
    try:
        export = client.export(export_id)
        return client.request_export(export.workflow.id, export.execution.id, export.options)
    except RunfolioError as error:
        return error
