"""Tekton: ``{"pipelineRun": …, "taskRuns": […]}``, objects as Kubernetes holds them.

A PipelineRun alone is taken too, a TaskRun alone, the bodies of Tekton's own events, lists as ``kubectl get -o json``
prints them, and any mixture. Old PipelineRuns hold their TaskRuns; newer ones name them, and whatever was not sent is
noted.

- A step is one try of one TaskRun, called as the pipeline calls the task; a matrix runs it several times.
- Whether something succeeded is told by a condition; its reason tells a time-out and a cancellation from a failure.
- A pipeline's name is taken from what it refers to: a label holds the run's own name where the pipeline is embedded.
"""

from __future__ import annotations

import re
from typing import Any, Final

from producer.contract import jsontext
from producer.contract.errors import InvalidRecord
from producer.contract.record import Status
from producer.engines import tekton_pipelines
from producer.engines.adapter import Adapter
from producer.engines.cursor import Cursor, present
from producer.engines.tekton_parts import Parts, looks_like_tekton, read_parts
from producer.engines.tekton_statuses import STATUSES, explanation, word
from producer.engines.tekton_tasks import Task, named_values, of_metadata, results_of, short


def recognises(payload: Any) -> bool:
    """Whether the payload holds a run of Tekton's."""
    return looks_like_tekton(payload)


def to_record(payload: Any) -> dict[str, Any]:
    """Convert the run of a pipeline or of a task. Raises InvalidRecord and NotCompleted."""
    parts = read_parts(Cursor(payload))
    run = _only_run(parts)
    execution = _execution(run)
    if parts.pipelines:
        shown = tekton_pipelines.read(run, parts.tasks)
        steps, notes = shown.steps, shown.notes
    else:
        steps = tekton_pipelines.in_sequence([Task(short(_task_name(run), run), run, Cursor(None))])
        owner = run.get("metadata", "labels").fields().get("tekton.dev/pipelineRun")
        notes = [f"This TaskRun belongs to the PipelineRun {owner}, which the event did not hold."] if owner else []
    said = [*execution.get("notes", []), *notes]
    workflow = _workflow(run, _PIPELINE if parts.pipelines else _TASK)
    return {"workflow": workflow, "execution": present(**{**execution, "notes": said or None}), "steps": steps}


def _only_run(parts: Parts) -> Cursor:
    if len(parts.pipelines) > 1:
        raise InvalidRecord(
            f"The payload holds {len(parts.pipelines)} PipelineRuns.",
            field=parts.pipelines[1].path or None,
            remedy="Send one PipelineRun with its TaskRuns at a time.",
        )
    if parts.pipelines:
        return parts.pipelines[0]
    if len(parts.tasks) == 1:
        return parts.tasks[0]
    raise InvalidRecord(
        f"The payload holds {len(parts.tasks) or 'no'} TaskRuns and no PipelineRun.",
        field="pipelineRun",
        remedy='Send {"pipelineRun": …, "taskRuns": […]}, or a single TaskRun.',
    )


_PIPELINE: Final = ("pipeline",)
_TASK: Final = ("task", "clusterTask", "custom")
"""What the run of a pipeline and that of a task may refer to."""


def _workflow(run: Cursor, kinds: tuple[str, ...]) -> dict[str, Any]:
    name, namespace = _definition(run, kinds), run.get("metadata", "namespace").text()
    return {"id": f"{namespace}/{name}" if namespace else name, "name": name}


def _definition(run: Cursor, kinds: tuple[str, ...]) -> str:
    """Name the pipeline or task that ran."""
    metadata, labels = run.get("metadata"), run.get("metadata", "labels").fields()
    own = metadata.get("name").text()
    for kind in kinds:
        reference, label = run.get("spec", f"{kind}Ref"), labels.get(f"tekton.dev/{kind}")
        found = reference.get("name").text() or _resolved(reference)
        if found or (isinstance(label, str) and label and label != own):
            return found or str(label)
    prefix = (metadata.get("generateName").text() or "").rstrip("-")
    name = prefix or own
    if not name:
        raise metadata.get("name").problem("is missing", remedy="Send the object as Kubernetes holds it.")
    return name


def _resolved(reference: Cursor) -> str | None:
    """Name what a resolver fetched: by its name in a catalogue or cluster, else by its file."""
    params = named_values(reference.get("params"))
    if not isinstance(params, dict):
        return None
    found = next((params[name] for name in ("name", "pathInRepo", "bundle", "url") if params.get(name)), None)
    if not isinstance(found, str):
        return None
    return re.sub(r"\.ya?ml$", "", found.rstrip("/").rpartition("/")[2]) or None


def _task_name(run: Cursor) -> str:
    label = run.get("metadata", "labels").fields().get("tekton.dev/pipelineTask")
    return label if isinstance(label, str) and label else _definition(run, _TASK)


def _execution(run: Cursor) -> dict[str, Any]:
    status, metadata = run.get("status"), run.get("metadata")
    end = STATUSES.execution(word(status))
    identifier, note = _identifier(run)
    fine = end.status is Status.SUCCEEDED
    details = present(
        reason=explanation(status) if fine else None,
        metadata=of_metadata(metadata),
        spec=run.get("spec").rest("params", "pipelineSpec", "taskSpec"),
        pipelineSpec=_pipeline_spec(run).rest("tasks", "finally"),
        status=status.rest(*_SHOWN),
    )
    return present(
        id=identifier,
        status=end.status.value,
        started_at=status.get("startTime").time() or metadata.get("creationTimestamp").time(),
        finished_at=status.get("completionTime").time(),
        triggered_by=_person(metadata),
        input=named_values(run.get("spec", "params")),
        output=results_of(status),
        error=None if fine else explanation(status),
        url=_address(metadata),
        notes=[text for text in (end.note, note) if text] or None,
        details=details or None,
    )


_SHOWN: Final = (
    "startTime",
    "completionTime",
    "conditions",
    "results",
    "pipelineResults",
    "taskResults",
    "pipelineSpec",
    "taskSpec",
    "taskRuns",
    "runs",
    "steps",
    "sidecars",
    "retriesStatus",
    "skippedTasks",
    "childReferences",
)


def _pipeline_spec(run: Cursor) -> Cursor:
    resolved = run.get("status", "pipelineSpec")
    return resolved if resolved.exists else run.get("spec", "pipelineSpec")


def _identifier(run: Cursor) -> tuple[str, str | None]:
    """Take the object's uid, which no other run ever has; one without its metadata is told by its content."""
    metadata = run.get("metadata")
    for name in ("uid", "name"):
        if metadata.get(name).exists:
            return metadata.get(name).identifier(), None
    return f"sha256-{jsontext.digest(run.value)[:32]}", "The object names no id; shown is the digest of its content."


def _person(metadata: Cursor) -> str | None:
    """Name who or what started the run, where an installation notes it."""
    noted = {**metadata.get("labels").fields(), **metadata.get("annotations").fields()}
    found = (noted.get(name) for name in _STARTERS)
    return next((name for name in found if isinstance(name, str) and name), None)


_STARTERS: Final = (
    "pipelinesascode.tekton.dev/sender",
    "triggers.tekton.dev/trigger",
    "triggers.tekton.dev/eventlistener",
)


def _address(metadata: Cursor) -> str | None:
    url = metadata.get("annotations").fields().get("pipelinesascode.tekton.dev/log-url")
    return url if isinstance(url, str) and url else None


ADAPTER: Final = Adapter("tekton", to_record, recognises)
