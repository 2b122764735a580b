"""The parts of a Prefect event, found by task run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from producer.engines import prefect_logs
from producer.engines.cursor import Cursor


def listed(part: Cursor, name: str) -> Cursor:
    """Find the list in a page of an answer (``{"results": […], "count": 3}``), or where it stands bare."""
    if part.has("results"):
        return part.get("results")
    return part.get(name) if part.has(name) else part


class Parts:
    """What an event holds of each task run; what belongs to none of them belongs to the flow run."""

    def __init__(self, root: Cursor) -> None:
        self.task_runs = list(listed(root.get("task_runs"), "task_runs").each())
        # A name that several task runs share says of none of them that a history is its own.
        names = Counter(run.get("name").label() for run in self.task_runs)
        self._telling = {name for name, count in names.items() if count == 1}
        self._known = {run.get("id").label() for run in self.task_runs} - {None}
        self._logs = self._grouped(listed(root.get("logs"), "logs"))
        self._artifacts = self._grouped(listed(root.get("artifacts"), "artifacts"))
        self._states: dict[str | None, list[Cursor]] = {}
        for key, state in _states(root.get("task_run_states")):
            named = state.get("state_details", "task_run_id").label()
            self._states.setdefault(named or key, []).append(state)
        self._asked: set[str | None] = set()

    def _grouped(self, part: Cursor) -> dict[str | None, list[Cursor]]:
        groups: dict[str | None, list[Cursor]] = {}
        for entry in part.each():
            owner = entry.get("task_run_id").label()
            groups.setdefault(owner if owner in self._known else None, []).append(entry)
        return groups

    def logs_of(self, run: Cursor | None) -> list[Cursor]:
        """Return the log of a task run, or the flow run's own, in order."""
        return prefect_logs.in_order(self._logs.get(_owner(run), []))

    def artifacts_of(self, run: Cursor | None) -> list[Cursor]:
        """Return the artifacts of a task run, or the flow run's own."""
        return self._artifacts.get(_owner(run), [])

    def states_of(self, run: Cursor) -> list[Cursor]:
        """Return the history of a task run, which may be kept by its id or its name."""
        name = run.get("name").label()
        keys = [run.get("id").label(), *([name] if name in self._telling else [])]
        self._asked.update(keys)
        return next((self._states[key] for key in keys if key in self._states), [])

    def unused_states(self) -> dict[str, Any] | None:
        """Return the histories of task runs that the event does not hold."""
        left = {str(key): [s.value for s in states] for key, states in self._states.items() if key not in self._asked}
        return left or None


def _owner(run: Cursor | None) -> str | None:
    return None if run is None else run.get("id").label()


def _states(part: Cursor) -> Iterator[tuple[str | None, Cursor]]:
    if isinstance(part.value, list):
        yield from ((None, state) for state in part.each())
        return
    for key, states in part.items():
        yield from ((key, state) for state in states.each())
