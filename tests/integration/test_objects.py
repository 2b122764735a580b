"""Both clients against SeaweedFS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest

from producer.contract.errors import RunfolioError, StorageUnavailable
from producer.contract.objects.factory import ObjectsConfig, make_objects
from producer.contract.objects.parts import PART_SIZE
from tests.contract_suites.object_streams import ObjectStreamSuite
from tests.contract_suites.objects import ObjectStoreSuite
from tests.servers import S3Server

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server(s3_server: S3Server) -> Iterator[S3Server]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
        environment.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
        yield s3_server


@pytest.fixture(scope="class", params=["obstore", "boto3"])
def client(request: pytest.FixtureRequest) -> Literal["obstore", "boto3"]:
    name: Literal["obstore", "boto3"] = request.param
    return name


class TestAgainstSeaweedFS(ObjectStoreSuite, ObjectStreamSuite):
    """The suite, and what the server in memory does not check."""

    def test_wrong_credentials_are_named_but_never_told(
        self, config: ObjectsConfig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "wrong-access-key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret-key")
        objects = make_objects(config)
        for call in (
            lambda: objects.get("a"),
            lambda: objects.head("a"),
            lambda: objects.put("a", b"1"),
            lambda: objects.put_if("a", b"1", etag=None),
            lambda: objects.put_stream("a", [b"1" * (PART_SIZE + 1)]),
            lambda: list(objects.list("a/")),
            lambda: objects.delete(["a"]),
            lambda: objects.stream("a"),
            objects.ensure_bucket,
            objects.check,
        ):
            with pytest.raises(StorageUnavailable, match=r"credentials|forbids") as raised:
                call()
            assert "credentials" in told(raised.value)
            assert "wrong-" not in told(raised.value)


def told(error: RunfolioError) -> str:
    return f"{error} {error.remedy} {error.field}"
