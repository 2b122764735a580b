"""The use case at the door: an event becomes a stored record, pending exports and queued tasks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from producer.bodies import step_too_large
from producer.contract import jsontext, keys
from producer.contract.board import Board
from producer.contract.errors import BrokerUnavailable, InvalidRecord
from producer.contract.export import Export, RequestedExport, read_requested
from producer.contract.listing import StartedObject, summary_of_record, summary_of_started
from producer.contract.masking import Masker, read_secrets
from producer.contract.objects import ObjectStore
from producer.contract.record import (
    HeaderDocument,
    StartedExecution,
    StepDocument,
    check_identifier,
    in_utc,
    read_header,
    read_step,
)
from producer.contract.records import Record, Records
from producer.events import COMPLETED, STARTED, Event
from producer.exports import Exports, utc_now

log = logging.getLogger(__name__)


class Sender(Protocol):
    """Who sends an event, and what it may send."""

    def precheck(self, workflow_id: str) -> None:
        """Refuse early, before a long body is read, where it is known already that it will be refused."""
        ...

    def confirm(self, workflow_id: str) -> str:
        """Return the sender's name once the whole body was read. Raises Unauthenticated, Forbidden or NotFound."""
        ...


class Incoming(NamedTuple):
    """A record as it comes in: its first object, and its steps still as JSON text."""

    header: dict[str, Any]
    steps: Iterator[bytes]


@dataclass(frozen=True)
class Intake:
    """Takes events in."""

    objects: ObjectStore
    records: Records
    exports: Exports
    board: Board
    max_step_bytes: int
    now: Callable[[], datetime] = utc_now

    def event(self, event: Event, sender: Sender) -> list[Export]:
        """Take in one event that is held whole. Raises InvalidRecord and its like; then nothing visible is stored."""
        if event.type == STARTED:
            self._started(jsontext.decode(event.data, where="data"), sender)
            return []
        check_type(event)
        return self.completed(split_record(event.data), event.time, sender)

    def completed(self, incoming: Incoming, event_time: datetime | None, sender: Sender) -> list[Export]:
        """Store a completed execution and accept its exports; all of it is durable when this returns."""
        header, requested, masker = self._read_header(incoming.header)
        sender.precheck(header.header.workflow.id)
        names: list[str] = []
        accepted_at = self.now()
        written = self.records.write(
            header,
            self._read_steps(incoming.steps, masker),
            accepted_at=accepted_at,
            moment=moment_of(header, event_time, accepted_at),
            confirm=lambda: names.append(sender.confirm(header.header.workflow.id)),
        )
        self._list(written.record)
        return [self._request(written.record, one, names[0]) for one in requested]

    def _request(self, record: Record, requested: RequestedExport, name: str) -> Export:
        return self.exports.request(record, requested, name, revive=False).export

    def _read_header(self, value: dict[str, Any]) -> tuple[HeaderDocument, tuple[RequestedExport, ...], Masker | None]:
        requested = read_requested(value.pop("export", None))
        for one in requested:
            self.exports.check(one)
        masker = read_secrets(value.pop("secrets", None))
        return read_header(masker.mask_header(value) if masker else value), requested, masker

    def _read_steps(self, steps: Iterable[bytes], masker: Masker | None) -> Iterator[StepDocument]:
        for position, text in enumerate(steps):
            where = f"steps[{position}]"
            if len(text) > self.max_step_bytes:
                raise step_too_large(where, self.max_step_bytes)
            value = jsontext.decode(text, where=where)
            yield read_step(masker.mask_step(value) if masker and isinstance(value, dict) else value, position)

    def _started(self, value: Any, sender: Sender) -> None:
        """Note that an execution is running; it cannot be exported yet."""
        started = jsontext.convert(value, StartedExecution)
        check_identifier(started.workflow.id, "workflow.id")
        check_identifier(started.execution.id, "execution.id")
        sender.precheck(started.workflow.id)
        sender.confirm(started.workflow.id)
        data = {name: content for name, content in value.items() if name not in {"export", "secrets"}}
        masker = read_secrets(value.get("secrets"))
        stored = StartedObject(self.now(), masker.mask_header(data) if masker else data)
        self.objects.put(
            keys.started(started.workflow.id, started.execution.id),
            jsontext.encode(stored),
            content_type="application/json",
        )
        self._try_listing(lambda: self.board.executions.put(summary_of_started(stored)))

    def _list(self, record: Record) -> None:
        self._try_listing(lambda: self.board.executions.put(summary_of_record(record)))

    def _try_listing(self, act: Callable[[], object]) -> None:
        """List an execution; the listing is rebuilt from storage, so a broker that is away refuses no event."""
        try:
            act()
        except BrokerUnavailable as error:
            log.warning("execution stored while the broker is away", extra={"reason": error.detail})


_TYPES: Final = f"Send the type '{COMPLETED}' or '{STARTED}'."


def check_type(event: Event) -> None:
    """Raise InvalidRecord where an event is of a type that Runfolio does not know."""
    if event.type not in {COMPLETED, STARTED}:
        raise InvalidRecord(f"The event type '{event.type}' is not known.", field="type", remedy=_TYPES)


def moment_of(header: HeaderDocument, event_time: datetime | None, accepted_at: datetime) -> datetime:
    """Choose the moment that names an execution's archives."""
    execution = header.header.execution
    for moment in (execution.started_at, execution.finished_at, event_time):
        in_time = in_utc(moment)
        if in_time is not None:
            return in_time
    return accepted_at


def split_record(data: bytes) -> Incoming:
    """Split a record that is one JSON object into its header and its steps, which stay text until their turn."""
    members = jsontext.members(data, where="data")
    steps = members.pop("steps", None)
    if steps is None:
        raise InvalidRecord("steps: missing.", field="steps", remedy="Send a list of steps; it may be empty.")
    header = {name: jsontext.decode(bytes(raw), where=name) for name, raw in members.items()}
    return Incoming(header, (bytes(raw) for raw in jsontext.elements(bytes(steps), where="steps")))


def streamed_record(first: bytes, rest: Iterator[bytes]) -> Incoming:
    """Read a record that comes as lines. Raises InvalidRecord where the first line holds steps or is no object."""
    header = jsontext.decode(first, where="line 1")
    if not isinstance(header, dict) or "steps" in header:
        raise InvalidRecord(
            "line 1: must be the record's object without 'steps'.",
            field="line 1",
            remedy="Put workflow and execution on the first line, then a step a line.",
        )
    return Incoming(header, rest)


def as_text(record: Mapping[str, Any]) -> Incoming:
    """Take a record that an engine adapter made."""
    header = {name: value for name, value in record.items() if name != "steps"}
    return Incoming(header, (jsontext.encode(step) for step in record["steps"]))
