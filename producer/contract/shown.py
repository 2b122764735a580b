"""A record as it may be shown: what archives, the API, pages and listings are made of.

Whoever shows something of a record takes it from a ShownRecord, never from the Record itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from producer.contract.groups import groups
from producer.contract.index import StepEntry
from producer.contract.record import HeaderDocument, StepDocument
from producer.contract.records import Record, RecordObject, step_of
from producer.contract.redaction.redactor import NOTHING, Counts, Redactor


class ShownStep(NamedTuple):
    """A step as it may be shown, where it stands among all (from 0), and what is masked in it, by rule."""

    position: int
    document: StepDocument
    masked: Counts


class ShownRecord:
    """A record seen through a redactor. ``document`` is its header, ``masked`` counts what is masked in that, by rule.

    ``masked_name`` counts what is masked in the workflow's name. ``stored`` has the facts that storage keeps beside the
    content: its ``header`` and ``steps`` are raw.
    """

    def __init__(self, record: Record, redactor: Redactor) -> None:
        self._record = record
        self._redactor = redactor
        self.document: HeaderDocument
        self.document, self.masked = redactor.header(record.document)
        self.masked_name: Counts = redactor.counted(record.document.header.workflow.name) if self.masked else NOTHING

    @property
    def stored(self) -> RecordObject:
        """What storage keeps of the record."""
        return self._record.stored

    def identities(self) -> Iterator[str]:
        """Yield a text for each step, equal for runs of the same step; not to be shown."""
        return (entry.name for entry in self._record.entries())

    def entries(self) -> Iterator[StepEntry]:
        """Yield the index of the steps."""
        return map(self._redactor.entry, self._record.entries())

    def steps(self, selection: Iterable[tuple[int, StepEntry]] | None = None) -> Iterator[ShownStep]:
        """Yield all steps, or those of a selection in rising order; only what is needed is read."""
        for group in groups(self._record.texts(selection), _size):
            yield from self._shown(group)

    def _shown(self, group: list[tuple[int, bytes]]) -> Iterator[ShownStep]:
        harmless = self._redactor.overlooks(text for _, text in group)
        documents = [(position, step_of(text, position)) for position, text in group]
        # A step may be large: while whoever draws it works on it, nothing here holds its text.
        group.clear()
        for position, document in documents:
            if harmless:
                yield ShownStep(position, document, NOTHING)
            else:
                yield ShownStep(position, *self._redactor.step(document, position))


def _size(step: tuple[int, bytes]) -> int:
    return len(step[1])
