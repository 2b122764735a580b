"""From a record to the members of an archive: which files there are, what they are called, what they hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from producer.contract.contents import Contents
from producer.contract.export import Extra, Pending
from producer.contract.groups import GROUP, groups
from producer.contract.index import StepEntry
from producer.contract.names import MANIFEST, READER
from producer.contract.record import Header
from producer.contract.records import Record
from producer.contract.redaction.identity import Mode
from producer.contract.redaction.redactor import Counts, Redactor
from producer.contract.render import html_view, make_renderer
from producer.contract.render.model import ContentsLine, StepPage, Summary, anchor_of
from producer.contract.shown import ShownRecord
from producer.contract.stepnames import StepName
from worker.archive import ArchiveWriter, Member, gathered
from worker.manifest import ManifestBuilder
from worker.reader import ReaderStep, reader_page
from worker.refusal import check_rules, refuse_header, refuse_step

Report = Callable[[int, int], None]
"""Told how many steps of how many are done; may raise to stop the work."""

_REPORT_EVERY: Final = 0.25


def archive_of(record: Record, pending: Pending, report: Report, redactor: Redactor) -> ArchiveWriter:
    """Return the archive as an iterable of bytes; nothing is rendered before it is iterated.

    Raises RulesDiffer where the redactor is not the one that the export's profile names; and SecretsFound, also while
    the bytes are drawn, where it refuses what would have to be masked.
    """
    check_rules(redactor, pending)
    return _Pages(ShownRecord(record, redactor), pending, report, refuses=redactor.mode is Mode.FAIL).archive()


class _Step(NamedTuple):
    """A step on its way into files, and what is masked in it, by rule."""

    page: StepPage
    entry: StepEntry
    name: StepName
    masked: Counts


def _size(step: _Step) -> int:
    return step.entry.length


class _Pages:
    """One export of one record."""

    def __init__(self, record: ShownRecord, pending: Pending, report: Report, *, refuses: bool) -> None:
        if refuses:
            refuse_header(record)
        self._refuses = refuses
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
            view = html_view(self._pending.profile)
            yield Member(READER, _encode(reader_page(view, self._summary(), self._reader_steps())))
        if self._manifest:
            yield Member(MANIFEST, self._manifest.chunks(), size_limit=None)

    def _step_files(self) -> Iterator[Member]:
        header = self._record.document.header
        for group in groups(self._pages(), _size):
            files = [(one, self._file(header, one)) for one in group]
            group.clear()
            for one, chunks in files:
                if self._manifest:
                    self._manifest.masked(self._record.masked_name)
                    self._manifest.masked(one.masked)
                    self._manifest.expect(one.page, one.entry)
                yield Member(one.name.file_name, chunks)
                self._progress.step()

    def _file(self, header: Header, one: _Step) -> Iterable[bytes]:
        texts = self._renderer.step_file(header, one.page)
        # What is small is made before the archive takes it; a large file is never there as a whole.
        return _encode(texts) if _size(one) > GROUP else (b"".join(map(str.encode, texts)),)

    def _pages(self) -> Iterator[_Step]:
        documents = self._record.steps(self._contents.selected())
        for (position, entry), shown in zip(self._contents.selected(), documents, strict=True):
            if self._refuses:
                refuse_step(shown)
            name = self._contents.name_of(position, entry)
            yield _Step(StepPage(shown.document, name.iteration, anchor_of(position)), entry, name, shown.masked)

    def _in_one_file(self) -> Iterator[_Step]:
        """Yield the steps for a file that shows them all."""
        for one in self._pages():
            if self._manifest:
                self._manifest.masked(one.masked)
            yield one

    def _summary(self) -> Summary:
        """Sum up the execution, for a file that shows it."""
        stored = self._record.stored
        if self._manifest:
            self._manifest.masked(self._record.masked)
        return Summary(self._record.document, stored.by_status, self._contents.total, stored.step_count)

    def _combined(self) -> Iterator[str]:
        contents = self._contents
        yield from self._renderer.combined_head(
            self._summary(), self._lines(contents.failures()), self._lines(contents.selected())
        )
        for one in self._in_one_file():
            yield from self._renderer.combined_step(one.page)
            self._progress.step()
        yield from self._renderer.combined_tail()

    def _reader_steps(self) -> Iterator[ReaderStep]:
        """Read the steps once more. The progress stands still meanwhile, but is told, so that this can be stopped."""
        combined = self._contents.combined
        for one in self._in_one_file():
            file = self._contents.combined_file if combined else one.name.file_name
            yield ReaderStep(one.page, one.entry, file, combined)
            self._progress.tell()

    def _lines(self, entries: Iterable[tuple[int, StepEntry]]) -> Iterator[ContentsLine]:
        for position, entry in entries:
            number, anchor = self._contents.name_of(position, entry).iteration, anchor_of(position)
            yield ContentsLine(entry.name, number, entry.status, entry.started_at, entry.finished_at, anchor)


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


def _encode(texts: Iterable[str]) -> Iterator[bytes]:
    # Encoded before they are joined: most pieces are ASCII, which costs next to nothing, most files as a whole are not.
    return gathered(text.encode() for text in texts)
