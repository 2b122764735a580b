"""Starts a stack and waits until it is ready."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from producer.contract.errors import InvalidSetting, Unavailable
from runfolio.embedded import plan
from runfolio.embedded.datadir import DataDir
from runfolio.embedded.guard import Guard
from runfolio.embedded.info import write_stack
from runfolio.embedded.interrupts import Interrupts
from runfolio.embedded.keys import ensure_admin_token, load_secrets
from runfolio.embedded.plan import PARTS, Addresses, ReadyCheck
from runfolio.embedded.ports import LOOPBACK, any_taken, is_free, pick_port
from runfolio.embedded.seaweedfs import remove_sockets
from runfolio.embedded.stack import Stack
from runfolio.embedded.supervisor import RestartPolicy, Supervisor

READY_WITHIN: Final = 60.0
_POLL: Final = 0.02
_ATTEMPTS: Final = 5


class _PortTaken(Exception):
    """A server ended at its start because somebody else was faster on one of its ports."""


@dataclass(frozen=True)
class _Launch:
    """What stays the same over the attempts to start."""

    data: DataDir
    guard: Guard
    interrupts: Interrupts
    on_event: Callable[[str], None]
    commands: Mapping[str, Sequence[str]]
    ready_checks: Sequence[ReadyCheck]
    policy: RestartPolicy
    ready_within: float

    def attempt(self, addresses: Addresses, undo: ExitStack) -> Supervisor:
        """Start everything at once and wait until all of it is ready; ``undo`` ends it.

        Raises _PortTaken, Unavailable, or SystemExit where the user does not want to wait.
        """
        supervisor = Supervisor(self.data.logs, self.guard, self.on_event, self.policy)
        undo.callback(remove_sockets, addresses.seaweed)
        undo.callback(supervisor.stop, lambda: len(self.interrupts.received) > 1)
        supervisor.start(*plan.servers(self.data, addresses))
        supervisor.start(*plan.parts(self.data, addresses, self.commands))
        self._await_ready(supervisor, addresses)
        return supervisor

    def _await_ready(self, supervisor: Supervisor, addresses: Addresses) -> None:
        pending = plan.checks(addresses, self.ready_checks)
        deadline = time.monotonic() + self.ready_within
        while pending:
            self.interrupts.refuse_to_go_on()
            for name in supervisor.poll():
                if any_taken(addresses.ports_of(name)):
                    raise _PortTaken
            pending = {name: answers for name, answers in pending.items() if not answers()}
            if pending and time.monotonic() > deadline:
                raise self._too_slow(list(pending))
            time.sleep(_POLL)

    def _too_slow(self, pending: list[str]) -> Unavailable:
        return Unavailable(
            f"Not ready within {self.ready_within:.0f} s: {', '.join(pending)}.",
            remedy=f"See the logs in {self.data.logs}.",
        )


def start_stack(
    data_dir: Path,
    port: int = 8000,
    *,
    on_event: Callable[[str], None],
    commands: Mapping[str, Sequence[str]] = PARTS,
    ready_checks: Sequence[ReadyCheck] = (),
    policy: RestartPolicy | None = None,
    ready_within: float = READY_WITHIN,
) -> Stack:
    """Start the whole stack on a data folder and return it when it is ready.

    The gateway listens on ``port`` of the loopback interface, on a free one where it is 0. ``on_event`` is told, in
    sentences, what a user should know while the stack starts and runs. ``ready_checks`` must hold besides the
    servers' and the gateway's own answers.

    From here on until the stack has stopped, SIGINT, SIGTERM and SIGHUP ask it to stop; during the start they raise
    SystemExit, when everything is stopped again. Raises InvalidSetting, Conflict or Unavailable.
    """
    data = DataDir(data_dir)
    data.prepare()
    with ExitStack() as resources:
        interrupts = resources.enter_context(Interrupts())
        lock = resources.enter_context(data.locked())
        data.stack_file.unlink(missing_ok=True)
        gateway_port = _gateway_port(port)
        secrets = load_secrets(data)
        ensure_admin_token(data)
        guard = Guard(lock)
        resources.callback(guard.close)
        launch = _Launch(
            data, guard, interrupts, on_event, commands, ready_checks, policy or RestartPolicy(), ready_within
        )
        for _ in range(_ATTEMPTS):
            with ExitStack() as undo:
                addresses = Addresses.choose(gateway_port, secrets)
                try:
                    supervisor = launch.attempt(addresses, undo)
                except _PortTaken:
                    on_event("A port was taken in the meantime; other ports are chosen.")
                    continue
                resources.push(undo.pop_all())
                resources.callback(data.stack_file.unlink, missing_ok=True)
                write_stack(data, addresses.info(supervisor.pids))
                return Stack(data, addresses, supervisor, interrupts, resources.pop_all())
        raise Unavailable(
            f"Ports were taken by others in {_ATTEMPTS} attempts to start.", remedy="Try again a little later."
        )


def _gateway_port(port: int) -> int:
    if port == 0:
        return pick_port()
    if not 0 < port < 65536 or not is_free(port):
        raise InvalidSetting(
            f"Port {port} on {LOOPBACK} is in use or may not be used.",
            field="--port",
            remedy="Choose another one with --port.",
        )
    return port
