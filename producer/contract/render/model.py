"""What goes into a renderer and what a renderer can do: values only, no text yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from producer.contract.record import Header, HeaderDocument, Status, StepDocument


class StepPage(NamedTuple):
    """One step as a file, or a part of a combined file, shows it.

    ``iteration`` is the number in the file's name, ``None`` where the step ran once. ``anchor`` is unique in a combined
    file and is a plain word such as ``step-12``. ``notes`` are sentences for the reader.
    """

    document: StepDocument
    iteration: int | None
    anchor: str
    notes: Sequence[str] = ()


def anchor_of(position: int) -> str:
    """Name the place of a step on a page, by its position in the record, counted from 0."""
    return f"step-{position + 1}"


class ContentsLine(NamedTuple):
    """One step in a table of contents; ``anchor`` is that of its StepPage."""

    title: str
    iteration: int | None
    status: Status
    started_at: datetime | None
    finished_at: datetime | None
    anchor: str


class Summary(NamedTuple):
    """The execution as a combined file opens with it.

    ``counts`` are over the whole record. ``included`` of ``expected`` steps are in this file.
    """

    header: HeaderDocument
    counts: Mapping[Status, int]
    included: int
    expected: int


class Renderer(Protocol):
    """Turns steps into text. Every method yields pieces of bounded size, save where one field alone is larger."""

    def step_file(self, header: Header, page: StepPage) -> Iterator[str]:
        """Yield a whole file for one step."""
        ...

    def combined_head(
        self, summary: Summary, failures: Iterable[ContentsLine], contents: Iterable[ContentsLine]
    ) -> Iterator[str]:
        """Yield the start of a combined file; both iterables are read once, lazily, ``failures`` first."""
        ...

    def combined_step(self, page: StepPage) -> Iterator[str]:
        """Yield one step of a combined file."""
        ...

    def combined_tail(self) -> Iterator[str]:
        """Yield the end of a combined file."""
        ...
