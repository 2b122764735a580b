"""That both clients ask the store to encrypt: the store in memory remembers of each object what it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import pytest
from boto3.session import Session
from moto.server import ThreadedMotoServer

from producer.contract.objects import ObjectStore
from producer.contract.objects.clients import Endpoint, boto3_client
from producer.contract.objects.encryption import Encryption
from producer.contract.objects.factory import ObjectsConfig, make_objects
from producer.contract.objects.parts import PART_SIZE

if TYPE_CHECKING:  # the stubs are installed for development only
    from mypy_boto3_s3.client import S3Client

BUCKET = "encrypted"
KEY_ID = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ENCRYPTIONS = [None, Encryption("AES256"), Encryption("aws:kms"), Encryption("aws:kms", KEY_ID)]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "any-access-key")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "any-secret-key")
        yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture(scope="module")
def raw(address: str) -> Iterator[S3Client]:
    client = boto3_client(Session(), Endpoint(BUCKET, "us-east-1", address))
    client.create_bucket(Bucket=BUCKET)
    yield client
    client.close()


@pytest.fixture(params=["obstore", "boto3"])
def client(request: pytest.FixtureRequest) -> Literal["obstore", "boto3"]:
    name: Literal["obstore", "boto3"] = request.param
    return name


@pytest.mark.parametrize("encryption", ENCRYPTIONS)
def test_whatever_is_written_is_encrypted_as_asked(
    address: str, raw: S3Client, client: Literal["obstore", "boto3"], encryption: Encryption | None
) -> None:
    objects = make_objects(ObjectsConfig(client, BUCKET, "us-east-1", address, encryption=encryption))
    for key in written(objects):
        answer = raw.head_object(Bucket=BUCKET, Key=key)
        if encryption is None:
            assert answer.get("ServerSideEncryption", "AES256") == "AES256"
            assert "SSEKMSKeyId" not in answer
        else:
            assert answer["ServerSideEncryption"] == encryption.algorithm
            assert answer.get("SSEKMSKeyId") == encryption.kms_key_id
        assert objects.get(key).data[:1] == b"x"


def written(objects: ObjectStore) -> tuple[str, ...]:
    """Write an object in each of the ways there are."""
    keys = ("put", "put_if", "single", "parts")
    objects.delete(keys)
    objects.put("put", b"x")
    objects.put_if("put_if", b"x", etag=None)
    objects.put_stream("single", [b"x"])
    objects.put_stream("parts", [b"x" * PART_SIZE, b"x"])
    return keys
