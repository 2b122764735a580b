"""What a running stack tells other commands: ``stack.json`` in its data folder."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from producer.contract.errors import Unavailable
from producer.contract.ready import ready
from runfolio.embedded.datadir import DataDir, read_if_there, write_private


class StackInfo(Struct, frozen=True):
    """Where the parts of a running stack are, and their processes' ids by name. The broker's URL holds a password."""

    gateway_url: str
    broker_url: str
    s3_endpoint_url: str
    s3_bucket: str
    pids: dict[str, int]


def write_stack(data: DataDir, info: StackInfo) -> None:
    """Tell other commands."""
    write_private(data.stack_file, msgspec.json.format(msgspec.json.encode(info), indent=2))


def read_stack(path: Path) -> StackInfo:
    """Read about the stack that runs on a data folder.

    Raises Unavailable where none runs there: a file that a killed stack has left behind does not count.
    """
    data = DataDir(path)
    content = read_if_there(data.stack_file) if data.in_use() else None
    if content is None:
        raise Unavailable(
            f"No stack runs on the data folder {data.path}.",
            field="--data-dir",
            remedy="Start it with 'runfolio up', or wait until it is ready.",
        )
    return msgspec.json.decode(content, type=ready(StackInfo))
