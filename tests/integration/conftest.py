"""Real servers, started once for all integration tests."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from tests.servers import S3Server, seaweedfs, valkey


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A SeaweedFS with one bucket."""
    with seaweedfs(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Valkey with a password, in memory only."""
    with valkey(tmp_path_factory.mktemp("valkey"), secrets.token_urlsafe(12)) as url:
        yield url
