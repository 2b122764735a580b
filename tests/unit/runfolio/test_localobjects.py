from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from producer.contract.errors import ObjectExists, ObjectNotFound, StorageUnavailable
from producer.contract.objects import ObjectStore
from runfolio.localobjects import LocalObjects


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    return LocalObjects(tmp_path)


def test_what_was_put_is_got_and_can_be_replaced(objects: ObjectStore, tmp_path: Path) -> None:
    objects.put("a/b", b"one")
    first = objects.head("a/b")
    objects.put("a/b", b"three")
    assert objects.get("a/b").data == b"three"
    assert objects.head("a/b").size == 5
    assert objects.head("a/b").etag != first.etag
    assert len(list(tmp_path.iterdir())) == 1


def test_a_missing_object_is_said_to_be_missing(objects: ObjectStore) -> None:
    for read in (objects.get, objects.head, objects.stream):
        with pytest.raises(ObjectNotFound, match="none"):
            read("none")


def test_a_version_can_be_created_and_replaced_once(objects: ObjectStore) -> None:
    objects.put_if("a", b"1", etag=None)
    with pytest.raises(ObjectExists):
        objects.put_if("a", b"2", etag=None)
    version = objects.get("a").etag
    objects.put_if("a", b"2", etag=version)
    with pytest.raises(ObjectExists):
        objects.put_if("a", b"3", etag=version)


@pytest.mark.parametrize(("start", "end"), [(0, None), (3, 7), (9, 99), (10, None), (12, 20), (7, 3)])
def test_a_stream_gives_the_range(objects: ObjectStore, start: int, end: int | None) -> None:
    objects.put_stream("a", iter([b"01234", b"", b"56789"]))
    assert b"".join(objects.stream("a", start, end)) == b"0123456789"[start:end]


def test_a_stream_never_mixes_versions(objects: ObjectStore) -> None:
    objects.put("a", b"x" * 3_000_000)
    reading = objects.stream("a")
    next(reading)
    objects.put("a", b"y" * 3_000_000)
    with pytest.raises(StorageUnavailable, match="was replaced"):
        next(reading)


def test_an_error_of_the_source_leaves_what_was_there(objects: ObjectStore, tmp_path: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"half"
        raise FileNotFoundError("of the source")

    objects.put("a", b"whole")
    with pytest.raises(FileNotFoundError, match="of the source"):
        objects.put_stream("a", breaking())
    assert objects.get("a").data == b"whole"
    assert len(list(tmp_path.iterdir())) == 1


def test_list_is_in_order_and_delete_takes_missing_keys(objects: ObjectStore) -> None:
    for key in ("b", "a/é", "a/z", "a/%2F"):
        objects.put(key, b"")
    assert [one.key for one in objects.list("a/")] == ["a/%2F", "a/z", "a/é"]
    assert [one.key for one in objects.list("a/", after="a/z")] == ["a/é"]
    objects.delete(["a/z", "missing"])
    assert [one.key for one in objects.list("")] == ["a/%2F", "a/é", "b"]


def test_a_signed_address_is_the_files(objects: ObjectStore) -> None:
    objects.put("a", b"x")
    address = objects.sign("a", timedelta(seconds=1))
    assert Path(address.removeprefix("file://")).read_bytes() == b"x"


def test_a_folder_that_is_gone_is_a_store_that_is_down(objects: ObjectStore, tmp_path: Path) -> None:
    objects.check()
    tmp_path.rmdir()
    with pytest.raises(StorageUnavailable):
        objects.check()
    with pytest.raises(StorageUnavailable, match="cannot be written to"):
        objects.put("a", b"x")
    tmp_path.mkdir()
