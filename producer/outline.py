"""The outline of a stored execution: its steps by name, status and time, without their contents."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import Final, NamedTuple

from producer.contract.errors import NotFound
from producer.contract.index import StepEntry
from producer.contract.record import Status
from producer.contract.render.model import StepPage, Summary, anchor_of
from producer.contract.shown import ShownRecord
from producer.contract.stepnames import StepNames
from producer.executions import Executions

_KEPT: Final = 8
_LARGEST: Final = 50_000
"""Outlines that are kept, and steps of the largest one: some two megabytes. A larger one is made anew each time."""


class OutlinedStep(NamedTuple):
    """A step in the outline. ``position`` counts from 0; ``iteration`` is None where the step ran once."""

    position: int
    name: str
    iteration: int | None
    status: Status
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def anchor(self) -> str:
        """Its place on a page, as in the documents."""
        return anchor_of(self.position)


class Outline:
    """A record's steps as pages and documents number them, and as they may be shown."""

    def __init__(self, record: ShownRecord) -> None:
        self.record = record
        # The numbers of runs do not depend on the file names' extension.
        self._names = StepNames.plan(record.entries(), "html", record.identities())

    def __len__(self) -> int:
        return len(self._names)

    def steps(self, offset: int = 0, limit: int | None = None) -> Iterator[OutlinedStep]:
        """Yield the steps in their order."""
        end = None if limit is None else offset + limit
        for position, entry in islice(enumerate(self.record.entries()), offset, end):
            yield self._outlined(position, entry)

    def page(self, position: int) -> StepPage:
        """Read one step whole. Raises NotFound where the record has none at this position."""
        entry = next(islice(self.record.entries(), position, None), None)
        if entry is None:
            raise NotFound(
                f"The execution has no step {position + 1}.", remedy=f"It has {len(self)}; they are counted from 1."
            )
        shown = next(self.record.steps([(position, entry)]))
        return StepPage(shown.document, self._names.of(position, entry).iteration, anchor_of(position))

    @property
    def summary(self) -> Summary:
        """The execution as documents open with it."""
        stored = self.record.stored
        return Summary(self.record.document, stored.by_status, stored.step_count, stored.step_count)

    def _outlined(self, position: int, entry: StepEntry) -> OutlinedStep:
        number = self._names.of(position, entry).iteration
        return OutlinedStep(position, entry.name, number, entry.status, entry.started_at, entry.finished_at)


class Outlines:
    """The outlines of the executions that somebody is looking at. ``of`` may be called from any thread.

    Scrolling asks for a part of the same outline again and again. A record is immutable, so what is kept of it stays
    true; whether it is still there, and the newest, is asked each time.
    """

    def __init__(self, executions: Executions) -> None:
        self._executions = executions
        self._kept: OrderedDict[tuple[str, str, str], Outline] = OrderedDict()
        self._lock = Lock()

    def of(self, workflow_id: str, execution_id: str) -> Outline:
        """Outline the newest revision of an execution. Raises NotFound; NotCompleted where it is still running."""
        digest = self._executions.digest(workflow_id, execution_id)
        kept = self._take((workflow_id, execution_id, digest)) if digest else None
        if kept is not None:
            return kept
        outline = Outline(self._executions.shown(workflow_id, execution_id))
        if len(outline) <= _LARGEST:
            self._keep((workflow_id, execution_id, outline.record.stored.digest), outline)
        return outline

    def _take(self, key: tuple[str, str, str]) -> Outline | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: tuple[str, str, str], outline: Outline) -> None:
        with self._lock:
            self._kept[key] = outline
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
