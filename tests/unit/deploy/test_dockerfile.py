"""The Dockerfile's basics, read from its text; no Docker engine takes part."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import NamedTuple

import pytest

from tests.unit.deploy.compose import ROOT


class Instruction(NamedTuple):
    """One instruction, its continued lines joined. ``stage`` counts from 0."""

    stage: int
    name: str
    value: str


class Answers(BaseHTTPRequestHandler):
    """A gateway that lives only at the address of the health check."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def instructions() -> Iterator[Instruction]:
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    stage = -1
    for line in text.replace("\\\n", " ").splitlines():
        name, _, value = line.partition(" ")
        if name == "FROM":
            stage += 1
        if name:
            yield Instruction(stage, name, value)


@pytest.fixture
def last_stage() -> dict[str, str]:
    found = list(instructions())
    return {one.name: one.value for one in found if one.stage == found[-1].stage}


@pytest.fixture
def listening() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_base_images_have_a_version() -> None:
    bases = [one.value.split()[0] for one in instructions() if one.name == "FROM"]
    assert len(bases) == 2
    assert all(re.search(r":\d+\.\d+", base) for base in bases)


def test_it_runs_as_a_user_who_is_not_root_with_fixed_ids(last_stage: dict[str, str]) -> None:
    uid, gid = last_stage["USER"].split(":")
    assert int(uid) > 0
    assert int(gid) > 0
    assert f"--uid {uid}" in last_stage["RUN"]
    assert f"--gid {gid}" in last_stage["RUN"]


def test_the_entry_is_the_command(last_stage: dict[str, str]) -> None:
    assert json.loads(last_stage["ENTRYPOINT"]) == ["runfolio"]
    assert json.loads(last_stage["CMD"]) == ["gateway"]


def test_nothing_but_the_installation_reaches_the_image(last_stage: dict[str, str]) -> None:
    assert last_stage["COPY"] == "--from=build /opt/runfolio /opt/runfolio"
    assert "ADD" not in last_stage


def test_what_is_built_is_there_and_is_sent_to_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sources = [
        source for one in instructions() if one.name == "COPY" and one.stage == 0 for source in one.value.split()[:-1]
    ]
    assert {"pyproject.toml", "constraints.txt", "producer", "worker", "runfolio"} <= set(sources)
    assert "*" in ignored
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in ignored


def test_versions_are_those_of_the_constraints() -> None:
    install = next(one.value for one in instructions() if one.stage == 0 and one.name == "RUN")
    assert "-c constraints.txt" in install


def test_the_health_check_tells_a_living_gateway_from_none(last_stage: dict[str, str], listening: int) -> None:
    assert health(last_stage, listening) == 0
    assert health(last_stage, 9) != 0, "nothing listens on the discard port"


def health(last_stage: dict[str, str], port: int) -> int:
    command = json.loads(last_stage["HEALTHCHECK"].partition("CMD ")[2])
    assert command[0] == "python"
    done = subprocess.run(  # noqa: S603 # the command under test
        [sys.executable, *command[1:]], env={"RUNFOLIO_PORT": str(port)}, capture_output=True, check=False
    )
    return done.returncode
