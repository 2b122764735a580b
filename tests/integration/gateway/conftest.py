"""One gateway for all tests of the HTTP interface."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.gateway.site import Site, isolated_site
from tests.servers import S3Server

DATABASE = 5
"""Apart from other tests' databases."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server, valkey_url: str) -> Iterator[Site]:
    with isolated_site(tmp_path_factory.mktemp("site"), s3_server, valkey_url, DATABASE) as running:
        yield running
