"""Stands in for gateway, worker and sweeper, and looks at what a stack leaves in the system."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config

from runfolio.embedded import Stack, start_stack

GATEWAY: Final = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()

HTTPServer((os.environ["RUNFOLIO_HOST"], int(os.environ["RUNFOLIO_PORT"])), Ready).serve_forever()
"""
WORKER: Final = """
import os, time
if os.fork() == 0:
    time.sleep(1000)
print("grandchild", flush=True)
time.sleep(1000)
"""
COMMANDS: Final = {
    "gateway": (sys.executable, "-c", GATEWAY),
    "worker": (sys.executable, "-c", WORKER),
    "sweep": (sys.executable, "-c", "import time; time.sleep(1000)"),
}


def start(folder: Path, **options: Any) -> Stack:
    """Start a stack on a free port, with the stand-ins."""
    chosen = {"on_event": lambda _: None, "commands": COMMANDS, **options}
    return start_stack(folder, chosen.pop("port", 0), **chosen)


def s3_client(stack: Stack) -> Any:
    """A client with the stack's credentials."""
    environment = environment_of(stack.info.pids["gateway"])
    return boto3.client(
        "s3",
        endpoint_url=stack.info.s3_endpoint_url,
        region_name=environment["RUNFOLIO_S3_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 2}, connect_timeout=2, read_timeout=5),
    )


def environment_of(pid: int) -> dict[str, str]:
    """The environment that a process was started with."""
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(entry.split("=", 1) for entry in entries if entry)


def alive(pids: dict[str, int]) -> list[str]:
    """Which of the process groups still have a member that is no zombie."""
    return [name for name, pid in pids.items() if members(pid)]


def members(group: int) -> list[int]:
    """The processes of a group, without zombies."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, _parent, of_group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(of_group) == group and state != "Z":
            found.append(int(entry.name))
    return found


def eventually(holds: Callable[[], bool], within: float = 15.0) -> None:
    """Wait until something holds, and fail where it does not."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "It did not come true in time."
        time.sleep(0.05)


def sockets_in_tmp(numbers: list[int]) -> list[str]:
    """Unix sockets in /tmp whose names hold one of the ports."""
    return [name for name in os.listdir("/tmp") for number in numbers if name.endswith(f"-{number}.sock")]  # noqa: S108, PTH208 # SeaweedFS leaves its sockets there
