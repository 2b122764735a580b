"""The graph nodes of a trace as steps, with the model calls, tools and inner nodes of each as its children."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from producer.engines import ordering
from producer.engines.cursor import Cursor, present
from producer.engines.langgraph_statuses import STATUSES, run_word
from producer.engines.langgraph_tree import Run
from producer.engines.langgraph_values import (
    Shown,
    error_text,
    model_input,
    model_output,
    plain,
    present_only,
    tool_input,
    tool_output,
)

_DEEPEST: Final = 64
_PLUMBING: Final = re.compile(
    r"(?:Runnable(?:Callable|Lambda|Seq|Sequence|Parallel|Passthrough|Assign|Branch)|Channel(?:Write|Read)|Branch)"
    r"(?:<.*)?|__.*|_write",
    re.DOTALL,
)
"""Names of the runs by which LangChain and LangGraph glue a node together."""

SHOWN: Final = (
    "id", "name", "run_type", "status", "start_time", "end_time", "error", "inputs", "outputs", "tags", "extra",
    "events", "serialized", "parent_run_id", "parent_run_ids", "trace_id", "dotted_order", "child_runs",
    "child_run_ids", "direct_child_run_ids", "session_id", "session_name", "is_root",
)  # fmt: skip # a table of words, which would be one word a line
"""Fields of a run that are shown elsewhere or tell only its place in the trace. ``events`` repeat start and end, and
what a model streamed; ``serialized`` tells how the client object was built."""


def steps(root: Run) -> list[dict[str, Any]]:
    """Turn a trace into steps in the order of execution: its graph nodes, or what ran directly where there are none."""
    found = list(_top_nodes(root, 1)) if any(_is_node(run) for run in _below(root)) else list(_visible(root))
    tries = Counter(_task(run) for run in found)
    seen: Counter[str | None] = Counter()
    written = []
    for run in sorted(found, key=_place):
        task = _task(run)
        seen[task] += 1
        written.append(_step(run, root, (seen[task], tries[task]) if task else (1, 1)))
    return ordering.numbered(ordering.in_order(written))


def _place(run: Run) -> str:
    # The dotted order holds the start in a form that sorts, and decides between runs of one moment.
    return run.fields.get("dotted_order").text() or ""


def _below(root: Run) -> Iterator[Run]:
    waiting = list(root.children)
    while waiting:
        run = waiting.pop()
        yield run
        waiting.extend(run.children)


def _is_node(run: Run) -> bool:
    """Whether LangGraph started the run for a node of a graph, not the node's code for a part of its work."""
    if run.kind != "chain" or _is_hidden(run):
        return False
    if any(tag.startswith("graph:step:") for tag in run.tags):
        return True
    inside = any(tag.startswith("seq:step:") for tag in run.tags)
    return bool(run.name) and not inside and run.metadata.get("langgraph_node").value == run.name


def _is_hidden(run: Run) -> bool:
    return "langsmith:hidden" in run.tags or (run.kind == "chain" and _PLUMBING.fullmatch(run.name) is not None)


def _top_nodes(run: Run, depth: int) -> Iterator[Run]:
    """Find the nodes nearest to the root; beside them, whatever else ran outside of any node."""
    _check_depth(run, depth)
    for child in run.children:
        if _is_node(child):
            yield child
        elif _is_hidden(child) or any(_is_node(inner) for inner in _below(child)):
            yield from _top_nodes(child, depth + 1)
        else:
            yield child


def _visible(run: Run, depth: int = 1) -> Iterator[Run]:
    """Go through the runs below one; in the place of plumbing stands what is below it."""
    _check_depth(run, depth)
    for child in sorted(run.children, key=_place):
        if _is_hidden(child):
            yield from _visible(child, depth + 1)
        else:
            yield child


def _check_depth(run: Run, depth: int) -> None:
    if depth > _DEEPEST:
        raise run.fields.problem(f"is nested more than {_DEEPEST} runs deep", remedy="Send the runs near the root.")


def _task(run: Run) -> str | None:
    """Name the task that a run is a try of: tries of one share it, parallel workers do not."""
    namespace = run.metadata.get("langgraph_checkpoint_ns")
    return namespace.value if isinstance(namespace.value, str) and _is_node(run) else None


def _step(run: Run, root: Run, attempt: tuple[int, int]) -> dict[str, Any]:
    fields, end = run.fields, STATUSES.step(run_word(run.fields).cursor)
    children = [_child(child, run, 1) for child in _visible(run)]
    return present(
        name=run.name,
        status=end.status.value,
        started_at=fields.get("start_time").time(),
        finished_at=fields.get("end_time").time(),
        input=_input(run),
        output=_output(run).value,
        error=error_text(fields.get("error").value) or None,
        children=children or None,
        notes=[note for note in (end.note, _attempt(*attempt), *stored_elsewhere(fields)) if note] or None,
        langgraph_step=run.metadata.get("langgraph_step").value,
        next=_route(run),
        details=_details(run, root),
    )


def _attempt(number: int, count: int) -> str | None:
    if count == 1:
        return None
    return f"This is try {number} of {count} of the same task." + (" It was tried again." if number < count else "")


def stored_elsewhere(fields: Cursor) -> Iterator[str]:
    """Say of an input or output that LangSmith left in its object store."""
    for name in ("inputs", "outputs"):
        if fields.get(f"{name}_s3_urls").exists and not fields.get(name).value:
            yield f"The {name} lie in LangSmith's object store; the event did not hold them."


def _route(run: Run) -> Any:
    """Tell where the node's conditional edges led, which is the output of a hidden run."""
    for child in run.children:
        outputs = child.fields.get("outputs").value
        is_edge = _is_hidden(child) and any(tag.startswith("seq:step:") for tag in child.tags)
        if is_edge and isinstance(outputs, dict) and list(outputs) == ["output"]:
            return plain(outputs["output"])
    return None


def _input(run: Run) -> Any:
    inputs = run.fields.get("inputs").value
    if run.kind == "llm":
        return model_input(inputs)
    return tool_input(inputs) if run.kind == "tool" else plain(inputs)


def _output(run: Run) -> Shown:
    outputs = run.fields.get("outputs").value
    if run.kind == "llm":
        return model_output(outputs)
    shown = tool_output(outputs) if run.kind == "tool" else Shown(plain(outputs))
    # A run that failed has an empty output, which says nothing.
    return shown if shown.value != {} or not run.fields.get("error").exists else Shown(None)


def _child(run: Run, above: Run, depth: int) -> dict[str, Any]:
    _check_depth(run, depth)
    fields, end = run.fields, STATUSES.step(run_word(run.fields).cursor)
    children = [_child(child, run, depth + 1) for child in _visible(run)]
    notes = [note for note in (end.note, *stored_elsewhere(fields)) if note]
    return present(
        name=run.name,
        kind="node" if _is_node(run) else run.kind,
        status=end.status.value,
        started_at=fields.get("start_time").time(),
        finished_at=fields.get("end_time").time(),
        input=_input(run),
        output=_output(run).value,
        error=error_text(fields.get("error").value) or None,
        children=children or None,
        notes=notes or None,
        details=_details(run, above),
    )


def _details(run: Run, above: Run) -> dict[str, Any] | None:
    """Keep what says something of this run alone: what it shares with the run above it is shown there."""
    fields, shared = run.fields, above.metadata.fields()
    metadata = {
        name: value
        for name, value in run.metadata.fields().items()
        if name not in _PLACE and shared.get(name, _ABSENT) != value
    }
    tags = [tag for tag in run.tags if tag not in above.tags and not tag.startswith(("graph:step:", "seq:step:"))]
    rest = _output(run).rest
    return (
        present_only(
            {
                "run_id": fields.get("id").value,
                **(fields.rest(*SHOWN) or {}),
                **(fields.get("extra").rest("metadata", "runtime") or {}),
                **(rest if isinstance(rest, dict) else {}),
                "metadata": metadata,
                "tags": tags,
            }
        )
        or None
    )


_ABSENT: Final = object()
_PLACE: Final = frozenset(
    {"langgraph_step", "langgraph_node", "langgraph_path", "langgraph_checkpoint_ns", "checkpoint_ns"}
)
"""What LangGraph writes into the metadata of a run to tell its place in the graph."""
