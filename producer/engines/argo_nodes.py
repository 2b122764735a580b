"""The nodes of an Argo workflow: a map without order, in which work and the structure around it look alike.

Every node that does work is a step. A node that only holds others (``Steps``, ``DAG``, ``TaskGroup`` …) is one where it
tells what none below it tells: it holds no step, or it failed and none below it did.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from producer.contract.record import Status
from producer.engines import times
from producer.engines.argo_statuses import node_end
from producer.engines.cursor import Cursor, present
from producer.engines.iterations import Place

_WRAPPERS: Final = frozenset({"Steps", "StepGroup", "DAG", "TaskGroup", "Retry"})
_CONTAINER: Final = "Container"
_DEEPEST: Final = 20
_LONGEST_NAME: Final = 100
_WELL: Final = frozenset({Status.SUCCEEDED, Status.SKIPPED})
_ATTEMPT: Final = re.compile(r"(?P<name>.+)\((?P<number>\d{1,9})\)", re.DOTALL)
_ITEM: Final = re.compile(r"(?P<name>.+?)\((?P<number>\d{1,9}):(?P<item>.*)\)", re.DOTALL)
_NUMBERS: Final = re.compile(r"[\[(](\d{1,9})(?=[\]:)])")


class Nodes:
    """All nodes of one workflow, by id."""

    def __init__(self, nodes: Cursor) -> None:
        self._nodes = {identifier: node for identifier, node in nodes.items() if isinstance(node.value, dict)}
        self._titles = {
            identifier: node.get("displayName").text() or node.get("name").text() or identifier
            for identifier, node in self._nodes.items()
        }
        boundaries = ((identifier, node.get("boundaryID").label()) for identifier, node in self._nodes.items())
        self._boundaries = {identifier: around for identifier, around in boundaries if around in self._nodes}
        self._children = {identifier: self._below(node) for identifier, node in self._nodes.items()}
        self._parents = {
            child: parent
            for parent, children in self._children.items()
            for child in children
            if self._nodes[parent].get("type").label() in _WRAPPERS and self._is_named_in(child, parent)
        }

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __getitem__(self, identifier: str) -> Cursor:
        return self._nodes[identifier]

    def steps(self) -> list[str]:
        """Return the ids of the nodes that are steps, in the order of execution."""
        ends = {identifier: node_end(node).status for identifier, node in self._nodes.items()}
        leaves = [identifier for identifier in self._nodes if self._is_work(identifier)]
        covered = set(self._holders(leaves))
        failed = set(self._holders(leaf for leaf in leaves if ends[leaf] not in _WELL))
        told = [
            identifier
            for identifier in self._nodes
            if self.is_wrapper(identifier)
            and (identifier not in covered or (ends[identifier] is Status.FAILED and identifier not in failed))
        ]
        return sorted([*leaves, *self._innermost(told)], key=self._order)

    def is_wrapper(self, identifier: str) -> bool:
        """Whether a node only holds others."""
        return self._nodes[identifier].get("type").label() in _WRAPPERS

    def containers(self, identifier: str) -> list[Cursor]:
        """Return the containers of a pod that Argo shows as nodes of their own."""
        inside = [self._nodes[child] for child in self._children[identifier]]
        return [node for node in inside if node.get("type").label() == _CONTAINER]

    def retry_of(self, identifier: str) -> str | None:
        """Return the id of the node that tries this one again, where there is one."""
        parent = self._parents.get(identifier)
        return parent if parent and self._nodes[parent].get("type").label() == "Retry" else None

    def attempts(self, retry: str) -> int:
        """Count how often the node below was tried."""
        return len(self._children[retry])

    def place(self, identifier: str) -> Place:
        """Read a node's place from its name."""
        name, attempt = self.title(identifier), None
        if self.retry_of(identifier):
            match = _ATTEMPT.fullmatch(name)
            name, attempt = (match["name"], int(match["number"])) if match else (name, None)
        match = _ITEM.fullmatch(name)
        return Place(match["name"], int(match["number"]), attempt) if match else Place(name, None, attempt)

    def item(self, identifier: str) -> str | None:
        """Return what a node of a loop was given, as Argo writes it into the name."""
        match = _ITEM.fullmatch(self.title(self.retry_of(identifier) or identifier))
        return match["item"] if match else None

    def title(self, identifier: str) -> str:
        """Return how Argo calls a node for people."""
        return self._titles[identifier]

    def template_around(self, identifier: str) -> str:
        """Name the template in which the node's own name is defined."""
        around = self._boundaries.get(identifier)
        return "" if around is None else (self._nodes[around].get("templateName").label() or "")[:_LONGEST_NAME]

    def part_of(self, identifier: str) -> list[str]:
        """Name the nodes of templates around a node, the outermost first."""
        found: list[str] = []
        here = self._boundaries.get(identifier)
        while here is not None and len(found) < _DEEPEST:
            found.append(self.title(here)[:_LONGEST_NAME])
            here = self._boundaries.get(here)
        return found[::-1]

    def structure(self) -> list[dict[str, Any]]:
        """Show the nodes that hold others, in the order of execution."""
        wrappers = sorted((each for each in self._nodes if self.is_wrapper(each)), key=self._order)
        return [
            present(
                name=self._nodes[each].get("name").value or each,
                type=self._nodes[each].get("type").value,
                phase=self._nodes[each].get("phase").value,
                message=self._nodes[each].get("message").value,
                started_at=self._nodes[each].get("startedAt").time(),
                finished_at=self._nodes[each].get("finishedAt").time(),
                details=self._nodes[each].rest(*_SHOWN_OF_WRAPPER),
            )
            for each in wrappers
        ]

    def _is_work(self, identifier: str) -> bool:
        return not self.is_wrapper(identifier) and self._nodes[identifier].get("type").label() != _CONTAINER

    def _innermost(self, told: list[str]) -> Iterator[str]:
        """Leave out the nodes that hold another of the list: it tells what they would repeat."""
        holders = set(self._holders(told))
        return (identifier for identifier in told if identifier not in holders)

    def _holders(self, identifiers: Iterable[str]) -> Iterator[str]:
        """Go through everything that holds one of the nodes, each once."""
        seen: set[str] = set()
        for start in identifiers:
            waiting = list(self._around(start))
            while waiting:
                holder = waiting.pop()
                if holder not in seen:
                    seen.add(holder)
                    waiting.extend(self._around(holder))
        yield from seen

    def _around(self, identifier: str) -> Iterator[str]:
        """Name what holds a node: its template's node and its parent."""
        for holder in (self._boundaries.get(identifier), self._parents.get(identifier)):
            if holder is not None and self.is_wrapper(holder):
                yield holder

    def _is_named_in(self, child: str, parent: str) -> bool:
        """Whether a node's name begins with that of its parent, which then holds it; else it only follows."""
        names = (self._nodes[each].get("name").label() or "" for each in (child, parent))
        return next(names).startswith(next(names))

    def _below(self, node: Cursor) -> list[str]:
        return [child for each in node.get("children").each() if (child := each.text()) in self._nodes and child]

    def _order(self, identifier: str) -> tuple[Any, ...]:
        """Sort by start; within a second, which is all that Argo tells, by the numbers in the name."""
        node = self._nodes[identifier]
        start = node.get("startedAt").time()
        name = node.get("name").text() or identifier
        numbers = [int(number) for number in _NUMBERS.findall(name)]
        return start is None, times.instant(start or _NEVER), numbers, name


_NEVER: Final = "9999-12-31T00:00:00Z"

_SHOWN_OF_WRAPPER: Final = (
    "id",
    "name",
    "displayName",
    "type",
    "phase",
    "message",
    "startedAt",
    "finishedAt",
    "boundaryID",
    "children",
    "outboundNodes",
)


def step_names(nodes: Nodes, steps: Iterable[str]) -> Mapping[str, str]:
    """Name every step without its numbers, so that runs of one step bear one name.

    Where templates use a name for different steps, the template around tells them apart.
    """
    places = {identifier: (nodes.template_around(identifier), nodes.place(identifier).name) for identifier in steps}
    templates: dict[str, set[str]] = {}
    for template, name in places.values():
        templates.setdefault(name, set()).add(template)
    return {
        identifier: f"{template}.{name}" if len(templates[name]) > 1 and template else name
        for identifier, (template, name) in places.items()
    }
