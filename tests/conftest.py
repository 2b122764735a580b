"""Real servers, started once for all tests that need them."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterator

import pytest

from tests.servers import S3Server, seaweedfs, valkey


def pytest_configure() -> None:
    """Let Ctrl-C count: a background job has it ignored, and every process that a test starts would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
