"""What an archive holds: which steps, in which files, under which names. One truth for making and for announcing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from producer.contract.export import Extra, Options, StepFilter
from producer.contract.index import StepEntry
from producer.contract.names import MANIFEST, READER, combined_name
from producer.contract.record import Status
from producer.contract.shown import ShownRecord
from producer.contract.stepnames import StepName, StepNames

FAILURES: Final = frozenset({Status.FAILED, Status.TIMED_OUT, Status.INTERRUPTED})
"""What counts as failed where only failed steps are wanted: what went wrong, not what was called off or left out."""


class Contents:
    """The files of one export of one record. ``total`` is the number of steps in it."""

    def __init__(self, record: ShownRecord, options: Options, archive_name: str) -> None:
        self._record = record
        self._options = options
        self._names = StepNames.plan(record.entries(), options.format.extension, record.identities())
        self.combined_file = combined_name(archive_name, options.format.extension)
        everything = options.steps is StepFilter.ALL
        self.total = len(self._names) if everything else sum(1 for _ in self.selected())

    @property
    def combined(self) -> bool:
        """Whether all steps share one file.

        An archive without any file is of no use to a person: with no step to show, the summary takes their place.
        """
        return self._options.combine or self.total == 0

    def selected(self) -> Iterator[tuple[int, StepEntry]]:
        """Yield position and entry of every step in the archive."""
        everything = self._options.steps is StepFilter.ALL
        for position, entry in enumerate(self._record.entries()):
            if everything or entry.status in FAILURES:
                yield position, entry

    def failures(self) -> Iterator[tuple[int, StepEntry]]:
        """Yield position and entry of every failed step."""
        for position, entry in self.selected():
            if entry.status in FAILURES:
                yield position, entry

    def name_of(self, position: int, entry: StepEntry) -> StepName:
        """Tell the name of a step's file, and the number of the step's run."""
        return self._names.of(position, entry)

    def file_names(self) -> Iterator[str]:
        """Yield the names of all files in the order of the archive."""
        if self.combined:
            yield self.combined_file
        else:
            for position, entry in self.selected():
                yield self._names.of(position, entry).file_name
        yield from self._extras()

    def _extras(self) -> Iterator[str]:
        if Extra.READER in self._options.include:
            yield READER
        if Extra.MANIFEST in self._options.include:
            yield MANIFEST

    @property
    def file_count(self) -> int:
        """The number of files."""
        return (1 if self.combined else self.total) + len(self._options.include)
