from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import TooLarge
from producer.contract.objects import parts
from producer.contract.objects.parts import Source, batches, cut


@settings(max_examples=100)
@given(st.lists(st.binary(max_size=30), max_size=20), st.integers(min_value=1, max_value=12))
def test_parts_are_equal_and_lose_nothing(chunks: list[bytes], size: int) -> None:
    with mock.patch.object(parts, "PART_SIZE", size):
        done = list(cut(chunks))
    assert b"".join(done) == b"".join(chunks)
    assert all(len(part) == size for part in done[:-1])
    assert all(0 < len(part) <= size for part in done)


def test_parts_are_cut_as_chunks_come() -> None:
    taken: list[int] = []

    def chunks() -> Iterator[bytes]:
        for number in range(10):
            taken.append(number)
            yield b"x" * parts.PART_SIZE

    next(cut(chunks()))
    assert taken == [0]


def test_a_source_counts_and_ends() -> None:
    source = Source([b"one", b"", b"three"])
    assert list(source) == [b"one", b"", b"three"]
    assert source.size == 8
    assert list(source) == []


def test_a_source_ends_at_what_an_upload_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_SIZE", 2)
    assert len(list(Source([b"xx"] * parts.MAX_PARTS))) == parts.MAX_PARTS
    source = Source([b"x" * 2 * parts.MAX_PARTS, b"x"])
    with pytest.raises(TooLarge, match="20000 bytes"):
        list(source)


def test_batches() -> None:
    assert list(batches("abcde", 2)) == [["a", "b"], ["c", "d"], ["e"]]
    assert list(batches([], 2)) == []
