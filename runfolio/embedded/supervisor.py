"""Starts children, starts those again that die, and stops all of them in the reverse order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from producer.contract.errors import Unavailable
from runfolio.embedded.guard import Guard
from runfolio.embedded.process import Child, Log, Running

_POLL: Final = 0.02
_TRIM_EVERY: Final = 10.0


@dataclass(frozen=True)
class RestartPolicy:
    """When to start a child again and when to give up; all times in seconds."""

    failures: int = 5
    window: float = 30.0
    first_delay: float = 0.1
    longest_delay: float = 5.0

    def delay(self, recent_failures: int) -> float:
        """How long to wait after so many recent failures: twice as long each time."""
        return min(self.first_delay * 2.0 ** (recent_failures - 1), self.longest_delay)


@dataclass
class _Place:
    """What the supervisor knows of a child: its present process, and its past failures."""

    child: Child
    log: Log
    running: Running | None = None
    due: float = 0.0
    failures: deque[float] = field(default_factory=deque)


class Supervisor:
    """Watches over children, without threads: ``poll`` must be called several times a second.

    Children belong to groups by the call of ``start`` that named them; a group is stopped as one.
    """

    def __init__(
        self, logs: Path, guard: Guard, on_event: Callable[[str], None], policy: RestartPolicy | None = None
    ) -> None:
        self._logs = logs
        self._guard = guard
        self._on_event = on_event
        self._policy = policy or RestartPolicy()
        self._groups: list[list[_Place]] = []
        self._next_trim = 0.0

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of the children that run, by name."""
        return {place.child.name: place.running.pid for place in self._places() if place.running}

    def log_path(self, name: str) -> Path:
        """Where the output of a child is."""
        return self._logs / f"{name}.log"

    def start(self, *children: Child) -> None:
        """Start children that belong together."""
        group: list[_Place] = []
        self._groups.append(group)
        for child in children:
            place = _Place(child, Log(self.log_path(child.name)))
            group.append(place)
            self._spawn(place)

    def poll(self) -> list[str]:
        """Look at every child once; return the names of those that have ended since, which will be started again.

        Raises Unavailable where a child fails again and again; the others then still run.
        """
        now = time.monotonic()
        self._trim_logs(now)
        ended = [place for place in self._places() if self._note_end(place, now)]
        for place in self._places():
            if place.running is None and now >= place.due:
                self._spawn(place)
        return [place.child.name for place in ended]

    def stop(self, hurry: Callable[[], bool]) -> None:
        """Stop all children, the latest group first. Once ``hurry`` answers true, they are killed."""
        while self._groups:
            group = [place.running for place in self._groups.pop() if place.running]
            for running in group:
                running.ask_to_stop()
            asked = time.monotonic()
            for running in group:
                _await_end(running, asked + running.child.grace, hurry)
                self._clear(running)

    def _places(self) -> Iterator[_Place]:
        for group in self._groups:
            yield from group

    def _spawn(self, place: _Place) -> None:
        place.running = Running(place.child, place.log)
        self._guard.watch(place.running.pid)

    def _clear(self, running: Running) -> None:
        running.clear()
        self._guard.release(running.pid)

    def _note_end(self, place: _Place, now: float) -> bool:
        how = place.running.ended() if place.running else None
        if place.running is None or how is None:
            return False
        self._clear(place.running)
        place.running = None
        place.failures.append(now)
        while place.failures[0] < now - self._policy.window:
            place.failures.popleft()
        if len(place.failures) >= self._policy.failures:
            self._give_up(place, how)
        delay = self._policy.delay(len(place.failures))
        place.due = now + delay
        self._on_event(f"{place.child.name} ended ({how}); it is started again in {delay:.1f} s.")
        return True

    def _give_up(self, place: _Place, how: str) -> None:
        for line in place.log.tail():
            self._on_event(f"{place.child.name}: {line}")
        raise Unavailable(
            f"{place.child.name} failed {len(place.failures)} times within {self._policy.window:.0f} s (last: {how}).",
            remedy=f"See {place.log.path}.",
        )

    def _trim_logs(self, now: float) -> None:
        if now >= self._next_trim:
            self._next_trim = now + _TRIM_EVERY
            for place in self._places():
                place.log.trim()


def _await_end(running: Running, deadline: float, hurry: Callable[[], bool]) -> None:
    while running.ended() is None and time.monotonic() < deadline and not hurry():
        time.sleep(_POLL)
