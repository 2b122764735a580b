from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes import MemoryObjects
from worker.upload import SINGLE_PUT, upload


class Counting(MemoryObjects):
    """Tells by which kind of request an object came."""

    def __init__(self) -> None:
        super().__init__()
        self.streamed = 0

    def put_stream(self, *args: object, **kwargs: object) -> None:
        self.streamed += 1
        super().put_stream(*args, **kwargs)  # type: ignore[arg-type] # handed on as they came


def pieces(size: int) -> Iterator[bytes]:
    for at in range(0, size, 65_536):
        yield b"x" * min(65_536, size - at)


@pytest.mark.parametrize(("size", "streamed"), [(0, 0), (1, 0), (SINGLE_PUT, 0), (SINGLE_PUT + 1, 1)])
def test_small_archives_are_one_request(size: int, streamed: int) -> None:
    objects = Counting()
    upload(objects, "a.zip", pieces(size), content_type="application/zip", content_disposition="attachment")
    assert objects.streamed == streamed
    assert objects.get("a.zip").data == b"x" * size
    assert objects.headers("a.zip") == ("application/zip", "attachment")


@pytest.mark.parametrize("size", [10, SINGLE_PUT + 100_000])
def test_an_archive_that_breaks_off_leaves_nothing(size: int) -> None:
    def broken() -> Iterator[bytes]:
        yield from pieces(size)
        raise KeyboardInterrupt

    objects = Counting()
    with pytest.raises(KeyboardInterrupt):
        upload(objects, "a.zip", broken(), content_type="application/zip", content_disposition="attachment")
    assert objects.keys() == ()
