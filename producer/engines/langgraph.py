"""LangGraph and LangSmith: the runs of one trace, whose root run is the execution.

The runs may be nested in ``child_runs`` or flat with ``parent_run_id``, as a list, as LangSmith's API answers them
(``{"runs": […]}``, also in a rule's webhook), or as its client posts them (``{"post": […], "patch": […]}``). Taken too
are a graph server's webhook, which holds a run's result and no nodes, and LangGraph's state history and debug stream.

- A node that was tried again is a run of its own: tries share their task, parallel workers (``Send``) do not.
- A graph that waits for a person has ended as a run, not as an execution: it is refused until it was resumed.
- Left out are the runs by which LangGraph glues nodes together; where a conditional edge led is told by ``next``.
"""

from __future__ import annotations

from typing import Any, Final

from producer.engines import langgraph_server, langgraph_states, langgraph_steps
from producer.engines.adapter import Adapter
from producer.engines.cursor import Cursor, present
from producer.engines.langgraph_statuses import STATUSES, run_word
from producer.engines.langgraph_tree import Run, Trace, looks_like_runs, read_trace
from producer.engines.langgraph_values import error_text, plain, present_only


def recognises(payload: Any) -> bool:
    """Whether the payload holds LangSmith's runs or a graph server's run."""
    own = (
        langgraph_server.is_run(payload) or langgraph_states.is_history(payload) or langgraph_states.is_stream(payload)
    )
    return own or looks_like_runs(payload)


def to_record(payload: Any) -> dict[str, Any]:
    """Convert a completed execution. Raises InvalidRecord and NotCompleted."""
    root = Cursor(payload)
    if not isinstance(payload, dict | list):
        raise root.problem("must be a list of runs, or a root run", remedy=_FORMS)
    if langgraph_server.is_run(payload):
        return langgraph_server.record(root)
    if langgraph_states.is_history(payload):
        return langgraph_states.history_record(root)
    if langgraph_states.is_stream(payload):
        return langgraph_states.stream_record(root)
    if not payload:
        raise root.problem("holds no runs", remedy=_FORMS)
    return _record(read_trace(root))


_FORMS: Final = "Send all runs of one trace, such as GET /runs/query of LangSmith returns them, with the root run."


def _record(trace: Trace) -> dict[str, Any]:
    root = trace.root
    execution = _execution(trace)
    steps = langgraph_steps.steps(root)
    if not steps:
        execution["notes"] = [*execution.get("notes", []), "The event held the root run only, so no steps are shown."]
    return {"workflow": _workflow(root), "execution": execution, "steps": steps}


def _workflow(root: Run) -> dict[str, Any]:
    """Name the graph: by the id that a graph server gives it, else by its name."""
    graph, name = root.metadata.get("graph_id"), root.fields.get("name")
    return present(
        id=(graph if graph.exists else name).identifier(),
        name=name.text(),
        details=present(project=root.fields.get("session_name").value) or None,
    )


def _execution(trace: Trace) -> dict[str, Any]:
    fields, metadata = trace.root.fields, trace.root.metadata
    end = STATUSES.execution(run_word(fields).cursor)
    who = (metadata.get(name).label() for name in _PEOPLE)
    notes = [note for note in (end.note, *trace.notes, *langgraph_steps.stored_elsewhere(fields)) if note]
    details = {
        **(fields.rest(*langgraph_steps.SHOWN, "url", "session_name") or {}),
        **(fields.get("extra").rest("metadata") or {}),
        "metadata": metadata.fields(),
        "tags": trace.root.tags,
    }
    return present(
        id=fields.get("id").identifier(),
        status=end.status.value,
        started_at=fields.get("start_time").time(),
        finished_at=fields.get("end_time").time(),
        triggered_by=next((name for name in who if name), None),
        input=plain(fields.get("inputs").value),
        output=plain(fields.get("outputs").value) or None,
        error=error_text(fields.get("error").value) or None,
        url=fields.get("url").text() or None,
        notes=notes or None,
        details=present_only(details) or None,
    )


_PEOPLE: Final = ("langgraph_auth_user_id", "user_id", "user", "username", "cron_id")

ADAPTER: Final = Adapter("langgraph", to_record, recognises)
