"""One child process: how it is described, started, stopped, and where its output goes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from runfolio.embedded.guard import group_exists, signal_group

_LOG_LIMIT: Final = 8 * 1024 * 1024
_TAIL_READ: Final = 16 * 1024
_POLL: Final = 0.02
_KILL_WAIT: Final = 2.0
_PRIVATE: Final = 0o600
_PRIVATE_UMASK: Final = 0o077


@dataclass(frozen=True)
class Child:
    """A process of the stack. ``grace`` is the time in seconds between asking it to stop and killing it."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path | None = None
    grace: float = 10.0


class Log:
    """Where a child's output goes; kept below a size by moving the older half of it into a second file."""

    def __init__(self, path: Path, limit: int = _LOG_LIMIT) -> None:
        self.path: Final = path
        self._limit = limit

    def open(self) -> IO[bytes]:
        """Open it for appending, for its owner alone."""
        self.trim()
        return os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _PRIVATE), "ab", buffering=0)

    def trim(self) -> None:
        """Move the content away where there is much of it. The child goes on writing to the same, emptied file."""
        if self.path.exists() and self.path.stat().st_size > self._limit:
            shutil.copy2(self.path, self.path.with_suffix(".log.1"))
            os.truncate(self.path, 0)

    def tail(self, lines: int = 15) -> list[str]:
        """Return the last lines that are not empty."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - _TAIL_READ))
            text = file.read().decode("utf-8", "replace")
        return list(deque((line for line in text.splitlines() if line.strip()), lines))


class Running:
    """A started child. It leads a session of its own, so that Ctrl-C in the terminal reaches the supervisor alone."""

    def __init__(self, child: Child, log: Log) -> None:
        self.child: Final = child
        with log.open() as output:
            self._process = subprocess.Popen(  # noqa: S603 # the stack's own programs; nothing of it comes from a user
                child.argv,
                env=dict(child.env),
                cwd=child.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=_PRIVATE_UMASK,
            )

    @property
    def pid(self) -> int:
        """Its process id, which is its process group's too."""
        return self._process.pid

    def ended(self) -> str | None:
        """How it ended, in words; ``None`` while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        return f"exit status {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the child itself: how its own children are to end is for it to say."""
        self._process.terminate()

    def clear(self) -> None:
        """Kill what is left of it and of its own children, and wait, for a bounded time, until they are gone."""
        signal_group(self.pid, signal.SIGKILL)
        self._process.wait()
        deadline = time.monotonic() + _KILL_WAIT
        while group_exists(self.pid) and time.monotonic() < deadline:
            time.sleep(_POLL)
