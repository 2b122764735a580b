"""The records of a zip, held against those of another program, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from isal import isal_zlib
from stream_zip import ZIP_32, ZIP_64, MemberFile, stream_zip

from worker.archive import BLOCK, Member, write_archive

MOMENT = datetime(2025, 4, 9, 14, 59, 57, tzinfo=UTC)
LATE = datetime(2040, 1, 1, tzinfo=UTC)


def theirs(files: list[tuple[str, bytes, bool]], moment: datetime) -> bytes:
    def members() -> Iterator[MemberFile]:
        for name, data, large in files:
            blocks = [data[start : start + BLOCK] for start in range(0, len(data), BLOCK)]
            yield name, moment, 0o100644, ZIP_64 if large else ZIP_32, blocks

    zipped = stream_zip(
        members(),
        get_compressobj=lambda: isal_zlib.compressobj(level=2, wbits=-15),  # type: ignore[arg-type,return-value] # it has the two methods that are used
        extended_timestamps=moment < LATE,
    )
    return b"".join(zipped)


def ours(files: list[tuple[str, bytes, bool]], moment: datetime) -> bytes:
    members = (Member(name, [data], None if large else 1 << 20) for name, data, large in files)
    return b"".join(write_archive(members, moment=moment))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.text("aü工 .", min_size=1, max_size=20), st.binary(max_size=300), st.booleans()), max_size=6)
)
def test_plain_and_large_members_are_written_alike(files: list[tuple[str, bytes, bool]]) -> None:
    assert ours(files, MOMENT) == theirs(files, MOMENT)


@pytest.mark.parametrize("moment", [MOMENT, LATE])
@pytest.mark.parametrize("size", [BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7])
def test_members_of_several_blocks_are_written_alike(size: int, moment: datetime) -> None:
    data = bytes(number * number % 251 for number in range(size))
    files = [("a", data, False), ("b", data[::-1], True), ("c", b"", False)]
    assert ours(files, moment) == theirs(files, moment)
