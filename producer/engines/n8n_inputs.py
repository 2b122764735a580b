"""What a run of an n8n node was given: n8n stores outputs only, and of an input where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from producer.engines import n8n_items
from producer.engines.copies import Copies
from producer.engines.cursor import Cursor


class Given(NamedTuple):
    """An input as it is shown, and remarks on what could not be shown."""

    value: Any
    notes: list[str]


class Inputs:
    """Finds the inputs of an execution's runs in the outputs of the runs before."""

    def __init__(self, run_data: Cursor, copies: Copies) -> None:
        self._run_data = run_data
        self._copies = copies

    def of(self, task: Cursor) -> Given:
        """Find the input of one run: one source gives its items, several an object by source; None for a trigger."""
        override = task.get("inputOverride")
        if override.exists:
            return Given(n8n_items.connections(override), [])
        sources = [source for source in task.get("source").each() if source.get("previousNode").exists]
        if not sources or not _is_fed_by_sources(task.get("data").fields()):
            return Given(None, [])
        found = [self._output_of(source) for source in sources]
        notes = [note for given in found for note in given.notes]
        if len(found) == 1:
            return Given(found[0].value, notes)
        names = [f"input {n} from {source.get('previousNode').label()}" for n, source in enumerate(sources)]
        return Given({name: given.value for name, given in zip(names, found, strict=True)}, notes)

    def _output_of(self, source: Cursor) -> Given:
        name = source.get("previousNode").text() or ""
        run, output = source.get("previousNodeRun").integer() or 0, source.get("previousNodeOutput").integer() or 0
        place = f"output {output} of '{name}', run {run + 1}"
        branch = self._run_data.entry(name).at(run).get("data", "main").at(output)
        if not branch.exists:
            return Given(None, [f"The input was {place}, which the event does not hold."])
        value = n8n_items.items(branch)
        if self._copies.allow(branch.path, value):
            return Given(value, [])
        return Given(None, [f"The input is {place}: {len(value)} items, which are shown there only."])


def _is_fed_by_sources(data: Mapping[str, Any]) -> bool:
    """Whether ``source`` names where a run's items came from; of an AI node's helper it names who called it."""
    return not data or "main" in data
