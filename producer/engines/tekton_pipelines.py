"""The run of a pipeline as steps: its TaskRuns, and the tasks that Tekton skipped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from producer.contract.record import Status
from producer.engines import ordering, tekton_tasks
from producer.engines.copies import Copies
from producer.engines.cursor import Cursor, present
from producer.engines.tekton_statuses import condition
from producer.engines.tekton_tasks import Task


class Shown(NamedTuple):
    """The steps of a pipeline's run, and what could not be shown."""

    steps: list[dict[str, Any]]
    notes: list[str]


class _Declared:
    """The pipeline's tasks by name. One may run any number of times, and is shown whole with the first in any case."""

    def __init__(self, run: Cursor, copies: Copies) -> None:
        resolved = run.get("status", "pipelineSpec")
        spec = resolved if resolved.exists else run.get("spec", "pipelineSpec")
        tasks = [task for place in ("tasks", "finally") for task in spec.get(place).each()]
        self.tasks = {name: task for task in tasks if (name := task.get("name").text())}
        self._copies = copies
        self._shown: set[str] = set()

    def of(self, name: str) -> tuple[Cursor, str | None]:
        """Find a task, or a note that it was shown before."""
        task, first = self.tasks.get(name, Cursor(None)), name not in self._shown
        self._shown.add(name)
        if first or self._copies.allow(f"task {name}", task.value):
            return task, None
        return Cursor(None), tekton_tasks.SHOWN_BEFORE


def in_sequence(tasks: Iterable[Task]) -> list[dict[str, Any]]:
    """Write runs of tasks as steps in the order of execution, repeated ones numbered."""
    copies = Copies()
    return _numbered(step for task in tasks for step in tekton_tasks.steps(task, copies))


def read(run: Cursor, sent: list[Cursor]) -> Shown:
    """Read the steps of a pipeline's run; ``sent`` are the runs of tasks that came beside it."""
    own, strangers = _own(run, sent)
    named = {_name(one): one for one in (*_embedded(run), *own)}
    copies = Copies()
    declared = _Declared(run, copies)
    tasks = [_task(one, declared) for one in named.values()]
    absent = [one for one in run.get("status", "childReferences").each() if _name_of(one) not in named]
    skipped = list(_skipped(run, declared))
    started = {task.name for task in tasks} | {_label(one) for one in absent} | {step["name"] for step in skipped}
    told = bool(absent or named) and (run.get("status").has("childReferences") or run.get("status").has("taskRuns"))
    never = list(_never_ran(declared.tasks, started)) if told else []
    succeeded = _all_succeeded(run)
    unseen = [_unseen(one, declared) for one in absent] if succeeded else []
    steps = [step for task in tasks for step in tekton_tasks.steps(task, copies)]
    notes = [*_strangers(strangers), *([] if succeeded else _absent(absent)), *_nothing(run, named, absent)]
    return Shown(_numbered([*steps, *unseen, *skipped, *never]), notes)


def _numbered(steps: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return ordering.numbered(ordering.in_order(steps))


def _own(run: Cursor, sent: list[Cursor]) -> tuple[list[Cursor], list[Cursor]]:
    """Part the runs of tasks that belong to this pipeline's run from those that say that they belong to another."""
    name = run.get("metadata", "name").value
    own: list[Cursor] = []
    strangers: list[Cursor] = []
    for one in sent:
        owner = one.get("metadata", "labels").fields().get("tekton.dev/pipelineRun")
        (strangers if name and owner and owner != name else own).append(one)
    return own, strangers


def _strangers(strangers: list[Cursor]) -> Iterator[str]:
    if strangers:
        names = ", ".join(_name(one) for one in strangers[:10])
        yield f"{len(strangers)} TaskRuns of other PipelineRuns are not shown: {names}."


def _embedded(run: Cursor) -> Iterator[Cursor]:
    """Take out the runs of tasks that PipelineRuns before v1 hold, by name."""
    for place in ("taskRuns", "runs"):
        for name, one in run.get("status", place).items():
            yield Cursor({**one.fields(), "metadata": {"name": name}}, one.path)


def _name(one: Cursor) -> str:
    metadata = one.get("metadata")
    return metadata.get("name").label() or metadata.get("uid").label() or one.path


def _name_of(reference: Cursor) -> str | None:
    return reference.get("name").label()


def _label(reference: Cursor) -> str:
    return reference.get("pipelineTaskName").text() or _name_of(reference) or ""


def _task(one: Cursor, declared: _Declared) -> Task:
    label = one.get("metadata", "labels").fields().get("tekton.dev/pipelineTask")
    name = one.get("pipelineTaskName").text() or (label if isinstance(label, str) and label else _name(one))
    return Task(tekton_tasks.short(name, one), one, *declared.of(name))


def _all_succeeded(run: Cursor) -> bool:
    """Whether Tekton's count says that no task failed: an ignored failure leaves the pipeline a success."""
    found = condition(run.get("status"))
    message = found.get("message").value
    return found.get("status").value == "True" and isinstance(message, str) and _NONE_FAILED.search(message) is not None


_NONE_FAILED: Final = re.compile(r"Completed: \d+ \(Failed: 0, Cancelled:? 0\)")


def _unseen(reference: Cursor, declared: _Declared) -> dict[str, Any]:
    """Write a task that ran and that only Tekton's count tells of."""
    name = _label(reference)
    task, unshown = declared.of(name)
    note = "The event named this task's run and did not hold it; that it succeeded follows from the pipeline's message."
    return present(
        name=name,
        status=Status.SUCCEEDED.value,
        description=task.get("description").text() or None,
        input=tekton_tasks.named_values(task.get("params")),
        notes=[note, unshown] if unshown else [note],
        details=present(task_run=_name_of(reference), task=task.rest("name", "params", "description")),
    )


def _absent(references: list[Cursor]) -> Iterator[str]:
    if references:
        names = ", ".join(f"{_label(one)} ({_name_of(one)})" for one in references)
        yield f"The event named these runs of tasks and did not hold them, so they are not shown: {names}."


def _nothing(run: Cursor, named: dict[str, Cursor], absent: list[Cursor]) -> Iterator[str]:
    if not named and not absent and not run.get("status", "skippedTasks").elements():
        yield "The event held no runs of tasks. Send them beside the PipelineRun as taskRuns."


def _skipped(run: Cursor, declared: _Declared) -> Iterator[dict[str, Any]]:
    for one in run.get("status", "skippedTasks").each():
        name, reason = one.get("name").text() or "", one.get("reason").text()
        task, unshown = declared.of(name)
        said = f"Tekton skipped this task: {reason}." if reason else "Tekton skipped this task."
        yield present(
            name=name,
            status=Status.SKIPPED.value,
            description=task.get("description").text() or None,
            notes=[said, unshown] if unshown else [said],
            details={**(one.rest("name", "reason") or {}), **present(task=task.rest("name", "description"))} or None,
        )


def _never_ran(declared: dict[str, Cursor], started: set[str]) -> Iterator[dict[str, Any]]:
    """Write the pipeline's tasks that neither ran nor are said to be skipped."""
    for name, task in declared.items():
        if name not in started:
            yield present(
                name=name,
                status=Status.SKIPPED.value,
                description=task.get("description").text() or None,
                notes=["This task did not run in this execution."],
                details=present(task=task.rest("name", "description")) or None,
            )
