from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from producer import bodies
from producer.bodies import bounded, decompressed, lines
from producer.contract.errors import MalformedBody, TooLarge, UnsupportedMediaType

TEXT = b'{"workflow": {"id": "w"}}\n' * 20_000
CODERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}
coded = pytest.mark.parametrize("coding", CODERS)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def plain(data: bytes, coding: str | None, size: int = 1_000) -> bytes:
    return b"".join(decompressed(cut(data, size), coding))


@coded
@pytest.mark.parametrize("size", [1, 7, 65_536])
def test_a_whole_stream_comes_out_however_it_was_cut(coding: str, size: int) -> None:
    assert plain(CODERS[coding](TEXT), coding, size) == TEXT


@coded
def test_several_members_are_one_body(coding: str) -> None:
    data = CODERS[coding](b"one") + CODERS[coding](b"two")
    assert plain(data, coding) == b"onetwo"


@pytest.mark.parametrize("coding", [None, "", "identity", " Identity "])
def test_a_body_without_coding_passes(coding: str | None) -> None:
    assert plain(TEXT, coding) == TEXT


@pytest.mark.parametrize("coding", ["GZIP", " x-gzip "])
def test_codings_have_no_case(coding: str) -> None:
    assert plain(gzip.compress(TEXT), coding) == TEXT


@coded
@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.99])
def test_a_torn_stream_is_refused(coding: str, kept: float) -> None:
    data = CODERS[coding](TEXT)
    torn = data[: int(len(data) * kept)] if kept else data[:3]
    with pytest.raises(MalformedBody, match=f"not a whole {coding} stream"):
        plain(torn, coding)


@coded
@pytest.mark.parametrize(
    "data", [b"plain text", b"\x1f\x8b\x08\x00garbage-garbage-garbage", b"\x28\xb5\x2f\xfd\xff\xff\xff"]
)
def test_what_is_no_such_stream_is_refused(coding: str, data: bytes) -> None:
    with pytest.raises(MalformedBody):
        plain(data, coding)


@coded
def test_a_changed_byte_is_noticed(coding: str) -> None:
    data = bytearray(CODERS[coding](TEXT) if coding == "gzip" else _with_checksum(TEXT))
    data[-2] ^= 0xFF
    with pytest.raises(MalformedBody):
        plain(bytes(data), coding)


def _with_checksum(data: bytes) -> bytes:
    return zstd.compress(data, options={int(zstd.CompressionParameter.checksum_flag): 1})


@coded
def test_a_bomb_is_stopped_at_the_limit_in_little_memory(coding: str) -> None:
    bomb = CODERS[coding](bytes(1 << 20) * 256)
    assert len(bomb) < 1 << 20
    tracemalloc.start()
    with pytest.raises(TooLarge):
        sum(map(len, bounded(decompressed(cut(bomb, 65_536), coding), 64 << 20, "MAX_STREAM_BYTES")))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24 << 20


def test_a_window_larger_than_a_decoder_must_have_is_refused() -> None:
    options = {int(zstd.CompressionParameter.window_log): 27, int(zstd.CompressionParameter.compression_level): 1}
    compressor = zstd.ZstdCompressor(options=options)
    data = compressor.compress(bytes(200 << 20)) + compressor.flush()
    with pytest.raises(MalformedBody):
        plain(data, "zstd")


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "utf-8"])
def test_an_unknown_coding_is_named(coding: str) -> None:
    with pytest.raises(UnsupportedMediaType, match=coding) as raised:
        plain(zlib.compress(b"x"), coding)
    assert raised.value.field == "Content-Encoding"


def test_the_limit_itself_is_allowed() -> None:
    assert b"".join(bounded(cut(b"x" * 100, 7), 100, "MAX_EVENT_BYTES")) == b"x" * 100


def test_above_the_limit_the_setting_is_named() -> None:
    with pytest.raises(TooLarge) as raised:
        list(bounded(cut(b"x" * 101, 7), 100, "MAX_EVENT_BYTES"))
    assert "100 bytes" in raised.value.detail
    assert raised.value.remedy is not None
    assert "RUNFOLIO_MAX_EVENT_BYTES" in raised.value.remedy


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=12), st.integers(1, 9))
def test_lines_are_those_that_were_written(written: list[bytes], size: int) -> None:
    expected = [line for line in written if line.strip()]
    data = b"\n".join(written)
    assert [line.strip() for line in lines(cut(data, size), 1_000)] == [line.strip() for line in expected]
    assert list(lines(cut(data + b"\n", size), 1_000)) == list(lines(cut(data, size), 1_000))


def test_line_ends_of_windows_and_blank_lines_do_not_count() -> None:
    data = b'\n\r\n{"a":1}\r\n  \n{"b":2}\r\n\n'
    assert [line.rstrip() for line in lines([data], 100)] == [b'{"a":1}', b'{"b":2}']


@pytest.mark.parametrize(("at", "what"), [(0, "the first line"), (1, "steps[0]"), (3, "steps[2]")])
@pytest.mark.parametrize("size", [3, 10_000])
@pytest.mark.parametrize("ended", [True, False])
def test_a_line_above_the_limit_is_named_by_its_step(at: int, what: str, size: int, ended: bool) -> None:
    written = [b"{}", b"", b"{}", b"{}", b"{}", b"{}"]
    written.insert({0: 0, 1: 2, 3: 4}[at], b"x" * 101)
    data = b"\n".join(written if ended else written[: written.index(b"x" * 101) + 1])
    with pytest.raises(TooLarge) as raised:
        list(lines(cut(data, size), 100))
    assert raised.value.field == what
    assert raised.value.remedy is not None
    assert "RUNFOLIO_MAX_STEP_BYTES" in raised.value.remedy


def test_a_line_without_end_is_not_gathered() -> None:
    drawn = 0

    def endless() -> Iterator[bytes]:
        nonlocal drawn
        while True:
            drawn += 1
            yield b"x" * 1_000

    with pytest.raises(TooLarge):
        list(lines(endless(), 10_000))
    assert drawn == 11


def squeezed(coding: str, data: bytes, count: int) -> bytes:
    if coding == "gzip":
        return gzip.compress(data * count)
    return bytes(zstd.compress(data * count))


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_body_may_not_grow_without_bounds(coding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "RATIO_FROM", 1_000_000)
    body = squeezed(coding, bytes(1_000), 20_000)
    drawn: list[int] = []
    with pytest.raises(TooLarge, match="200 times") as raised:
        drawn.extend(map(len, decompressed([body], coding)))
    assert sum(drawn) <= max(1_000_000, 200 * len(body))
    assert raised.value.remedy == "Send it without Content-Encoding."


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_body_that_stays_small_may_grow_as_it_likes(coding: str) -> None:
    body = squeezed(coding, bytes(1_000), 20_000)
    assert sum(map(len, decompressed([body], coding))) == 20_000_000 > 200 * len(body)


def test_blank_lines_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_BLANK_LINES", 100)
    assert [*lines([b"\n" * 100, b"{}"], 10)] == [b"{}"]
    drawn = 0

    def endless() -> Iterator[bytes]:
        nonlocal drawn
        while True:
            drawn += 1
            yield b" \n" * 20

    with pytest.raises(TooLarge, match="100 blank lines"):
        list(lines(endless(), 10))
    assert drawn == 6
