"""Both clients against an S3 server in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from boto3.session import Session
from moto.server import ThreadedMotoServer

from producer.contract.objects.clients import Endpoint, boto3_client
from tests.contract_suites.object_streams import ObjectStreamSuite
from tests.contract_suites.objects import ObjectStoreSuite
from tests.servers import S3Server


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    server = S3Server(f"http://{host}:{port}", "runfolio", "any-access-key", "any-secret-key")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", server.access_key)
        environment.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
        client = boto3_client(Session(), Endpoint(server.bucket, "us-east-1", server.endpoint_url))
        client.create_bucket(Bucket=server.bucket)
        client.close()
        yield server
    running.stop()


@pytest.fixture(scope="class", params=["obstore", "boto3"])
def client(request: pytest.FixtureRequest) -> Literal["obstore", "boto3"]:
    name: Literal["obstore", "boto3"] = request.param
    return name


class TestAgainstMoto(ObjectStoreSuite, ObjectStreamSuite):
    """The suite as it is."""
