from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO

import pytest

from producer.contract.errors import Conflict, NotFound, ObjectNotFound, StorageUnavailable
from producer.contract.export import Export
from producer.manifests import last_member, manifest_of
from tests.house import House, record_of, step
from worker.archive import Member, write_archive

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
    with zipfile.ZipFile(BytesIO(data)) as archive:
        stored = archive.getinfo("manifest.json").compress_size
    assert len(read) == 3
    assert sum(read) < stored + 5_000, "neither the archive nor its directory is fetched for it"


def test_an_archive_without_a_manifest_says_so(house: House) -> None:
    export = made(house, [])
    with pytest.raises(NotFound, match="no manifest"):
        manifest_of(house.objects, house.gateway.exports, export.id)


def test_an_export_that_is_not_ready_has_none(house: House) -> None:
    (export,) = house.send(RECORD, export={"include": ["manifest"]})
    with pytest.raises(Conflict, match="not ready"):
        manifest_of(house.objects, house.gateway.exports, export.id)
    house.gateway.exports.revoke(export.id, "somebody")
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


@pytest.mark.parametrize("count", [1, 2, 300])
@pytest.mark.parametrize("limit", [None, 100], ids=["zip64", "plain"])
def test_the_last_member_is_found_in_the_last_bytes(count: int, limit: int | None) -> None:
    members = [Member(f"{n}.md", [b"x" * n], limit if n < 100 else None) for n in range(count)]
    data = b"".join(write_archive(members, moment=datetime(2025, 1, 1, tzinfo=UTC)))
    with zipfile.ZipFile(BytesIO(data)) as archive:
        expected = archive.infolist()[-1]

    for size in (4096, len(data)):
        found = last_member(data[-size:])
        assert found is not None
        assert (found.filename, found.header_offset, found.compress_size, found.file_size) == (
            expected.filename,
            expected.header_offset,
            expected.compress_size,
            expected.file_size,
        )


@pytest.mark.parametrize("tail", [b"", b"PK", b"x" * 5_000, b"PK\x01\x02" * 1_000, b"PK\x06\x07" + bytes(38)])
def test_what_is_no_end_of_a_zip_has_no_last_member(tail: bytes) -> None:
    assert last_member(tail) is None
