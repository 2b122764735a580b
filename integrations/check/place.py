"""Where an engine runs: a folder, an environment, and processes that end with the check, whatever happens."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from runfolio.embedded.guard import Guard
from runfolio.embedded.ports import pick_port
from runfolio.embedded.process import Child, Log, Running
from runfolio.target import Target

_STOP_WITHIN: Final = 20.0
_POLL: Final = 0.25
_OWN: Final = ("RUNFOLIO_", "AWS_", "PREFECT_", "AIRFLOW", "DAGSTER_", "N8N_", "PYTHON")
_TELLING_LINES: Final = 25


class EngineFailed(Exception):
    """An engine could not be installed, did not start, or ended too early; the message holds what it said."""


class Place:
    """One engine's run: ``installed`` is its environment, ``folder`` where its data and logs go."""

    def __init__(self, installed: Path, folder: Path, gateway: Target, guard: Guard) -> None:
        self.installed: Final = installed
        self.folder: Final = folder
        self._gateway = gateway
        self._guard = guard
        self._running: list[Running] = []

    def environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of an engine: no settings of this machine, but where Runfolio is."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
        runfolio = {"RUNFOLIO_URL": self._gateway.url, "RUNFOLIO_TOKEN": self._gateway.token, "DO_NOT_TRACK": "1"}
        return {**inherited, **runfolio, "HOME": str(self.folder), **settings}

    def start(self, name: str, argv: tuple[str, ...], settings: Mapping[str, str]) -> None:
        """Start a server of the engine."""
        running = Running(Child(name, argv, self.environment(settings), self.folder), self._log(name))
        self._guard.watch(running.pid)
        self._running.append(running)

    def run(self, name: str, argv: tuple[str, ...], settings: Mapping[str, str], within: float) -> None:
        """Run a program of the engine to its end. Raises EngineFailed where it fails or takes too long."""
        log = self._log(name)
        running = Running(Child(name, argv, self.environment(settings), self.folder), log)
        self._guard.watch(running.pid)
        try:
            self.eventually(lambda: running.ended() is not None, f"{name} did not end", within)
            if running.ended() != "exit status 0":
                raise EngineFailed(f"{name}: {running.ended()}\n" + "\n".join(log.tail(_TELLING_LINES)))
        finally:
            self._clear(running)

    def eventually(self, holds: Callable[[], bool], what: str, within: float) -> None:
        """Wait until something holds. Raises EngineFailed where it does not, or a server of the engine has ended."""
        deadline = time.monotonic() + within
        while not holds():
            ended = [one.child.name for one in self._running if one.ended() is not None]
            if ended or time.monotonic() > deadline:
                raise EngineFailed(f"{what} within {within:.0f} s.\n{self._told(ended)}")
            time.sleep(_POLL)

    def said(self, name: str, words: str) -> bool:
        """Tell whether a server of the engine has said something."""
        return any(words in line for line in self._log(name).tail(1000))

    def _told(self, ended: list[str]) -> str:
        names = ended or [one.child.name for one in self._running]
        return "\n".join(f"{name}: {line}" for name in names for line in self._log(name).tail(_TELLING_LINES))

    def _log(self, name: str) -> Log:
        return Log(self.folder / f"{name}.log")

    def stop(self) -> None:
        """End what is left of the engine: ask first, the last one first, then kill."""
        for running in reversed(self._running):
            running.ask_to_stop()
        deadline = time.monotonic() + _STOP_WITHIN
        while any(running.ended() is None for running in self._running) and time.monotonic() < deadline:
            time.sleep(_POLL)
        while self._running:
            self._clear(self._running.pop())

    def _clear(self, running: Running) -> None:
        running.clear()
        self._guard.release(running.pid)


@contextmanager
def place_for(installed: Path, folder: Path, gateway: Target) -> Iterator[Place]:
    """Give an engine a place, and end whatever it started with the block."""
    folder.mkdir(parents=True)
    guard = Guard()
    place = Place(installed, folder, gateway, guard)
    try:
        yield place
    finally:
        place.stop()
        guard.close()


def ports(count: int) -> list[int]:
    """Choose free ports, none of them twice."""
    chosen: set[int] = set()
    while len(chosen) < count:
        chosen.add(pick_port())
    return list(chosen)


def answers(address: str) -> bool:
    """Tell whether a server of this machine answers well."""
    try:
        return httpx.get(address, timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False


def call(argv: tuple[str, ...], within: float, env: Mapping[str, str] | None = None) -> None:
    """Run an installer. Raises EngineFailed with the end of what it said."""
    try:
        done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=within, check=False)  # noqa: S603 # the check's own commands
    except subprocess.TimeoutExpired:
        raise EngineFailed(f"{' '.join(argv)} did not end within {within:.0f} s.") from None
    if done.returncode:
        raise EngineFailed(f"{' '.join(argv)}: exit status {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}")
