"""An empty board on a real broker for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from producer.contract.board import Board

DATABASE = 9
"""Apart from the other tests' database, which is not to be flushed under them."""


@pytest.fixture(scope="session")
def board_url(valkey_url: str) -> str:
    return f"{valkey_url.rpartition('/')[0]}/{DATABASE}"


@pytest.fixture
def client(board_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(board_url, socket_timeout=5) as client:
        client.flushdb()
        yield client


@pytest.fixture
def board(client: redis.Redis) -> Board:
    return Board(client)
