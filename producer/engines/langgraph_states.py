"""LangGraph's own telling of a run, where nothing was traced: the history of a thread's state, and the debug stream.

``graph.get_state_history()`` gives snapshots, newest first; the tasks of one ran in the step after it. The debug stream
(``stream_mode="debug"``, alone or beside other modes) gives checkpoints, tasks and their results as they come. Neither
names the graph unless a graph server wrote its id, and both hide that a node was tried again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from producer.engines import ordering
from producer.engines.cursor import Cursor, present
from producer.engines.langgraph_statuses import STATUSES
from producer.engines.langgraph_values import plain

_UNNAMED: Final = "LangGraph"
"""What LangGraph itself calls a graph that was given no name."""


class _Task(NamedTuple):
    """One run of a node. ``word`` tells how it stands; ``step`` counts LangGraph's supersteps."""

    name: Cursor
    word: Cursor
    started_at: str | None
    finished_at: str | None
    step: Any
    input: Any
    output: Any
    error: Any
    note: str | None
    details: dict[str, Any] | None


def is_history(payload: Any) -> bool:
    """Whether the payload is a list of a thread's states."""
    first = payload[0] if isinstance(payload, list) and payload else None
    return isinstance(first, dict) and {"values", "next", "config"} <= first.keys()


def is_stream(payload: Any) -> bool:
    """Whether the payload is a debug stream as a list of events."""
    return isinstance(payload, list) and any(_debug_event(Cursor(event)) for event in payload[:5])


def history_record(root: Cursor) -> dict[str, Any]:
    """Convert the last run of a thread's history. Raises InvalidRecord and NotCompleted."""
    snapshots = sorted(root.each(), key=lambda one: one.get("metadata", "step").number() or 0)
    starts = [n for n, one in enumerate(snapshots) if one.get("metadata", "source").value == "input"]
    run = snapshots[starts[-1] :] if starts else snapshots
    tasks = [
        task for n, one in enumerate(run) for task in _history_tasks(one, run[n + 1] if n + 1 < len(run) else None)
    ]
    earlier = f"Shown is the last run of this thread, without {len(starts) - 1} earlier." if len(starts) > 1 else None
    return _record(run, tasks, [earlier, *_NOTES], None)


def _history_tasks(before: Cursor, after: Cursor | None) -> Iterator[_Task]:
    tasks = [task for task in before.get("tasks").each() if not _is_internal(task.get("name"))]
    for task in tasks:
        output, note = _told_output(task, before, after, alone=len(tasks) == 1)
        yield _Task(
            task.get("name"),
            _task_word(task, ended=after is not None or task.get("result").exists),
            before.get("created_at").time(),
            after.get("created_at").time() if after else None,
            (before.get("metadata", "step").integer() or 0) + 1 if before.has("metadata") else None,
            plain(before.get("values").value) if len(tasks) == 1 else None,
            output,
            task.get("error").value,
            note,
            task.rest("name", "error", "result"),
        )


def _told_output(task: Cursor, before: Cursor, after: Cursor | None, *, alone: bool) -> tuple[Any, str | None]:
    """Find what a node gave: its result, what its step wrote, or else what changed in the state."""
    if task.get("result").exists:
        return plain(task.get("result").value), None
    if after is None:
        return None, None
    writes = after.get("metadata", "writes").value
    name = task.get("name").label()
    if isinstance(writes, dict) and alone and name in writes:
        return plain(writes[name]), None
    if not alone:
        return None, "The event tells neither input nor output of nodes that ran side by side."
    old, new = before.get("values").value, after.get("values").value
    if not isinstance(old, dict) or not isinstance(new, dict):
        return plain(new), "The output is the state after this step."
    changed = {key: value for key, value in new.items() if key not in old or old[key] != value}
    return plain(changed), "The output is what changed in the state during this step."


def stream_record(root: Cursor) -> dict[str, Any]:
    """Convert a debug stream. Raises InvalidRecord and NotCompleted."""
    events = [event for element in root.each() if (event := _debug_event(element))]
    raised = next((event.get("raised") for event in root.each() if _is_object(event) and event.has("raised")), None)
    checkpoints = [event for event in events if event.get("type").value == "checkpoint"]
    results = {_task_id(event): event for event in events if event.get("type").value == "task_result"}
    begun = [event for event in events if event.get("type").value == "task"]
    tasks = [_stream_task(event, results.get(_task_id(event))) for event in begun]
    run = [
        Cursor({**one.get("payload").fields(), "created_at": one.get("timestamp").value}, one.path)
        for one in checkpoints
    ]
    return _record(run, tasks, list(_NOTES), raised)


def _debug_event(element: Cursor) -> Cursor | None:
    """Take a debug event out of what a stream of several modes wraps around it."""
    value = element.value
    if isinstance(value, list) and len(value) >= 2 and value[-2] == "debug":
        return _debug_event(Cursor(value[-1], f"{element.path}[{len(value) - 1}]"))
    if not isinstance(value, dict):
        return None
    if "data" in value and (value.get("mode") == "debug" or value.get("event") == "debug"):
        return _debug_event(element.get("data"))
    is_event = value.get("type") in ("checkpoint", "task", "task_result") and isinstance(value.get("payload"), dict)
    return element if is_event else None


def _is_object(element: Cursor) -> bool:
    return isinstance(element.value, dict)


def _task_id(event: Cursor) -> str | None:
    return event.get("payload", "id").label()


def _stream_task(event: Cursor, result: Cursor | None) -> _Task:
    payload, end = event.get("payload"), (result or Cursor(None, event.path)).get("payload")
    return _Task(
        payload.get("name"),
        _task_word(end if result else payload, ended=result is not None),
        event.get("timestamp").time(),
        result.get("timestamp").time() if result else None,
        event.get("step").value,
        plain(payload.get("input").value),
        plain(end.get("result").value) or None,
        end.get("error").value,
        None,
        {**(payload.rest("name", "input") or {}), **(end.rest("name", "result", "error") or {})} or None,
    )


def _is_internal(name: Cursor) -> bool:
    return isinstance(name.value, str) and name.value.startswith("__")


def _task_word(task: Cursor, *, ended: bool) -> Cursor:
    if task.get("error").exists:
        return Cursor("error", task.get("error").path)
    if not ended and task.get("interrupts").elements():
        return Cursor("paused", task.get("interrupts").path)
    return Cursor("success" if ended else "running", task.path)


def _record(run: list[Cursor], tasks: list[_Task], notes: list[str | None], raised: Cursor | None) -> dict[str, Any]:
    last = run[-1] if run else Cursor(None, "checkpoint")
    first = next((one for one in run if one.get("metadata", "source").value != "input"), last)
    word, error = _run_word(last, tasks, raised)
    metadata = last.get("metadata")
    graph = next((c for c in (metadata.get("graph_id"), metadata.get("assistant_id")) if c.exists), None)
    run_id = metadata.get("run_id")
    end = STATUSES.execution(word)
    execution = present(
        id=(run_id if run_id.exists else last.get("config", "configurable", "thread_id")).identifier(),
        status=end.status.value,
        started_at=run[0].get("created_at").time() if run else None,
        finished_at=_latest(last, tasks),
        input=plain(first.get("values").value),
        output=plain(last.get("values").value) if word.value == "success" else None,
        error=error,
        notes=[note for note in (end.note, *notes, None if graph else _NO_GRAPH) if note],
        details=present(
            metadata=metadata.value,
            config=last.get("config").value,
            state=None if word.value == "success" else plain(last.get("values").value),
        ),
    )
    steps = ordering.numbered(ordering.in_order(map(_step, tasks)))
    return {"workflow": {"id": graph.identifier() if graph else _UNNAMED}, "execution": execution, "steps": steps}


def _latest(last: Cursor, tasks: list[_Task]) -> str | None:
    ends = [task.finished_at for task in tasks if task.finished_at]
    return max([*ends, *filter(None, [last.get("created_at").time()])], default=None)


def _run_word(last: Cursor, tasks: list[_Task], raised: Cursor | None) -> tuple[Cursor, Any]:
    """Tell how the run stands, and its error."""
    if raised is not None:
        return Cursor("error", raised.path), raised.value
    if last.has("next") and not last.get("next").elements():
        return Cursor("success", last.get("next").path), None
    for wanted in ("error", "paused"):
        for task in tasks:
            if task.word.value == wanted:
                return task.word, task.error
    return Cursor("running", last.get("next").path), None


def _step(task: _Task) -> dict[str, Any]:
    end = STATUSES.step(task.word)
    name = task.name.text()
    if name is None:
        raise task.name.problem("is missing", remedy="Send the tasks as LangGraph writes them.")
    return present(
        name=name,
        status=end.status.value,
        started_at=task.started_at,
        finished_at=task.finished_at,
        input=task.input,
        output=task.output,
        error=task.error or None,
        notes=[note for note in (end.note, task.note) if note] or None,
        langgraph_step=task.step,
        details=task.details,
    )


_NOTES: Final = ("LangGraph's own states hold no tries, model calls and tools. Send the run's trace to see them.",)
_NO_GRAPH: Final = "The event does not name the graph; it is called as LangGraph calls a graph without a name."
