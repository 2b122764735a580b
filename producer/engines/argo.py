"""Argo Workflows: the ``Workflow`` object with its ``status``, as Kubernetes and Argo's API return it.

Taken too are the frames in which it is often sent: a watch's ``{"type", "object"}``, an Argo Event's ``{"body"}``,
``{"workflow"}``, and a list of one.

- A workflow that ended may lack nodes: a wrong specification fails before the first. Very many are packed into
  ``compressedNodes``, or kept in a database, of which the event then tells only that they are there.
- Logs and artifacts are never part of it; the steps say where they are stored.
- An exit handler runs before the final phase is written: what it sends is refused as not completed.
"""

from __future__ import annotations

from typing import Any, Final

from producer.engines import argo_steps, argo_values
from producer.engines.adapter import Adapter
from producer.engines.argo_nodes import Nodes
from producer.engines.argo_packed import unpacked
from producer.engines.argo_statuses import workflow_end
from producer.engines.cursor import Cursor, present

_LABELS: Final = "workflows.argoproj.io/"
_FRAMES: Final = ("workflow", "object", "body", "result", "resource")
_DEEPEST_FRAME: Final = 4


def recognises(payload: Any) -> bool:
    """Whether the payload is a Workflow, in whatever frame."""
    return _is_workflow(_unframed(Cursor(payload)).value)


def to_record(payload: Any) -> dict[str, Any]:
    """Convert a completed workflow. Raises InvalidRecord, NotCompleted, and of packed nodes MalformedBody, TooLarge."""
    workflow = _unframed(Cursor(payload))
    if not isinstance(workflow.value, dict):
        raise workflow.problem("must be an object: the Workflow with its status")
    end = workflow_end(workflow)
    nodes, missing = _nodes(workflow.get("status"))
    return {
        "workflow": _workflow(workflow),
        "execution": _execution(workflow, nodes, [end.note, missing], end.status.value),
        "steps": argo_steps.steps(nodes, _templates(workflow)),
    }


def _unframed(payload: Cursor) -> Cursor:
    here = payload
    for _ in range(_DEEPEST_FRAME):
        inner = next(filter(_is_framed, _inside(here)), None)
        if inner is None or _is_workflow(here.value):
            break
        here = inner
    return here


def _inside(frame: Cursor) -> list[Cursor]:
    if isinstance(frame.value, list):
        return [frame.at(0)] if len(frame.value) == 1 else []
    if not isinstance(frame.value, dict):
        return []
    items = frame.value.get("items")
    listed = [frame.get("items").at(0)] if isinstance(items, list) and len(items) == 1 else []
    return [*listed, *(frame.get(key) for key in _FRAMES)]


def _is_framed(inner: Cursor) -> bool:
    """Whether there is a workflow in a frame, or a further frame; other engines use the same words for other things."""
    value = inner.value
    return isinstance(value, dict) and (_is_workflow(value) or any(isinstance(value.get(key), dict) for key in _FRAMES))


def _is_workflow(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("metadata"), dict):
        return False
    kind, version = value.get("kind"), value.get("apiVersion")
    if isinstance(kind, str) and isinstance(version, str):
        return kind == "Workflow" and version.startswith("argoproj.io/")
    # Objects taken from a list, and those of Argo's archive, may lack kind and version.
    status, spec = value.get("status"), value.get("spec")
    return isinstance(status, dict) and (
        isinstance(status.get("nodes"), dict)
        or ("phase" in status and isinstance(spec, dict) and not _SPECIFIC.isdisjoint(spec))
    )


_SPECIFIC: Final = frozenset({"templates", "entrypoint", "workflowTemplateRef"})


def _nodes(status: Cursor) -> tuple[Nodes, str | None]:
    """Read the nodes, and say where there are none in the event."""
    nodes, packed = status.get("nodes"), status.get("compressedNodes")
    if not nodes.exists and packed.exists and packed.value != "":
        return Nodes(Cursor(unpacked(packed), packed.path)), None
    if nodes.value:
        return Nodes(nodes), None
    if status.get("offloadNodeStatusVersion").value:
        return Nodes(nodes), "The nodes are kept in Argo's database and were not in the event; no steps can be shown."
    return Nodes(nodes), "The event held no nodes, so no steps can be shown."


def _workflow(workflow: Cursor) -> dict[str, Any]:
    """Name the definition: a template or a cron workflow, else what generated names begin with, else the name itself.

    Names are unique in a namespace only, so the id has both.
    """
    metadata, namespace = workflow.get("metadata"), workflow.get("metadata", "namespace").text()
    name = _definition(workflow)
    full = Cursor(f"{namespace}/{name.identifier()}" if namespace else name.identifier(), name.path)
    return present(
        id=full.identifier(),
        name=name.text(),
        details=present(
            namespace=namespace,
            **(workflow.get("spec").rest("templates", "arguments", "shutdown") or {}),
            annotations=metadata.get("annotations").value,
        ),
    )


def _definition(workflow: Cursor) -> Cursor:
    metadata = workflow.get("metadata")
    labels = metadata.get("labels")
    generated = metadata.get("generateName")
    candidates = (
        workflow.get("spec", "workflowTemplateRef", "name"),
        *(labels.entry(_LABELS + key) for key in ("workflow-template", "cluster-workflow-template", "cron-workflow")),
        Cursor((generated.text() or "").rstrip("-") or None, generated.path),
    )
    return next((name for name in candidates if name.text()), metadata.get("name"))


def _execution(workflow: Cursor, nodes: Nodes, notes: list[str | None], status: str) -> dict[str, Any]:
    metadata, state = workflow.get("metadata"), workflow.get("status")
    uid, labels = metadata.get("uid"), metadata.get("labels")
    outputs = _outputs(state.get("outputs"), nodes, metadata.get("name").label())
    message = state.get("message").value
    return present(
        id=(uid if uid.exists else metadata.get("name")).identifier(),
        status=status,
        started_at=state.get("startedAt").time() or metadata.get("creationTimestamp").time(),
        finished_at=state.get("finishedAt").time(),
        triggered_by=_trigger(labels),
        input=argo_values.values(workflow.get("spec", "arguments")),
        output=argo_values.values(outputs),
        error=None if status == "succeeded" else message,
        notes=[note for note in (*notes, *argo_values.remarks(state.get("outputs"), "output")) if note] or None,
        details=present(
            name=metadata.get("name").value,
            labels=labels.value,
            message=message if status == "succeeded" else None,
            shutdown=workflow.get("spec", "shutdown").value,
            **(state.rest(*_SHOWN_OF_STATUS) or {}),
            structure=nodes.structure() or None,
        ),
    )


_SHOWN_OF_STATUS: Final = (
    "phase",
    "message",
    "startedAt",
    "finishedAt",
    "nodes",
    "compressedNodes",
    "storedTemplates",
    "storedWorkflowTemplateSpec",
    "outputs",
    "labels",
    "shutdown",
    "name",
    "structure",
)


def _outputs(own: Cursor, nodes: Nodes, name: str | None) -> Cursor:
    """Choose the workflow's outputs, else those of its first node, which gives them."""
    if own.exists:
        return own
    return next((nodes[each].get("outputs") for each in nodes if nodes[each].get("name").label() == name), own)


def _trigger(labels: Cursor) -> str | None:
    for key, words in (("creator", ""), ("cron-workflow", "cron workflow "), ("resubmitted-from-workflow", "again: ")):
        name = labels.entry(_LABELS + key).label()
        if name:
            return words + name
    return None


def _templates(workflow: Cursor) -> dict[str, Cursor]:
    """Read the templates by name: the workflow's own, and those stored with it of the definitions that it refers to."""
    stored = workflow.get("status", "storedTemplates")
    specified = workflow.get("status", "storedWorkflowTemplateSpec", "templates")
    own = [*specified.each(), *workflow.get("spec", "templates").each()]
    found = {name.rsplit("/", 1)[-1]: template for name, template in stored.items()}
    return {**found, **{name: template for template in own if (name := template.get("name").label())}}


ADAPTER: Final = Adapter("argo", to_record, recognises)
