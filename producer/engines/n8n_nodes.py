"""The nodes of an n8n workflow: what a step tells of the node that ran."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from producer.engines.cursor import Cursor

_OUTPUT_NAMES: Final[Mapping[tuple[str, int], tuple[str, ...]]] = {
    ("n8n-nodes-base.if", 1): ("true", "false"),
    ("n8n-nodes-base.if", 2): ("true", "false"),
    ("n8n-nodes-base.splitInBatches", 3): ("done", "loop"),
}
"""Names of branches by type and major version of a node, where n8n's editor gives them names."""


class Node:
    """One node of the workflow, or nothing known of it."""

    def __init__(self, node: Cursor) -> None:
        self._node = node if isinstance(node.value, dict) else Cursor(None, node.path)

    @property
    def description(self) -> str | None:
        """The notes that the workflow's author wrote at the node."""
        notes = self._node.get("notes").value
        return notes if isinstance(notes, str) and notes else None

    @property
    def definition(self) -> dict[str, Any] | None:
        """Type, parameters and settings."""
        return self._node.rest("id", "name", "position", "notes", "notesInFlow")

    @property
    def can_run(self) -> bool:
        """Whether the node is meant to run: it is neither disabled nor a note on the canvas."""
        return not self._disabled and not (self._node.get("type").label() or "").endswith(".stickyNote")

    @property
    def _disabled(self) -> bool:
        return self._node.get("disabled").value is True

    def output_names(self, outputs: Cursor) -> tuple[str, ...]:
        """Names of the node's branches; shorter than their number where n8n has no names."""
        count = len(outputs.elements())
        names = _OUTPUT_NAMES.get((self._node.get("type").label() or "", self._major_version), ())
        if count > 1 and self._node.get("onError").value == "continueErrorOutput":
            regular = names or (("success",) if count == 2 else tuple(f"output {n}" for n in range(count - 1)))
            return (*regular[: count - 1], "error")
        return names

    @property
    def _major_version(self) -> int:
        version = self._node.get("typeVersion").value
        return int(version) if isinstance(version, int | float) and 0 <= version < 1000 else 0

    def remarks(self, task: Cursor) -> Iterator[str]:
        """Say of one run of this node what a reader must know and n8n's status hides."""
        if self._disabled:
            yield "The node is disabled: n8n handed its input on."
        if self._node.get("retryOnFail").value is True:
            tries = self._node.get("maxTries").label() or "several"
            yield f"n8n tries this node up to {tries} times and keeps the last try only; the duration covers all."
        failed = self._failed_items(task.get("data", "main"))
        if failed:
            yield f"{failed} of the items failed; the node is set to continue on errors."

    def _failed_items(self, outputs: Cursor) -> int:
        """Count items that failed in a run that n8n calls a success."""
        mode = self._node.get("onError").value
        lists = [branch.elements() for branch in outputs.each()]
        if mode == "continueErrorOutput":
            return len(lists[-1]) if len(lists) > 1 else 0
        if mode == "continueRegularOutput" or self._node.get("continueOnFail").value is True:
            return sum(_holds_error(item) for items in lists for item in items)
        return 0


def _holds_error(item: Any) -> bool:
    json = item.get("json") if isinstance(item, dict) else None
    return isinstance(item, dict) and ("error" in item or (isinstance(json, dict) and "error" in json))


def read_nodes(nodes: Cursor) -> dict[str, Node]:
    """Read a workflow's nodes by name, in its order."""
    named = ((node.get("name").text(), node) for node in nodes.each())
    return {name: Node(node) for name, node in named if name is not None}
