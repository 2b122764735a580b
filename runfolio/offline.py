"""``runfolio export``: the archive that a server would make, made here, with neither broker nor storage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from producer.bodies import lines
from producer.contract import jsontext
from producer.contract.drafting import draft
from producer.contract.errors import RunfolioError
from producer.contract.export import RenderProfile, RequestedExport
from producer.contract.record import moment_of, refuse_unfinished
from producer.contract.records import Record, Records
from producer.contract.redaction.redactor import Redactor
from producer.contract.shown import ShownRecord
from producer.engines import convert
from producer.events import STARTED, Event, batch_events, check_type, first_line, structured_event
from producer.incoming import Incoming, Most, as_text, receive, split_record, streamed_record
from runfolio.envelope import Choices
from runfolio.files import save, scratch
from runfolio.inputs import Input, Kind
from runfolio.localobjects import LocalObjects
from runfolio.terminal import Report
from worker.pages import archive_of

MOST: Final = Most()
"""What a gateway takes by default; a record that it refuses makes no archive here either."""


class Execution(NamedTuple):
    """An execution of the input, and the time of the event that brought it."""

    incoming: Incoming
    event_time: datetime | None


def export_offline(
    source: Input,
    folder: Path,
    choices: Choices,
    *,
    profile: RenderProfile,
    redactor: Redactor,
    most: Most = MOST,
    report: Report,
) -> Iterator[Path]:
    """Make the archives of a file's executions, one after the other, and yield their paths.

    ``redactor`` must be the one that the profile names.

    The options are ``choices``, else those that the record asks for itself, else the defaults; ``report`` counts steps.
    The time in an archive's name is the execution's, as on a server; a record without any takes the place of the moment
    at which a server accepts it by the time at which the file was last changed. Raises what a gateway would answer.
    """
    for execution in _executions(source, most.step_bytes):
        # A large record needs room for its steps: where the archive goes there is some, in /tmp perhaps none.
        with scratch(folder) as lent:
            records = Records(LocalObjects(lent))
            requested, record = _stored(records, execution, choices, source.modified_at, most)
            for one in requested:
                pending = draft(
                    ShownRecord(record, redactor),
                    one.options,
                    profile,
                    nonce="",
                    download_url="",
                    created_at=record.stored.accepted_at,
                    requested_by="",
                )
                yield save(folder, pending.archive_name, archive_of(record, pending, report, redactor))


def _executions(source: Input, limit: int) -> Iterator[Execution]:
    if source.kind is Kind.LINES:
        first, rest = first_line(lines(source.pieces(), limit))
        yield Execution(streamed_record(first, rest), None)
    elif source.kind is Kind.RECORD:
        yield Execution(split_record(source.whole()), None)
    elif source.engine is not None:
        payload = jsontext.decode(source.whole(), where=source.name)
        record = convert(source.engine.name, payload, instance=source.engine.instance)
        yield Execution(as_text(record), None)
    elif source.kind is Kind.EVENT:
        yield _of_event(structured_event(source.whole()))
    else:
        yield from map(_of_event, batch_events(source.whole()))


def _of_event(event: Event | RunfolioError) -> Execution:
    if isinstance(event, RunfolioError):
        raise event
    check_type(event)
    if event.type == STARTED:
        refuse_unfinished({"execution": {"status": "running"}})
    return Execution(split_record(event.data), event.time)


def _stored(
    records: Records, execution: Execution, choices: Choices, accepted_at: datetime, most: Most
) -> tuple[Iterable[RequestedExport], Record]:
    """Check and mask a record as the gateway does, and keep it where its steps can be read again."""
    header = dict(execution.incoming.header)
    if choices:
        header["export"] = dict(choices)
    received = receive(execution.incoming._replace(header=header), most)
    written = records.write(
        received.header,
        received.steps,
        moment=moment_of(received.header, execution.event_time),
        confirm=lambda: accepted_at,
    )
    return received.requested, written.record
