"""Ends the stack's processes when the supervisor can no longer do it itself.

A supervisor that is killed outright cannot stop its children. The guard is a process of its own, which reads from a
pipe the process groups to look after: one line holds all of them. When the pipe ends, it ends whatever is left. It
holds the lock of the data folder until then, so that no second stack starts on data which is still in use. The guard
needs the standard library only and is run as a plain file, to be there in milliseconds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Final

_POLL: Final = 0.05


class Guard:
    """The supervisor's end of the pipe.

    ``lock`` is the descriptor of the data folder's lock, if there is one; ``grace`` the time in seconds between asking
    processes to stop and killing them.
    """

    def __init__(self, lock: int | None = None, *, grace: float = 8.0) -> None:
        self._inherited = () if lock is None else (lock,)
        self._command = [sys.executable, "-I", "-S", __file__, str(grace)]
        self._groups: set[int] = set()
        self._start()

    def watch(self, group: int) -> None:
        """Look after a process group too."""
        self._groups.add(group)
        self._tell()

    def release(self, group: int) -> None:
        """Forget a process group that has ended."""
        self._groups.discard(group)
        self._tell()

    def close(self) -> None:
        """End the guard, which ends the groups that are left."""
        os.close(self._pipe)
        self._process.wait()

    def _tell(self) -> None:
        line = " ".join(map(str, sorted(self._groups))).encode() + b"\n"
        try:
            os.write(self._pipe, line)
        except BrokenPipeError:  # somebody has killed the guard; its successor is told everything
            self.close()
            self._start()
            os.write(self._pipe, line)

    def _start(self) -> None:
        reading, self._pipe = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603 # this file, run by this interpreter
            self._command, stdin=reading, pass_fds=self._inherited, start_new_session=True
        )
        os.close(reading)


def group_exists(group: int) -> bool:
    """Whether a process group has a member; one that is a zombie counts on Linux."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):  # macOS answers the second where all members are zombies
        return False
    return True


def signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to a process group, which may be gone."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS answers the second where all members are zombies
        return


def _signal_leader(group: int) -> None:
    try:
        os.kill(group, signal.SIGTERM)
    except ProcessLookupError:
        return


def main() -> None:
    """Read groups until the pipe ends, then end what is left: politely first, for a bounded time."""
    grace, groups = float(sys.argv[1]), list[int]()
    for line in sys.stdin:
        groups = [int(word) for word in line.split()]
    for group in groups:
        _signal_leader(group)
    deadline = time.monotonic() + grace
    while any(map(group_exists, groups)) and time.monotonic() < deadline:
        time.sleep(_POLL)
    for group in groups:
        signal_group(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
