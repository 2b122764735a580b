"""The peer that integrations are wired to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.wiring.listening import Peer, peer


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """A stand-in for the gateway, which the settings of this process name."""
    with peer() as found:
        monkeypatch.setenv("RUNFOLIO_URL", f"{found.url}/")
        monkeypatch.setenv("RUNFOLIO_TOKEN", "a-token")
        monkeypatch.delenv("RUNFOLIO_QUERY", raising=False)
        yield found
