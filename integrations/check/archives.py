"""Waits for an execution's archive at the gateway, and reads it as a recipient would: through its link."""

from __future__ import annotations

import io
import time
import zipfile
from typing import Final

from integrations.check.place import EngineFailed
from runfolio.client import GatewayClient

_POLL: Final = 0.5


def archive_of(client: GatewayClient, engine: str, workflow: str, within: float) -> dict[str, str]:
    """Return the texts of a workflow's archive by the names of its files. Raises EngineFailed where none comes."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        for export in client.exports(status="ready"):
            if export.workflow.id.startswith(f"{engine}:") and export.workflow.name == workflow:
                return _texts(b"".join(client.download(export.download_url)))
        time.sleep(_POLL)
    found = [f"{export.workflow.id} ({export.status.value})" for export in client.exports(status="failed")]
    raise EngineFailed(f"No archive of {engine}'s {workflow!r} came within {within:.0f} s; failed: {found or 'none'}.")


def _texts(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}
