"""A run of a task as steps: one for each try, with the containers' steps as its children."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from producer.contract.record import Status
from producer.engines.copies import Copies
from producer.engines.cursor import Cursor, present
from producer.engines.tekton_statuses import STATUSES, TERMINATIONS, condition, explanation, word

_PLAIN: Final = frozenset({Status.SUCCEEDED, Status.SKIPPED})


class Task(NamedTuple):
    """A run of a task, by the name under which it is shown.

    ``declared`` is the pipeline's task, where it is known; ``note`` tells that it was shown before.
    """

    name: str
    run: Cursor
    declared: Cursor
    note: str | None = None


def named_values(values: Cursor) -> Any:
    """Write parameters or results as an object by name; the list itself where names are missing or repeated."""
    entries = values.elements()
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in entries]
    unique = all(isinstance(name, str) for name in names) and len(set(map(str, names))) == len(names)
    if not entries:
        return None
    return {str(entry["name"]): entry.get("value") for entry in entries} if unique else entries


def results_of(status: Cursor) -> Any:
    """Find the results, which were called otherwise before v1."""
    places = (status.get(name) for name in ("results", "taskResults", "pipelineResults"))
    return next((found for place in places if (found := named_values(place)) is not None), None)


def steps(task: Task, copies: Copies) -> Iterator[dict[str, Any]]:
    """Write the tries of a run of a task, the last one last; what they share is shown as often as copies allow."""
    status = task.run.get("status")
    earlier = list(status.get("retriesStatus").each())
    shared = [task.name, task.declared.value, *(task.run.get(part).value for part in ("metadata", "spec"))]
    for number, one in enumerate([*earlier, status], 1):
        whole = number == 1 or copies.allow(task.run.path, shared)
        shown = task if whole else Task(task.name, Cursor({}, task.run.path), Cursor(None), SHOWN_BEFORE)
        yield _step(shown, one, number, len(earlier) + 1)


SHOWN_BEFORE: Final = "What is declared of this task is large and is shown with its first run."
LONGEST_NAME: Final = 1000
"""Characters of a task's name, which stands in each of its tries; Kubernetes allows 63."""


def short(name: str, field: Cursor) -> str:
    """Hold a task's name to the length that names have."""
    if len(name) > LONGEST_NAME:
        raise field.problem(f"has more than {LONGEST_NAME:,} characters", remedy="Send the name as Tekton wrote it.")
    return name


def _step(task: Task, status: Cursor, number: int, tries: int) -> dict[str, Any]:
    end = STATUSES.step(word(status))
    params, declared = task.run.get("spec", "params"), task.declared.get("params")
    given = named_values(params if params.exists else declared)
    said = explanation(status)
    notes = [
        end.note,
        _attempt(number, tries, end.status),
        None if params.exists or given is None else "The parameters are shown as the pipeline declares them.",
        task.note,
        _no_logs(status),
    ]
    return present(
        name=task.name,
        status=end.status.value,
        started_at=status.get("startTime").time(),
        finished_at=status.get("completionTime").time(),
        description=status.get("taskSpec", "description").text() or task.declared.get("description").text() or None,
        input=given,
        output=results_of(status),
        error=None if end.status in _PLAIN else said,
        children=_children(status) or None,
        notes=[note for note in notes if note] or None,
        details=_details(task, status, None if end.status not in _PLAIN else said),
    )


def _attempt(number: int, tries: int, status: Status) -> str | None:
    if tries == 1:
        return None
    again = " Tekton tried again." if number < tries and status is not Status.SUCCEEDED else ""
    return f"This is try {number} of {tries} of the same task.{again}"


def _no_logs(status: Cursor) -> str | None:
    pod = status.get("podName").text()
    return f"The logs were in the pod {pod}; the event did not hold them." if pod else None


def _details(task: Task, status: Cursor, said: str | None) -> dict[str, Any] | None:
    metadata = task.run.get("metadata")
    details = present(
        task_run=metadata.get("name").label(),
        reason=said,
        task=task.declared.rest("name", "params", "taskSpec", "description"),
        metadata=of_metadata(metadata),
        spec=task.run.get("spec").rest("params", "taskSpec"),
        taskSpec=status.get("taskSpec").rest("steps", "description"),
        whenExpressions=task.run.get("whenExpressions").value,
    )
    return {**details, **(status.rest(*_SHOWN) or {}), **_other_conditions(status)} or None


_SHOWN: Final = (
    "startTime",
    "completionTime",
    "conditions",
    "steps",
    "sidecars",
    "retriesStatus",
    "results",
    "taskResults",
    "taskSpec",
)


def _other_conditions(status: Cursor) -> dict[str, Any]:
    shown = condition(status).value
    others = [one for one in status.get("conditions").elements() if one is not shown]
    return {"conditions": others} if others else {}


def of_metadata(metadata: Cursor) -> dict[str, Any] | None:
    """Leave out of an object's metadata what Kubernetes keeps for itself."""
    annotations = metadata.get("annotations").rest("kubectl.kubernetes.io/last-applied-configuration")
    others = metadata.rest("managedFields", "resourceVersion", "generation", "selfLink", "annotations") or {}
    return {**others, **present(annotations=annotations)} or None


def _children(status: Cursor) -> list[dict[str, Any]]:
    written = {one.get("name").value: one for one in status.get("taskSpec", "steps").each() if _is_named(one)}
    found = list(status.get("steps").each())
    ends = [one.get("terminated", "finishedAt").time() for one in found]
    if all(ends):
        # Old versions listed the steps by their names; they run one after the other, so their ends tell the order.
        found = [one for _, one in sorted(zip(map(str, ends), found, strict=True), key=lambda pair: pair[0])]
    steps = [_child(one, "step", written.get(one.get("name").label(), Cursor(None))) for one in found]
    return [*steps, *(_child(one, "sidecar", Cursor(None)) for one in status.get("sidecars").each())]


def _is_named(step: Cursor) -> bool:
    return isinstance(step.get("name").value, str)


def _child(step: Cursor, kind: str, written: Cursor) -> dict[str, Any]:
    ended = step.get("terminated")
    return present(
        name=step.get("name").text() or "",
        kind=kind,
        status=_end(step),
        started_at=ended.get("startedAt").time() or step.get("running", "startedAt").time(),
        finished_at=ended.get("finishedAt").time(),
        input=written.rest("name"),
        output=named_values(step.get("results")),
        exit_code=ended.get("exitCode").value,
        error=ended.get("message").text() or None,
        details=step.rest("name", "results", "terminated"),
        terminated=ended.rest("startedAt", "finishedAt", "exitCode", "message"),
    )


def _end(step: Cursor) -> str | None:
    """Tell how a container ended: by Tekton's word, else by the exit code, which is all that old versions tell."""
    ended = step.get("terminated")
    for reason in (step.get("terminationReason").value, ended.get("reason").value):
        if isinstance(reason, str) and reason in TERMINATIONS:
            return TERMINATIONS[reason].value
    if ended.exists:
        return (Status.SUCCEEDED if ended.get("exitCode").value == 0 else Status.FAILED).value
    if step.has("running"):
        return Status.INTERRUPTED.value
    return Status.SKIPPED.value if step.has("waiting") else None
