"""What every ObjectStore does, whichever client it speaks through and whichever store answers.

A test module gives the fixtures ``server`` (a running store whose credentials are in the environment) and ``client``
(the library's name); everything else follows here.
"""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse
from threading import Barrier
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
import pytest
from boto3.session import Session

from producer.contract.errors import ObjectExists, ObjectNotFound, StorageUnavailable
from producer.contract.objects import ObjectStore, StoredObject
from producer.contract.objects.clients import Endpoint, boto3_client
from producer.contract.objects.factory import ObjectsConfig, make_objects
from tests.servers import S3Server

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

RACERS = 16
MIB = 1 << 20


def downloaded(address: str) -> AbstractContextManager[HTTPResponse]:
    answer: HTTPResponse = urllib.request.urlopen(address)  # noqa: S310 # the store under test has signed it
    return answer


def keys(found: Iterator[StoredObject]) -> list[str]:
    return [one.key for one in found]


class ObjectStoreSuite:
    @pytest.fixture(scope="class")
    @classmethod
    def config(cls, server: S3Server, client: Literal["obstore", "boto3"]) -> ObjectsConfig:
        return ObjectsConfig(client, server.bucket, "us-east-1", server.endpoint_url)

    @pytest.fixture(scope="class")
    @classmethod
    def objects(cls, config: ObjectsConfig) -> ObjectStore:
        return make_objects(config)

    @pytest.fixture(scope="class")
    @classmethod
    def raw(cls, server: S3Server) -> Iterator[S3Client]:
        """Another client's view of the store."""
        client = boto3_client(Session(), Endpoint(server.bucket, "us-east-1", server.endpoint_url))
        yield client
        client.close()

    @pytest.fixture
    def closed_port(self) -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        return port

    @pytest.fixture
    def folder(self) -> str:
        return f"{uuid4()}/"

    def test_what_was_put_is_got(self, objects: ObjectStore, folder: str) -> None:
        objects.put(folder + "a", b"one")
        objects.put(folder + "a", b"two")
        content = objects.get(folder + "a")
        assert content.data == b"two"
        assert content.etag

    def test_an_empty_object_is_an_object(self, objects: ObjectStore, folder: str) -> None:
        objects.put(folder + "empty", b"")
        assert objects.get(folder + "empty").data == b""
        assert list(objects.stream(folder + "empty")) == []
        assert objects.head(folder + "empty").size == 0

    def test_head_tells_the_facts(self, objects: ObjectStore, folder: str) -> None:
        objects.put(folder + "a", b"12345")
        facts = objects.head(folder + "a")
        assert (facts.key, facts.size) == (folder + "a", 5)
        assert facts.etag == objects.get(folder + "a").etag
        assert abs(datetime.now(UTC) - facts.modified_at) < timedelta(minutes=1)

    def test_a_missing_object_is_said_to_be_missing(self, objects: ObjectStore, folder: str) -> None:
        for read in (objects.get, objects.head, objects.metadata, objects.stream):
            with pytest.raises(ObjectNotFound, match="no-such-thing"):
                read(folder + "no-such-thing")

    def test_one_of_many_creators_wins(self, objects: ObjectStore, folder: str) -> None:
        barrier = Barrier(RACERS)

        def create(number: int) -> bool | None:
            barrier.wait()
            try:
                objects.put_if(folder + "prize", str(number).encode(), etag=None)
            except ObjectExists:
                return False
            except StorageUnavailable:  # On a busy machine a store may take longer over a race than anybody waits.
                return None
            return True

        with ThreadPoolExecutor(RACERS) as pool:
            won = list(pool.map(create, range(RACERS)))
        stored = int(objects.get(folder + "prize").data)
        assert won.count(True) == (0 if won[stored] is None else 1)
        assert won[stored] is not False

    def test_a_version_can_be_replaced_once(self, objects: ObjectStore, folder: str) -> None:
        objects.put_if(folder + "a", b"1", etag=None)
        first = objects.get(folder + "a")
        objects.put_if(folder + "a", b"2", etag=first.etag)
        with pytest.raises(ObjectExists, match=folder):
            objects.put_if(folder + "a", b"3", etag=first.etag)
        assert objects.get(folder + "a").data == b"2"

    def test_a_version_that_is_gone_cannot_be_replaced(self, objects: ObjectStore, folder: str) -> None:
        objects.put(folder + "a", b"1")
        etag = objects.get(folder + "a").etag
        objects.delete([folder + "a"])
        with pytest.raises(ObjectExists):
            objects.put_if(folder + "a", b"2", etag=etag)

    def test_small_objects_keep_their_type(self, objects: ObjectStore, folder: str) -> None:
        objects.put(folder + "a", b"a", content_type="text/plain", content_disposition="inline")
        objects.put_if(folder + "b", b"{}", etag=None)
        with downloaded(objects.sign(folder + "a", timedelta(seconds=60))) as answer:
            assert (answer.headers["Content-Type"], answer.headers["Content-Disposition"]) == (
                "text/plain",
                "inline",
            )
        with downloaded(objects.sign(folder + "b", timedelta(seconds=60))) as answer:
            assert answer.headers["Content-Type"] == "application/json"

    def test_metadata_is_told_and_comes_with_a_download(self, objects: ObjectStore, folder: str) -> None:
        said = {"runfolio": '{"size":5,"at":"2025-04-09T12:00:00Z","files":[1,2]}'}
        headers = {"content_type": "application/zip", "content_disposition": "attachment"}
        objects.put_if(folder + "a", b"12345", etag=None, metadata=said, **headers)
        with pytest.raises(ObjectExists):
            objects.put_if(folder + "a", b"6", etag=None, metadata={"runfolio": "another"}, **headers)
        assert objects.metadata(folder + "a") == said
        with downloaded(objects.sign(folder + "a", timedelta(seconds=60))) as answer:
            assert answer.read() == b"12345"
            assert answer.headers["x-amz-meta-runfolio"] == said["runfolio"]
            assert answer.headers["Content-Type"] == "application/zip"
            assert answer.headers["Content-Disposition"] == "attachment"

    def test_an_object_may_have_no_metadata(self, objects: ObjectStore, folder: str) -> None:
        objects.put(folder + "a", b"a", content_disposition="inline")
        objects.put_if(folder + "b", b"b", etag=None)
        assert objects.metadata(folder + "a") == objects.metadata(folder + "b") == {}

    def test_addresses_are_signed_for_the_public_endpoint(self, config: ObjectsConfig, folder: str) -> None:
        objects = make_objects(msgspec.structs.replace(config, public_endpoint_url="https://files.example.org:9000"))
        address = urlsplit(objects.sign(folder + "a b%2F.zip", timedelta(seconds=60)))
        assert (address.scheme, address.netloc) == ("https", "files.example.org:9000")
        assert address.path == f"/{config.bucket}/{folder}a%20b%252F.zip"
        assert "X-Amz-Expires=60" in address.query
        assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in address.query

    def test_list_is_in_order_and_starts_behind(self, objects: ObjectStore, folder: str) -> None:
        names = ["B", "a", "a%2Fb", "a-b", "b/1", "b/2", "c", "é"]
        for name in reversed(names):
            objects.put(folder + name, name.encode())
        assert keys(objects.list(folder)) == [folder + name for name in names]
        for position, name in enumerate(names):
            behind = keys(objects.list(folder, after=folder + name))
            assert behind == [folder + later for later in names[position + 1 :]]

    def test_list_starts_behind_a_place_where_nothing_is(self, objects: ObjectStore, folder: str) -> None:
        names = ["2026-01-01/10-a", "2026-01-01/12-b", "2026-01-03/09-c", "2026-01-03/10-d"]
        for name in names:
            objects.put(folder + name, b"1")
        for place, left in (
            ("2025-12-31/23", 4),
            ("2026-01-01/1", 4),
            ("2026-01-01/11", 3),
            ("2026-01-01/13", 2),
            ("2026-01-02/00", 2),
            ("2026-01-03/09-c", 1),
            ("2026-01-03/09-d", 1),
            ("2026-01-04/00", 0),
        ):
            assert keys(objects.list(folder, after=folder + place)) == [folder + name for name in names[4 - left :]]

    def test_list_takes_any_start_of_a_key(self, objects: ObjectStore, folder: str) -> None:
        for name in ("ab", "abc", "abd/1", "b"):
            objects.put(folder + name, b"1")
        assert keys(objects.list(folder + "ab")) == [folder + "ab", folder + "abc", folder + "abd/1"]
        assert keys(objects.list(folder + "abc")) == [folder + "abc"]
        assert keys(objects.list(folder + "none")) == []
        assert folder + "b" in keys(objects.list(folder[:8]))

    def test_list_tells_facts(self, objects: ObjectStore, folder: str) -> None:
        objects.put(folder + "a", b"12345")
        (found,) = objects.list(folder)
        assert found.size == 5
        assert found.etag == objects.get(folder + "a").etag
        assert found.modified_at.tzinfo is not None

    def test_list_and_delete_have_no_end_at_a_thousand(self, objects: ObjectStore, folder: str) -> None:
        names = [f"{folder}{number:04}" for number in range(1003)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: objects.put(name, b""), names))
        assert keys(objects.list(folder)) == names
        objects.delete(iter([*names, folder + "missing"]))
        assert keys(objects.list(folder)) == []

    def test_delete_takes_missing_and_awkward_keys(self, objects: ObjectStore, folder: str) -> None:
        awkward = [folder + name for name in AWKWARD]
        for key in [*awkward, folder + "stays"]:
            objects.put(key, b"1")
        objects.delete([folder + "missing", *awkward, folder + "missing too"])
        objects.delete([])
        assert keys(objects.list(folder)) == [folder + "stays"]

    def test_awkward_keys_are_keys(
        self, objects: ObjectStore, config: ObjectsConfig, raw: S3Client, folder: str
    ) -> None:
        for name in AWKWARD:
            objects.put(folder + name, name.encode())
        assert sorted(keys(objects.list(folder))) == sorted(folder + name for name in AWKWARD)
        for name in AWKWARD:
            assert objects.get(folder + name).data == name.encode()
            seen = raw.get_object(Bucket=config.bucket, Key=folder + name)["Body"].read()
            assert seen == name.encode()
            with downloaded(objects.sign(folder + name, timedelta(seconds=60))) as answer:
                assert answer.read() == name.encode()

    def test_a_store_that_is_down_is_said_to_be_down(self, config: ObjectsConfig, closed_port: int) -> None:
        address = f"http://127.0.0.1:{closed_port}"
        objects = make_objects(msgspec.structs.replace(config, endpoint_url=address))
        for call in (lambda: objects.get("a"), lambda: objects.put("a", b"1"), objects.check):
            begun = time.monotonic()
            with pytest.raises(StorageUnavailable, match=address) as raised:
                call()
            assert time.monotonic() - begun < 5
            assert "S3_ENDPOINT_URL" in (raised.value.remedy or "")

    def test_uploads_that_were_begun_are_listed_until_they_are_aborted(
        self, objects: ObjectStore, raw: S3Client, server: S3Server, folder: str
    ) -> None:
        for name in ("a", "b/ü c"):
            raw.create_multipart_upload(Bucket=server.bucket, Key=folder + name)
        found = {upload.key: upload for upload in objects.uploads(folder)}
        assert sorted(found) == [folder + "a", folder + "b/ü c"]
        for _ in range(2):
            objects.abort(found[folder + "b/ü c"])
        assert [upload.key for upload in objects.uploads(folder)] == [folder + "a"]
        objects.abort(found[folder + "a"])
        assert list(objects.uploads(folder)) == []

    def test_a_missing_bucket_is_named_then_made(self, config: ObjectsConfig) -> None:
        objects = make_objects(msgspec.structs.replace(config, bucket=f"new-{uuid4()}"))
        for call in (lambda: objects.get("a"), lambda: list(objects.list("a/")), objects.check):
            with pytest.raises(StorageUnavailable, match=r"no such bucket.*new-"):
                call()
        objects.ensure_bucket()
        objects.ensure_bucket()
        objects.check()
        objects.put("a", b"1")
        assert objects.get("a").data == b"1"


AWKWARD = ("with space", "per%2Fcent", "per%25cent", "%41", "plus+plus", "é☕漢", "~t!'()*,;:@&=$", "a.b", "trailing.")
