"""The steps of an Argo workflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from producer.contract.record import Status
from producer.engines import argo_values
from producer.engines.argo_nodes import Nodes, step_names
from producer.engines.argo_statuses import node_end
from producer.engines.cursor import Cursor, present
from producer.engines.fences import fenced
from producer.engines.iterations import Place, iterations

_ENDED_BADLY: Final = frozenset({Status.FAILED, Status.CANCELLED, Status.TIMED_OUT})


def steps(nodes: Nodes, templates: Mapping[str, Cursor]) -> list[dict[str, Any]]:
    """Write the steps in the order of execution; ``templates`` are the workflow's, by name."""
    identifiers = nodes.steps()
    names = step_names(nodes, identifiers)
    writer = _Writer(nodes, templates)
    places = [nodes.place(each)._replace(name=names[each]) for each in identifiers]
    numbers = iterations(places)
    return [writer.step(each, names[each], number) for each, number in zip(identifiers, numbers, strict=True)]


class _Writer:
    """Writes the steps of one workflow."""

    def __init__(self, nodes: Nodes, templates: Mapping[str, Cursor]) -> None:
        self._nodes = nodes
        self._templates = templates
        self._described: set[str] = set()

    def step(self, identifier: str, name: str, iteration: int | None) -> dict[str, Any]:
        """Write one node."""
        node, place = self._nodes[identifier], self._nodes.place(identifier)
        end, message = node_end(node), node.get("message").value
        bad = end.status in _ENDED_BADLY
        template, script, unshown = self._template(node)
        notes = [end.note, *self._remarks(identifier, place), unshown, None if bad else _said(message)]
        return present(
            name=name,
            status=end.status.value,
            iteration=iteration,
            started_at=node.get("startedAt").time(),
            finished_at=node.get("finishedAt").time(),
            description=script,
            input=argo_values.values(node.get("inputs")),
            output=argo_values.values(node.get("outputs")),
            error=_error(node) if bad else None,
            children=[_container(each) for each in self._nodes.containers(identifier)] or None,
            notes=[note for note in notes if note] or None,
            details=self._details(identifier, template),
        )

    def _details(self, identifier: str, template: Any) -> dict[str, Any] | None:
        node = self._nodes[identifier]
        own = present(
            part_of=" / ".join(self._nodes.part_of(identifier)) or None,
            item=self._nodes.item(identifier),
            exit_code=node.get("outputs", "exitCode").value,
            input_artifacts=node.get("inputs", "artifacts").value,
            output_artifacts=node.get("outputs", "artifacts").value,
            template=template,
        )
        return {**own, **(node.rest(*_SHOWN) or {})} or None

    def _remarks(self, identifier: str, place: Place) -> Iterator[str | None]:
        node, retry = self._nodes[identifier], self._nodes.retry_of(identifier)
        if retry:
            number = "An attempt" if place.attempt is None else f"Attempt {place.attempt + 1}"
            yield f"{number} of {self._nodes.attempts(retry)}."
        if retry and place.attempt == self._nodes.attempts(retry) - 1:
            yield _said(self._nodes[retry].get("message").value)
        if node.get("memoizationStatus", "hit").value is True:
            yield "The outputs came from Argo's cache; the step itself did not run."
        yield from argo_values.remarks(node.get("inputs"), "input")
        yield from argo_values.remarks(node.get("outputs"), "output")
        if node.get("type").label() == "Pod" and not _has_log(node):
            yield "The log is not part of the event."

    def _template(self, node: Cursor) -> tuple[Any, str | None, str | None]:
        """Show what a step runs, once for each template: its definition, and apart from it a script's text."""
        name = node.get("templateName").label() or node.get("templateRef", "template").label() or ""
        template = self._templates.get(name)
        if template is None:
            return None, None, None
        if name in self._described:
            return None, None, f"What the template '{name}' runs is shown with its first step."
        self._described.add(name)
        source = template.get("script").value.get("source") if isinstance(template.get("script").value, dict) else None
        if not isinstance(source, str) or not source:
            return template.rest("inputs", "outputs"), None, None
        shown = template.rest("inputs", "outputs", "script") or {}
        return {**shown, "script": template.get("script").rest("source")}, fenced(source), None


_SHOWN: Final = (
    "displayName",
    "phase",
    "message",
    "startedAt",
    "finishedAt",
    "boundaryID",
    "children",
    "outboundNodes",
    "inputs",
    "outputs",
)


def _said(message: Any) -> str | None:
    return f"Argo says: {message}" if isinstance(message, str) and message else None


def _error(node: Cursor) -> Any:
    message, code = node.get("message").value, node.get("outputs", "exitCode").label()
    if message is not None and message != "":
        return message
    return f"Error (exit code {code})" if code else "Argo's event tells no reason."


def _has_log(node: Cursor) -> bool:
    artifacts = node.get("outputs", "artifacts").each()
    return any((artifact.get("name").label() or "").endswith("-logs") for artifact in artifacts)


def _container(node: Cursor) -> dict[str, Any]:
    return present(
        name=node.get("displayName").text() or "",
        kind="Container",
        status=node_end(node).status.value,
        input=argo_values.values(node.get("inputs")),
        output=argo_values.values(node.get("outputs")),
        details=node.rest("displayName", "phase", "inputs", "outputs", "boundaryID", "children", "type"),
    )
