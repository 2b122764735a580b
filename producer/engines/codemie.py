"""CodeMie: ``{"workflow": …, "execution": …, "states": […]}``, as its API returns each of the three.

CodeMie calls nobody when an execution ends, so the sender gathers the parts: the workflow's configuration, the
execution, and the states of all pages, each with its output and thoughts. Three things are not what they seem:

- An execution that is ``Interrupted`` is a pause that waits for a person, not an end.
- The execution has no times of its own: ``date`` is when it was created, ``update_date`` its last change.
- A failed state keeps its error in ``output``; the record shows it as the error.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from producer.contract.record import Status
from producer.engines import times
from producer.engines.adapter import Adapter
from producer.engines.cursor import Cursor, present
from producer.engines.vocabulary import Phase, Vocabulary

STATUSES: Final = Vocabulary(
    {
        "Not Started": Phase.QUEUED,
        "In Progress": Phase.RUNNING,
        "Interrupted": Phase.WAITING,
        "AUTHENTICATION_REQUIRED": Phase.WAITING,
        "Succeeded": Status.SUCCEEDED,
        "Failed": Status.FAILED,
        "Aborted": Status.CANCELLED,
    }
)

_DEEPEST_THOUGHT: Final = 64


def recognises(payload: Any) -> bool:
    """Whether the payload holds an execution with CodeMie's own name of its status."""
    execution = payload.get("execution") if isinstance(payload, dict) else None
    return isinstance(execution, dict) and "overall_status" in execution


def to_record(payload: Any) -> dict[str, Any]:
    """Convert a completed execution with its states. Raises InvalidRecord and NotCompleted."""
    root = Cursor(payload)
    if not isinstance(payload, dict):
        raise root.problem("must be an object with workflow, execution and states")
    return {
        "workflow": _workflow(root),
        "execution": _execution(root),
        "steps": [_step(state) for state in sorted(root.get("states").each(), key=_started)],
    }


def _workflow(root: Cursor) -> dict[str, Any]:
    workflow, execution = root.get("workflow"), root.get("execution")
    named_by_execution = execution.get("workflow_id")
    return present(
        id=(named_by_execution if named_by_execution.exists else workflow.get("id")).identifier(),
        name=workflow.get("name").text() or execution.get("name").text(),
        details=workflow.rest("id", "name"),
    )


def _execution(root: Cursor) -> dict[str, Any]:
    execution = root.get("execution")
    end = STATUSES.execution(execution.get("overall_status"))
    without_states = None if root.get("states").exists else ["The event held no states, so no steps can be shown."]
    return present(
        id=execution.get("execution_id").identifier(),
        status=end.status.value,
        started_at=execution.get("date").time(),
        finished_at=execution.get("update_date").time(),
        triggered_by=_person(execution.get("created_by")),
        input=execution.get("prompt").value,
        output=execution.get("output").value,
        notes=without_states,
        tokens_usage=execution.get("tokens_usage").value,
        details=execution.rest(*_SHOWN_OF_EXECUTION),
        event=root.rest("workflow", "execution", "states"),
    )


_SHOWN_OF_EXECUTION: Final = (
    "workflow_id",
    "execution_id",
    "overall_status",
    "date",
    "update_date",
    "prompt",
    "output",
    "tokens_usage",
)


def _person(created_by: Cursor) -> str | None:
    """Name who started the execution; the whole object stays in the details."""
    known = (created_by.get(key).label() for key in ("name", "username", "user_id"))
    return next((name for name in known if name), None)


def _started(state: Cursor) -> tuple[bool, datetime]:
    """Sort by start; states that never started come last, in the order given."""
    text = state.get("started_at").time()
    return (False, times.instant(text)) if text else (True, times.instant("9999-12-31T00:00:00Z"))


def _step(state: Cursor) -> dict[str, Any]:
    end = STATUSES.step(state.get("status"))
    output, failed = state.get("output").value, end.status is Status.FAILED
    thoughts = [_thought(thought, 1) for thought in state.get("thoughts").each()]
    notes = [note for note in (end.note, _missing_output(state), _missing_thoughts(state)) if note]
    return present(
        name=_name(state),
        status=end.status.value,
        iteration=state.get("iteration_number").integer(),
        started_at=state.get("started_at").time(),
        finished_at=state.get("completed_at").time(),
        description=state.get("task").text() or None,
        output=None if failed else output,
        error=output if failed else None,
        children=thoughts or None,
        notes=notes or None,
        details=state.rest(*_SHOWN_OF_STATE),
    )


_SHOWN_OF_STATE: Final = (
    "name",
    "status",
    "iteration_number",
    "started_at",
    "completed_at",
    "task",
    "output",
    "thoughts",
)


def _name(state: Cursor) -> str:
    name = state.get("name")
    text = name.text()
    if text is None:
        raise name.problem("is missing", remedy="Send the state as CodeMie's API returns it.")
    return text


def _missing_output(state: Cursor) -> str | None:
    # The list of states leaves the output out; it has an address of its own, which a sender easily forgets.
    return None if state.has("output") else "The event did not hold this state's output."


def _missing_thoughts(state: Cursor) -> str | None:
    short = sum(not thought.has("content") for thought in state.get("thoughts").each())
    return f"The event held {short} of the thoughts without their content." if short else None


def _thought(thought: Cursor, depth: int) -> dict[str, Any]:
    if depth > _DEEPEST_THOUGHT:
        raise thought.problem(f"is nested more than {_DEEPEST_THOUGHT} thoughts deep", remedy="Flatten the thoughts.")
    children = [_thought(child, depth + 1) for child in thought.get("children").each()]
    return present(
        name=thought.get("author_name").text() or "",
        kind=thought.get("author_type").text(),
        input=thought.get("input_text").value,
        output=thought.get("content").value,
        children=children or None,
        details=thought.rest("author_name", "author_type", "input_text", "content", "children"),
    )


ADAPTER: Final = Adapter("codemie", to_record, recognises)
