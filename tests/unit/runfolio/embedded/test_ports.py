from __future__ import annotations

import socket

import pytest

from producer.contract.errors import Unavailable
from runfolio.embedded import ports
from runfolio.embedded.ports import any_taken, is_free, pick_pairs, pick_port


def test_pairs_are_free_distinct_and_ten_thousand_apart() -> None:
    pairs = pick_pairs(50)
    numbers = [port for pair in pairs for port in pair]
    assert len(set(numbers)) == 100
    assert all(pair.grpc == pair.http + 10_000 for pair in pairs)
    assert all(1024 < number < 32_768 for number in numbers)
    assert all(map(is_free, numbers))


def test_a_port_that_somebody_listens_on_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert not is_free(port)
        assert any_taken([pick_port(), port])
    assert is_free(port)


def test_nothing_is_taken_of_nothing() -> None:
    assert not any_taken([])


@pytest.mark.parametrize("avoid", [12_000, 22_000])
def test_the_port_to_avoid_is_in_no_pair(monkeypatch: pytest.MonkeyPatch, avoid: int) -> None:
    monkeypatch.setattr(ports, "_LAST", 12_001)
    monkeypatch.setattr(ports, "is_free", lambda _: True)
    assert pick_pairs(1, avoid=avoid) == ((12_001, 22_001),)


def test_it_gives_up_where_no_port_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda _: False)
    with pytest.raises(Unavailable, match="No 1 free ports"):
        pick_port()
