from __future__ import annotations

import hashlib
import io
import os
import random
import shutil
import stat
import subprocess
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import TooLarge
from worker.archive import BLOCK, ArchiveWriter, Member, MemberFacts, write_archive

MOMENT = datetime(2025, 4, 9, 14, 59, 56, tzinfo=UTC)
ZIP_64_VERSION = 45
MIB = 1 << 20


def zipped(*members: Member, moment: datetime = MOMENT) -> bytes:
    return b"".join(write_archive(members, moment=moment))


def opened(data: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(data))


def noise(size: int, seed: int = 0) -> bytes:
    """Bytes that cannot be compressed, the same at each run."""
    return random.Random(seed).randbytes(size)  # noqa: S311 # test data must repeat, not be secret


def cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    for size in sizes:
        yield data[:size]
        data = data[size:]
    yield data


def test_members_come_back_as_they_went_in() -> None:
    archive = opened(
        zipped(Member("a_success.md", [b"one ", b"two"]), Member("ü 工_failed.md", []), Member("c", [b""]))
    )
    assert archive.testzip() is None
    assert archive.namelist() == ["a_success.md", "ü 工_failed.md", "c"]
    assert [archive.read(name) for name in archive.namelist()] == [b"one two", b"", b""]


def test_names_are_flagged_as_utf_8() -> None:
    assert all(info.flag_bits & 0x800 for info in opened(zipped(Member("ü", []), Member("a", []))).infolist())


def test_members_are_regular_files_that_all_may_read() -> None:
    info = opened(zipped(Member("a", [b"x"]))).infolist()[0]
    assert info.create_system == 3
    assert info.external_attr >> 16 == stat.S_IFREG | 0o644


def test_an_archive_may_be_empty() -> None:
    writer = ArchiveWriter([], moment=MOMENT)
    data = b"".join(writer)
    assert opened(data).namelist() == []
    assert (writer.files, writer.size) == (0, len(data))


def test_totals_are_those_of_the_bytes() -> None:
    writer = ArchiveWriter([Member("a", [b"x" * 500]), Member("b", [os.urandom(300_000)])], moment=MOMENT)
    data = b"".join(writer)
    assert (writer.size, writer.files) == (len(data), 2)
    assert writer.sha256 == hashlib.sha256(data).hexdigest()


def test_the_last_member_can_tell_of_the_others() -> None:
    facts: list[MemberFacts] = []

    def members() -> Iterator[Member]:
        yield Member("a", [b"x" * 70_000, b"y"])
        assert [fact.name for fact in facts] == ["a"]
        yield Member("b", [])
        yield Member("manifest", [repr(facts).encode()])

    archive = opened(b"".join(ArchiveWriter(members(), moment=MOMENT, on_member=facts.append)))
    assert facts[:2] == [
        MemberFacts("a", 70_001, hashlib.sha256(b"x" * 70_000 + b"y").hexdigest()),
        MemberFacts("b", 0, hashlib.sha256(b"").hexdigest()),
    ]
    assert archive.read("manifest") == repr(facts[:2]).encode()


def test_members_are_drawn_only_when_their_turn_comes() -> None:
    drawn: list[str] = []

    def members() -> Iterator[Member]:
        for name in ("first", "second"):
            drawn.append(name)
            yield Member(name, [os.urandom(4 * BLOCK)])

    next(write_archive(members(), moment=MOMENT))
    assert drawn == ["first"]


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 2 * BLOCK), max_size=8),
    length=st.one_of(st.integers(0, 4 * BLOCK), st.sampled_from([0, 1, BLOCK - 1, BLOCK, BLOCK + 1])),
    kind=st.sampled_from(["text", "noise"]),
)
def test_bytes_do_not_depend_on_how_chunks_are_cut(sizes: list[int], length: int, kind: str) -> None:
    random_bytes = noise(length, seed=length)
    data = random_bytes if kind == "noise" else random_bytes.hex().encode()[:length]
    whole = zipped(Member("a", [data]))
    assert zipped(Member("a", cut(data, sizes))) == whole
    assert opened(whole).read("a") == data


def test_bytes_do_not_depend_on_the_process_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    archives = set()
    for zone in ("UTC", "America/New_York", "Asia/Kolkata"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        archives.add(zipped(Member("a", [b"x"])))
    monkeypatch.undo()
    time.tzset()
    assert len(archives) == 1


def test_equal_moments_give_equal_bytes() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    same = zipped(Member("a", [b"x"]))
    assert zipped(Member("a", [b"x"]), moment=elsewhere) == same
    assert zipped(Member("a", [b"x"]), moment=MOMENT.replace(tzinfo=None)) == same
    assert opened(same).infolist()[0].date_time == (2025, 4, 9, 14, 59, 56)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), (1980, 1, 1, 0, 0, 0)),
        (datetime(1979, 12, 31, 23, 59, tzinfo=UTC), (1980, 1, 1, 0, 0, 0)),
        (datetime(2038, 1, 19, 3, 14, 6, tzinfo=UTC), (2038, 1, 19, 3, 14, 6)),
        (datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC), (2038, 1, 19, 3, 14, 8)),
        (datetime(2108, 1, 1, tzinfo=UTC), (2107, 12, 31, 23, 59, 58)),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))), (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_moments_that_a_zip_cannot_hold_are_moved(moment: datetime, expected: tuple[int, ...]) -> None:
    archive = opened(zipped(Member("a", [b"x"]), Member("b", [b"y"]), moment=moment))
    assert archive.testzip() is None
    assert [info.date_time for info in archive.infolist()] == [expected, expected]


def test_pieces_are_at_least_a_block_but_for_the_last() -> None:
    pieces = list(write_archive((Member(f"{n}", [os.urandom(900)]) for n in range(1000)), moment=MOMENT))
    assert len(pieces) > 5
    assert all(len(piece) >= BLOCK for piece in pieces[:-1])
    assert max(map(len, pieces)) < 2 * BLOCK


def test_ordinary_archives_are_plain_zip() -> None:
    archive = opened(zipped(*(Member(f"{n}", [b"x"]) for n in range(20))))
    assert {info.extract_version for info in archive.infolist()} == {20}


def test_a_member_of_unknown_size_is_zip64() -> None:
    archive = opened(zipped(Member("a", [b"x"], size_limit=None), Member("b", [b"y"]), Member("c", [b"z"], 2**32)))
    assert archive.testzip() is None
    assert [info.extract_version for info in archive.infolist()] == [ZIP_64_VERSION, 20, ZIP_64_VERSION]


def test_a_member_above_its_limit_is_refused() -> None:
    assert opened(zipped(Member("a", [b"x" * 10], size_limit=10))).read("a") == b"x" * 10
    with pytest.raises(TooLarge, match="'a' of the archive is larger than the 10 bytes"):
        zipped(Member("a", [b"x" * 11], size_limit=10))


def test_seventy_thousand_members_are_readable(tmp_path: Path) -> None:
    writer = ArchiveWriter((Member(f"{n}_success.md", [b"%d" % n]) for n in range(70_000)), moment=MOMENT)
    path = tmp_path / "many.zip"
    with path.open("wb") as file:
        file.writelines(writer)
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        assert len(infos) == writer.files == 70_000
        assert infos[0].extract_version == 20
        assert archive.read("69999_success.md") == b"69999"
    check("unzip", "-tqq", str(path))


def boundary_sizes() -> Iterator[tuple[int, bytes]]:
    """Incompressible members after which a plain local header would end near a multiple of the block size."""
    for size in range(BLOCK - 180, BLOCK - 60):
        yield size, noise(size)


def test_no_size_ends_the_archive_early() -> None:
    upgraded = 0
    for size, data in boundary_sizes():
        archive = opened(zipped(Member("a", [data]), Member("after", [b"y"]), Member("c", [b"z"])))
        assert archive.namelist() == ["a", "after", "c"], size
        upgraded += archive.getinfo("after").extract_version == ZIP_64_VERSION
    assert upgraded == 1


def test_no_size_ends_the_archive_early_after_a_zip64_member_or_without_unix_times() -> None:
    late = datetime(2100, 1, 1, tzinfo=UTC)
    upgraded = 0
    for _, data in boundary_sizes():
        for moment, limit in ((MOMENT, None), (late, BLOCK), (late, None)):
            archive = opened(zipped(Member("a", [data], limit), Member("ü", [b"y"]), moment=moment))
            upgraded += archive.getinfo("ü").extract_version == ZIP_64_VERSION
    assert upgraded == 3


def test_offsets_beyond_four_gibibytes_are_zip64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.archive._ZIP_32_MAX", 100_000)
    data = noise(30_000)
    archive = opened(zipped(*(Member(f"{n}", [data], size_limit=30_000) for n in range(5))))
    assert archive.testzip() is None
    versions = [info.extract_version for info in archive.infolist()]
    assert versions == [20, 20, 20, ZIP_64_VERSION, ZIP_64_VERSION]


def test_noise_does_not_outgrow_the_bound() -> None:
    size = 4 * MIB
    assert len(zipped(Member("a", [noise(size)]))) < size + (size >> 9) + 1024


def test_memory_does_not_grow_with_the_archive() -> None:
    block = noise(MIB)
    members = (Member(f"{n}", (block for _ in range(4))) for n in range(6))
    tracemalloc.start()
    try:
        for _ in write_archive(members, moment=MOMENT):
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * MIB


@pytest.mark.parametrize("command", [("unzip", "-tqq"), ("bsdtar", "-tf")])
def test_other_programs_read_the_archive(command: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "a b.zip"
    members = [Member("naïve 工_success.md", [b"x" * 200_000]), Member("b", [b"y"], size_limit=None), Member("c", [])]
    path.write_bytes(zipped(*members))
    check(*command, str(path))


def test_unzip_restores_files_and_times(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(Member("a_1_success.md", [b"text"])))
    check("unzip", "-q", str(path), "-d", str(tmp_path))
    restored = tmp_path / "a_1_success.md"
    assert restored.read_bytes() == b"text"
    assert restored.stat().st_mtime == MOMENT.timestamp()
    assert restored.stat().st_mode & 0o600 == 0o600


def check(program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not on this machine")
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 # fixed program
    assert done.returncode == 0, done.stdout + done.stderr
