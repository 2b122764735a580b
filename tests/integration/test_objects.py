"""Both clients against SeaweedFS."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import msgspec
import pytest

from producer.contract.errors import RunfolioError, StorageUnavailable
from producer.contract.objects import ObjectStore
from producer.contract.objects.factory import ObjectsConfig, make_objects
from producer.contract.objects.parts import PART_SIZE
from tests.contract_suites.object_streams import ObjectStreamSuite
from tests.contract_suites.objects import ObjectStoreSuite
from tests.servers import S3Server

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

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

    @pytest.mark.slow
    def test_a_store_that_takes_requests_and_never_answers_shows_within_half_a_minute(
        self, config: ObjectsConfig
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"http://127.0.0.1:{silent.getsockname()[1]}"
            objects = make_objects(msgspec.structs.replace(config, endpoint_url=address))
            began = time.monotonic()
            with pytest.raises(StorageUnavailable, match="does not answer"):
                objects.get("a")
        assert time.monotonic() - began < 25

    def test_an_upload_tells_when_it_was_begun(self, objects: ObjectStore, raw: S3Client, server: S3Server) -> None:
        raw.create_multipart_upload(Bucket=server.bucket, Key="begun/now")
        (upload,) = objects.uploads("begun/")
        objects.abort(upload)
        assert abs(datetime.now(UTC) - upload.begun_at) < timedelta(minutes=1)


def told(error: RunfolioError) -> str:
    return f"{error} {error.remedy} {error.field}"
