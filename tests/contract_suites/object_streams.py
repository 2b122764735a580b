"""What every ObjectStore does with objects of any size; goes with the suite of small ones, which has the fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from producer.contract.errors import StorageUnavailable
from producer.contract.objects import ObjectStore, StoredObject
from producer.contract.objects.factory import ObjectsConfig
from producer.contract.objects.parts import PART_SIZE

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

from tests.contract_suites.objects import downloaded, keys

MIB = 1 << 20


class BrokenSource(Exception):
    """What a test's chunks raise."""


def patterned(size: int) -> bytes:
    """Bytes whose every place can be told from its neighbours, across pieces and parts too."""
    block = b"".join(n.to_bytes(4, "big") for n in range(MIB // 4))
    whole = b"".join(n.to_bytes(4, "big") + block[4:] for n in range(size // MIB + 1))
    return whole[:size]


def chunked(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


class ObjectStreamSuite:
    @pytest.mark.parametrize(
        ("start", "end"),
        [(0, None), (0, 10), (3, 7), (3, None), (9, 10), (5, 99), (10, None), (12, 20), (4, 4), (7, 3)],
    )
    def test_a_stream_gives_the_range(self, objects: ObjectStore, folder: str, start: int, end: int | None) -> None:
        objects.put(folder + "a", b"0123456789")
        assert b"".join(objects.stream(folder + "a", start, end)) == b"0123456789"[start:end]

    def test_a_range_may_cross_pieces(self, objects: ObjectStore, folder: str) -> None:
        data = patterned(9 * MIB + 17)
        objects.put_stream(folder + "a", [data])
        for start, end in ((0, None), (4 * MIB - 1, 8 * MIB + 1), (MIB, 5 * MIB)):
            got = list(objects.stream(folder + "a", start, end))
            assert b"".join(got) == data[start:end]
            assert max(len(piece) for piece in got) <= 8 * MIB

    def test_an_upload_may_read_from_the_store_that_it_writes_to(self, objects: ObjectStore, folder: str) -> None:
        """A worker does: it reads the record while it uploads the archive that is made of it."""
        data = patterned(3 * MIB)
        objects.put(folder + "record", data)

        def copies() -> Iterator[bytes]:
            for _ in range(7):
                yield from objects.stream(folder + "record")
                assert objects.get(folder + "record").data == data

        objects.put_stream(folder + "archive", copies())
        assert b"".join(objects.stream(folder + "archive")) == data * 7

    def test_a_stream_never_mixes_versions(self, objects: ObjectStore, folder: str) -> None:
        objects.put(folder + "a", b"x" * 6 * MIB)
        reading = objects.stream(folder + "a")
        next(reading)
        objects.put(folder + "a", b"y" * 6 * MIB)
        with pytest.raises(StorageUnavailable, match="was replaced"):
            next(reading)

    def test_a_small_stream_is_one_plain_object(
        self, objects: ObjectStore, config: ObjectsConfig, raw: S3Client, folder: str
    ) -> None:
        objects.put_stream(folder + "a", iter([b"one ", b"", b"two"]))
        assert objects.get(folder + "a").data == b"one two"
        # The version of a multipart upload ends in its number of parts.
        assert "-" not in raw.head_object(Bucket=config.bucket, Key=folder + "a")["ETag"]

    def test_a_stream_of_nothing_is_an_empty_object(self, objects: ObjectStore, folder: str) -> None:
        objects.put_stream(folder + "a", iter(()))
        assert objects.get(folder + "a").data == b""

    @pytest.mark.parametrize("size", [PART_SIZE, PART_SIZE + 1, 2 * PART_SIZE, 21 * MIB + 5])
    def test_a_large_stream_arrives_whole(self, objects: ObjectStore, folder: str, size: int) -> None:
        data = patterned(size)
        objects.put_stream(folder + "large", chunked(data, 300_000))
        assert objects.head(folder + "large").size == size
        assert b"".join(objects.stream(folder + "large")) == data

    @pytest.mark.parametrize("error", [BrokenSource, FileNotFoundError, ValueError])
    @pytest.mark.parametrize("size", [100, 3 * PART_SIZE])
    def test_an_error_of_the_source_leaves_nothing(
        self, objects: ObjectStore, config: ObjectsConfig, raw: S3Client, folder: str, size: int, error: type[Exception]
    ) -> None:
        def breaking() -> Iterator[bytes]:
            yield from chunked(patterned(size), MIB)
            raise error("of the source")

        with pytest.raises(error, match=r"^of the source$") as raised:
            objects.put_stream(folder + "broken", breaking())
        assert type(raised.value) is error
        assert keys(objects.list(folder)) == []
        uploads = raw.list_multipart_uploads(Bucket=config.bucket).get("Uploads", [])
        assert [one["Key"] for one in uploads if one["Key"].startswith(folder)] == []

    def test_an_upload_that_is_not_all_there_is_an_error(
        self, objects: ObjectStore, folder: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(objects, "head", lambda key: StoredObject(key, 7, datetime.now(UTC), "etag"))
        with pytest.raises(StorageUnavailable, match=f"7 of the {PART_SIZE + 1} bytes"):
            objects.put_stream(folder + "torn", [b"x" * (PART_SIZE + 1)])

    @pytest.mark.parametrize("size", [5, PART_SIZE + 1])
    def test_a_signed_address_downloads_under_the_name(self, objects: ObjectStore, folder: str, size: int) -> None:
        disposition = "attachment; filename=\"a b.zip\"; filename*=UTF-8''a%20%E2%98%95.zip"
        objects.put_stream(
            folder + "a b.zip", [b"z" * size], content_type="application/zip", content_disposition=disposition
        )
        with downloaded(objects.sign(folder + "a b.zip", timedelta(seconds=60))) as answer:
            assert answer.headers["Content-Type"] == "application/zip"
            assert answer.headers["Content-Disposition"] == disposition
            assert len(answer.read()) == size
