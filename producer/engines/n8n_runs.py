"""n8n's run data as steps: one for each run of each node, then the nodes that never ran."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from producer.contract import jsontext
from producer.contract.record import Status
from producer.engines import n8n_items
from producer.engines.copies import Copies
from producer.engines.cursor import Cursor, present
from producer.engines.flatted import CIRCULAR
from producer.engines.n8n_failure import failure
from producer.engines.n8n_inputs import Inputs
from producer.engines.n8n_nodes import Node, read_nodes
from producer.engines.n8n_statuses import run_end


class Run(NamedTuple):
    """One run of a node: ``iteration`` counts the node's runs from 1."""

    name: str
    iteration: int
    task: Cursor


def steps(result: Cursor, nodes: Cursor) -> list[dict[str, Any]]:
    """Turn ``resultData`` into steps in the order of execution; ``nodes`` are the workflow's, where there are any."""
    run_data = result.get("runData")
    if not run_data.exists:
        return []
    writer = _Writer(run_data, read_nodes(nodes), result.get("pinData"))
    return [*map(writer.step, _in_order(run_data)), *writer.never_ran()]


def failed_step(execution: Cursor) -> dict[str, Any]:
    """Make the one step that an Error Trigger's event tells of: the last node."""
    error, more = failure(execution.get("error"))
    node = Node(Cursor(_object(execution.get("error")).get("node"), f"{execution.path}.error.node"))
    return present(
        name=execution.get("lastNodeExecuted").text(),
        status=Status.FAILED.value,
        description=node.description,
        error=error,
        notes=["The event did not hold this step's times, input and output."],
        details=present(node=node.definition, error=more) or None,
    )


def _object(value: Cursor) -> dict[str, Any]:
    return value.value if isinstance(value.value, dict) else {}


def _in_order(run_data: Cursor) -> list[Run]:
    """Sort all runs: by n8n's own count where all have one, else by time, and by the count within a millisecond."""
    runs = list(_runs(run_data))
    counted = all(run.task.get("executionIndex").exists for run in runs)
    return sorted(runs, key=_index if counted else lambda run: (_start(run), _index(run)))


def _runs(run_data: Cursor) -> Iterator[Run]:
    for name, tasks in run_data.items():
        # A partial execution leaves holes in a node's list of runs; the others keep their number.
        yield from (Run(name, n, task) for n, task in enumerate(tasks.each(), 1) if task.exists)


def _index(run: Run) -> float:
    index = run.task.get("executionIndex").number()
    return float("inf") if index is None else index


def _start(run: Run) -> float:
    start = run.task.get("startTime")
    started = start.number() if isinstance(start.value, int | float) else None
    return float("inf") if started is None else started


class _Writer:
    """Writes the steps of one execution."""

    def __init__(self, run_data: Cursor, nodes: dict[str, Node], pinned: Cursor) -> None:
        self._run_data = run_data
        self._nodes = nodes
        self._pinned = pinned.fields()
        self._copies = Copies()
        self._inputs = Inputs(run_data, self._copies)
        self._described: set[str] = set()

    def step(self, run: Run) -> dict[str, Any]:
        """Write one run of a node."""
        task, node = run.task, self._nodes.get(run.name, Node(Cursor(None)))
        end, given = run_end(task), self._inputs.of(task)
        error, more = failure(task.get("error"))
        started_at, finished_at = _times(task)
        output = n8n_items.connections(task.get("data"), node.output_names(task.get("data", "main")))
        definition, unshown = self._definition(run.name, node)
        notes = [end.note, *given.notes, unshown, self._pin(run.name), *_relations(task), *node.remarks(task)]
        details = {**(task.rest(*_SHOWN) or {}), **present(node=definition, error=more)}
        return present(
            name=run.name,
            status=end.status.value,
            iteration=run.iteration,
            started_at=started_at,
            finished_at=finished_at,
            description=node.description,
            input=given.value,
            output=output,
            error=error,
            notes=[note for note in (*notes, _circular(output)) if note] or None,
            details=details or None,
        )

    def never_ran(self) -> Iterator[dict[str, Any]]:
        """Write the nodes that could have run and did not, in the workflow's order."""
        for name, node in self._nodes.items():
            if name not in self._run_data.fields() and node.can_run:
                yield present(
                    name=name,
                    status=Status.SKIPPED.value,
                    description=node.description,
                    notes=["This node did not run in this execution."],
                    details=present(node=node.definition) or None,
                )

    def _definition(self, name: str, node: Node) -> tuple[dict[str, Any] | None, str | None]:
        """Show a node's type and parameters with every run, with the first in any case."""
        first = name not in self._described
        self._described.add(name)
        if node.definition is None or first or self._copies.allow(f"node {name}", node.definition):
            return node.definition, None
        return None, "The node's parameters are shown with its first run."

    def _pin(self, name: str) -> str | None:
        return "The output is pinned test data; the node itself did not run." if name in self._pinned else None


_SHOWN: Final = (
    "startTime",
    "executionTime",
    "executionIndex",
    "executionStatus",
    "data",
    "inputOverride",
    "error",
)


def _times(task: Cursor) -> tuple[str | None, str | None]:
    """Tell a run's start, and its end: the start and the duration in milliseconds."""
    start, took = task.get("startTime"), task.get("executionTime").number()
    if took is None or not isinstance(start.value, int | float):
        return start.time(), None
    end = Cursor((start.number() or 0) + took, f"{task.path}.executionTime")
    return start.time(), end.time()


def _relations(task: Cursor) -> Iterator[str]:
    """Name the executions that a run started, and the one that started this one."""
    metadata = Cursor(_object(task.get("metadata")))
    for field, sentence in (("subExecution", "Ran as"), ("parentExecution", "Called by")):
        other = Cursor(_object(metadata.get(field)))
        execution, workflow = other.get("executionId").label(), other.get("workflowId").label()
        if execution:
            yield f"{sentence} execution {execution} of workflow {workflow or 'unknown'}."


def _circular(output: Any) -> str | None:
    if output is None or f'"{CIRCULAR}"'.encode() not in jsontext.encode(output):
        return None
    return f"The sender replaced repeated values by '{CIRCULAR}'; they could not be had."
