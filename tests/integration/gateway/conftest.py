"""One gateway for all tests of the HTTP interface."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.integration.gateway.site import Site, running_site
from tests.servers import S3Server

DATABASE = 5
"""Apart from other tests' databases."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server, valkey_url: str) -> Iterator[Site]:
    broker_url = f"{valkey_url.rpartition('/')[0]}/{DATABASE}"
    with pytest.MonkeyPatch.context() as environment:
        for name in os.environ:
            if name.startswith(("AWS_", "RUNFOLIO_")):
                environment.delenv(name)
        environment.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
        environment.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
        with running_site(tmp_path_factory.mktemp("site"), s3_server, broker_url) as running:
            yield running
