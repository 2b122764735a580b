from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO

import pytest

from producer.contract.errors import Conflict, NotFound, ObjectNotFound, StorageUnavailable
from producer.contract.export import Export
from producer.manifests import ObjectFile, manifest_of
from tests.fakes import MemoryObjects
from tests.house import House, record_of, step

RECORD = record_of([step(f"s{number}", output="x" * 50) for number in range(3_000)])


@pytest.fixture
def house() -> House:
    return House()


def made(house: House, include: list[str]) -> Export:
    (export,) = house.send(RECORD, export={"include": include})
    house.settle_down()
    return export


def test_the_manifest_is_that_of_the_archive(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    export = made(house, ["manifest"])
    (key,) = house.archives()
    data = house.objects.get(key).data
    read: list[int] = []
    stream = house.objects.stream

    def watched(key: str, start: int, end: int) -> Iterator[bytes]:
        read.append(end - start)
        return stream(key, start, end)

    monkeypatch.setattr(house.objects, "stream", watched)
    text = b"".join(manifest_of(house.objects, house.gateway.exports, export.id))
    assert text == zipfile.ZipFile(BytesIO(data)).read("manifest.json")
    assert sum(read) < len(data), "the archive is not fetched for it"


def test_an_archive_without_a_manifest_says_so(house: House) -> None:
    export = made(house, [])
    with pytest.raises(NotFound, match="no manifest"):
        manifest_of(house.objects, house.gateway.exports, export.id)


def test_an_export_that_is_not_ready_has_none(house: House) -> None:
    (export,) = house.send(RECORD, export={"include": ["manifest"]})
    with pytest.raises(Conflict, match="not ready"):
        manifest_of(house.objects, house.gateway.exports, export.id)
    house.gateway.exports.revoke(export.id)
    with pytest.raises(Conflict, match="deleted"):
        manifest_of(house.objects, house.gateway.exports, export.id)


def test_what_goes_wrong_shows_before_the_first_byte(house: House) -> None:
    export = made(house, ["manifest"])
    house.objects.delete(house.archives())
    with pytest.raises(ObjectNotFound):
        manifest_of(house.objects, house.gateway.exports, export.id)
    house.objects.down = True
    with pytest.raises(StorageUnavailable):
        manifest_of(house.objects, house.gateway.exports, export.id)


def test_a_stored_object_reads_as_a_file() -> None:
    objects = MemoryObjects()
    data = bytes(range(256)) * 10
    objects.put("a", data)
    file, real = ObjectFile(objects, "a", len(data)), BytesIO(data)
    for offset, whence, count in [
        (0, 0, 10),
        (-20, 2, 100),
        (5, 1, 3),
        (100, 0, 0),
        (10**6, 0, 5),
        (0, 2, 1),
        (7, 0, -1),
    ]:
        for one in (file, real):
            one.seek(offset, whence)
        assert file.read(count) == real.read(count)
        assert file.tell() == real.tell()
    assert file.readable()
    assert file.seekable()
