"""From a record to the members of an archive: which files there are, what they are called, what they hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from producer.contract.contents import Contents
from producer.contract.export import Extra, Pending
from producer.contract.index import StepEntry
from producer.contract.names import MANIFEST, READER
from producer.contract.records import Record
from worker.archive import ArchiveWriter, Member
from worker.manifest import ManifestBuilder
from worker.reader import ReaderStep, reader_page, reader_view
from worker.render import make_renderer
from worker.render.model import ContentsLine, StepPage, Summary

Report = Callable[[int, int], None]
"""Told how many steps of how many are done; may raise to stop the work."""

_REPORT_EVERY: Final = 0.25


def archive_of(record: Record, pending: Pending, report: Report) -> ArchiveWriter:
    """Return the archive as an iterable of bytes; nothing is rendered before it is iterated."""
    return _Pages(record, pending, report).archive()


class _Pages:
    """One export of one record."""

    def __init__(self, record: Record, pending: Pending, report: Report) -> None:
        self._record = record
        self._pending = pending
        self._contents = Contents(record, pending.options, pending.archive_name)
        self._renderer = make_renderer(pending.options.format, pending.profile)
        self._progress = _Progress(report, self._contents.total)
        wants_manifest = Extra.MANIFEST in pending.options.include
        self._manifest = ManifestBuilder(record, pending, self._contents.total) if wants_manifest else None

    def archive(self) -> ArchiveWriter:
        on_member = self._manifest.note if self._manifest else None
        return ArchiveWriter(self._members(), moment=self._record.stored.moment, on_member=on_member)

    def _members(self) -> Iterator[Member]:
        if self._contents.combined:
            yield Member(self._contents.combined_file, _encode(self._combined()), size_limit=None)
        else:
            yield from self._step_files()
        if Extra.READER in self._pending.options.include:
            view = reader_view(self._pending.profile)
            yield Member(READER, _encode(reader_page(view, self._summary(), self._reader_steps())))
        if self._manifest:
            yield Member(MANIFEST, self._manifest.chunks(), size_limit=None)

    def _step_files(self) -> Iterator[Member]:
        header = self._record.document.header
        for page, entry, name in self._pages():
            if self._manifest:
                self._manifest.expect(page, entry)
            yield Member(name, _encode(self._renderer.step_file(header, page)))
            self._progress.step()

    def _pages(self) -> Iterator[tuple[StepPage, StepEntry, str]]:
        documents = self._record.steps(self._contents.selected())
        for (position, entry), (_, document) in zip(self._contents.selected(), documents, strict=True):
            name = self._contents.name_of(position, entry)
            yield StepPage(document, name.iteration, _anchor(position)), entry, name.file_name

    def _summary(self) -> Summary:
        stored = self._record.stored
        return Summary(self._record.document, stored.by_status, self._contents.total, stored.step_count)

    def _combined(self) -> Iterator[str]:
        contents = self._contents
        yield from self._renderer.combined_head(
            self._summary(), self._lines(contents.failures()), self._lines(contents.selected())
        )
        for page, _, _ in self._pages():
            yield from self._renderer.combined_step(page)
            self._progress.step()
        yield from self._renderer.combined_tail()

    def _reader_steps(self) -> Iterator[ReaderStep]:
        """Read the steps once more. The progress stands still meanwhile, but is told, so that this can be stopped."""
        combined = self._contents.combined
        for page, entry, name in self._pages():
            yield ReaderStep(page, entry, self._contents.combined_file if combined else name, combined)
            self._progress.tell()

    def _lines(self, entries: Iterable[tuple[int, StepEntry]]) -> Iterator[ContentsLine]:
        for position, entry in entries:
            number = self._contents.name_of(position, entry).iteration
            yield ContentsLine(entry.name, number, entry.status, entry.started_at, entry.finished_at, _anchor(position))


class _Progress:
    """Counts steps and reports by time, so that a record of many small steps costs no more than one of few."""

    def __init__(self, report: Report, total: int) -> None:
        self._report = report
        self._total = total
        self._done = 0
        self._last = time.monotonic()

    def step(self) -> None:
        self._done += 1
        self.tell()

    def tell(self) -> None:
        now = time.monotonic()
        if now - self._last >= _REPORT_EVERY:
            self._last = now
            self._report(self._done, self._total)


def _anchor(position: int) -> str:
    return f"step-{position + 1}"


def _encode(texts: Iterable[str]) -> Iterator[bytes]:
    for text in texts:
        yield text.encode()
