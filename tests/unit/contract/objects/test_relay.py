from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

import pytest

from producer.contract.objects.relay import Cancelled, relay


def test_parts_are_made_here_and_sent_elsewhere() -> None:
    made, sent = set[int](), set[int]()
    got: list[bytes] = []

    def parts() -> Iterator[bytes]:
        for number in range(5):
            made.add(threading.get_ident())
            yield bytes([number])

    def send(source: Iterable[bytes]) -> None:
        sent.add(threading.get_ident())
        got.extend(source)

    relay(parts(), send)
    assert b"".join(got) == bytes(range(5))
    assert made == {threading.get_ident()}
    assert made.isdisjoint(sent)


def test_an_error_of_the_parts_cancels_what_was_sent_and_comes_out() -> None:
    seen: list[str] = []

    def parts() -> Iterator[bytes]:
        yield b"one"
        raise ValueError("mine")

    def send(source: Iterable[bytes]) -> None:
        try:
            list(source)
        except Cancelled:
            seen.append("cancelled")
            raise

    with pytest.raises(ValueError, match="mine"):
        relay(parts(), send)
    assert seen == ["cancelled"]


def test_an_error_of_the_sender_ends_the_making_and_comes_out() -> None:
    made: list[int] = []

    def parts() -> Iterator[bytes]:
        for number in range(1000):
            made.append(number)
            yield b"x"

    def send(source: Iterable[bytes]) -> None:
        next(iter(source))
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        relay(parts(), send)
    assert len(made) < 5


def test_few_parts_wait_to_be_sent() -> None:
    ahead: list[int] = []
    made = 0

    def parts() -> Iterator[bytes]:
        nonlocal made
        for _ in range(50):
            made += 1
            yield b"x"

    def send(source: Iterable[bytes]) -> None:
        for number, _ in enumerate(source, start=1):
            ahead.append(made - number)

    relay(parts(), send)
    assert len(ahead) == 50
    assert max(ahead) <= 2
