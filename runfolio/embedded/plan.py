"""What a stack is made of: its processes, their addresses, and the checks that tell when it is ready."""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from runfolio.embedded.datadir import DataDir
from runfolio.embedded.environment import gateway_url, parts_environment
from runfolio.embedded.info import StackInfo
from runfolio.embedded.keys import Secrets
from runfolio.embedded.ports import LOOPBACK, pick_pairs
from runfolio.embedded.process import Child
from runfolio.embedded.seaweedfs import BUCKET, SeaweedPorts, seaweedfs_child, storage_answers
from runfolio.embedded.seaweedfs import NAME as SEAWEEDFS
from runfolio.embedded.valkey import NAME as VALKEY
from runfolio.embedded.valkey import broker_url, valkey_answers, valkey_child

_ANSWER_WITHIN: Final = 2.0

# With -P, a folder "worker" or "producer" in which the user happens to stand is not taken for ours.
_RUNFOLIO: Final = (sys.executable, "-P", "-m", "runfolio")
PARTS: Final[Mapping[str, Sequence[str]]] = {
    "gateway": (*_RUNFOLIO, "gateway"),
    "worker": (*_RUNFOLIO, "worker", "--size", "small"),
    "large-worker": (*_RUNFOLIO, "worker", "--size", "large"),
    "callbacks": (*_RUNFOLIO, "worker", "--callbacks"),
    "sweep": (*_RUNFOLIO, "sweep"),
}
"""The command of each part besides the servers."""

WORKER: Final = (*_RUNFOLIO, "worker")
"""The command of a worker that makes exports of all sizes."""

ReadyCheck = Callable[[StackInfo], bool]


class Addresses(NamedTuple):
    """The ports of one attempt to start, and the secrets that open them."""

    gateway: int
    valkey: int
    seaweed: SeaweedPorts
    secrets: Secrets

    @classmethod
    def choose(cls, gateway: int, secrets: Secrets) -> Addresses:
        """Choose free ports for the servers."""
        valkey, *others = pick_pairs(1 + len(SeaweedPorts._fields), avoid=gateway)
        return cls(gateway, valkey.http, SeaweedPorts(*others), secrets)

    def ports_of(self, name: str) -> Sequence[int]:
        """Return the ports that were chosen for a child."""
        return {VALKEY: [self.valkey], SEAWEEDFS: self.seaweed.numbers()}.get(name, [])

    def info(self, pids: dict[str, int]) -> StackInfo:
        """Describe the stack to other commands."""
        return StackInfo(
            gateway_url(self.gateway),
            broker_url(self.valkey, self.secrets.valkey_password),
            self.seaweed.endpoint_url,
            BUCKET,
            pids,
        )


def servers(data: DataDir, addresses: Addresses) -> list[Child]:
    """Describe the two servers. Writes their configuration."""
    secrets = addresses.secrets
    return [
        valkey_child(data, addresses.valkey, secrets.valkey_password),
        seaweedfs_child(data, addresses.seaweed, secrets),
    ]


def parts(data: DataDir, addresses: Addresses, commands: Mapping[str, Sequence[str]]) -> list[Child]:
    """Describe gateway, worker and sweeper."""
    environment = parts_environment(
        os.environ,
        data,
        addresses.secrets,
        port=addresses.gateway,
        valkey_port=addresses.valkey,
        seaweed=addresses.seaweed,
    )
    return [Child(name, tuple(argv), environment) for name, argv in commands.items()]


def checks(addresses: Addresses, more: Sequence[ReadyCheck]) -> dict[str, Callable[[], bool]]:
    """Name what must answer before the stack is ready, each with its check."""
    known = {
        VALKEY: lambda: valkey_answers(addresses.valkey, addresses.secrets.valkey_password),
        SEAWEEDFS: lambda: storage_answers(addresses.seaweed, addresses.secrets),
        "gateway": lambda: _gateway_answers(addresses.gateway),
    }
    return known | {f"check {n}": _bind(check, addresses) for n, check in enumerate(more, start=1)}


def _bind(check: ReadyCheck, addresses: Addresses) -> Callable[[], bool]:
    return lambda: check(addresses.info({}))


def _gateway_answers(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_ANSWER_WITHIN)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
