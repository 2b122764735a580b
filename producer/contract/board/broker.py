"""The one way to the broker: scripts, commands and batches, with its library's errors turned into ours."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any, Final

from redis import Redis
from redis.exceptions import NoScriptError, RedisError

from producer.contract.board.scripts import SCRIPTS
from producer.contract.errors import BrokerUnavailable

Argument = bytes | str | int
CHUNK: Final = 500
"""How many keys one request touches at most, so that no request holds the broker up for long."""

_DIGESTS: Final = {name: hashlib.sha1(text.encode()).hexdigest() for name, text in SCRIPTS.items()}  # noqa: S324 # what the broker calls a script by


@contextmanager
def broker_errors() -> Generator[None]:
    """Turn what the broker's client raises (unreachable, loading, read-only, out of memory) into BrokerUnavailable."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise BrokerUnavailable(
            f"The broker does not answer or refuses to work: {error}.",
            remedy="Send the request again; check RUNFOLIO_BROKER_URL and the broker's state if it keeps failing.",
        ) from error


class Broker:
    """A ready client with the board's scripts. Every method raises BrokerUnavailable."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def run(self, script: str, keys: Sequence[bytes], arguments: Iterable[Argument] = ()) -> Any:
        """Run a script by its digest; it is loaded where the broker does not have it yet."""
        with broker_errors():
            words = (len(keys), *keys, *arguments)
            try:
                return self._client.execute_command("EVALSHA", _DIGESTS[script], *words)  # type: ignore[no-untyped-call] # redis does not annotate it
            except NoScriptError:
                return self._client.execute_command("EVAL", SCRIPTS[script], *words)  # type: ignore[no-untyped-call] # the same

    def command(self, *words: Argument) -> Any:
        """Send one command."""
        with broker_errors():
            return self._client.execute_command(*words)  # type: ignore[no-untyped-call] # redis does not annotate it

    def batch(self, commands: Iterable[Sequence[Argument]]) -> list[Any]:
        """Send commands in one round trip; nobody's writes come between them."""
        with broker_errors(), self._client.pipeline(transaction=True) as pipeline:
            for words in commands:
                pipeline.execute_command(*words)  # type: ignore[no-untyped-call] # redis does not annotate it
            return pipeline.execute()

    def now(self) -> int:
        """Tell the broker's clock, in milliseconds since the epoch."""
        with broker_errors():
            seconds, microseconds = self._client.time()
        return int(seconds) * 1000 + int(microseconds) // 1000
