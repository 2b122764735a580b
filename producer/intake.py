"""The use case at the door: an event becomes a stored record, pending exports and queued tasks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from producer.contract import jsontext, keys
from producer.contract.board import Board, ExecutionSummary
from producer.contract.errors import BrokerUnavailable
from producer.contract.export import Export, RequestedExport
from producer.contract.listing import StartedObject, UnlistedObject, summary_of_record, summary_of_started
from producer.contract.masking import read_secrets
from producer.contract.objects import ObjectStore
from producer.contract.record import StartedExecution, check_identifier
from producer.contract.records import Record, Records
from producer.events import STARTED, Event, check_type
from producer.exports import Exports, utc_now
from producer.incoming import Incoming, moment_of, receive, split_record

log = logging.getLogger(__name__)


class Sender(Protocol):
    """Who sends an event, and what it may send."""

    def precheck(self, workflow_id: str) -> None:
        """Refuse early, before a long body is read, where it is known already that it will be refused."""
        ...

    def authenticate(self) -> None:
        """Raise Unauthenticated where the body, which was read whole, does not prove who sends it."""
        ...

    def confirm(self, workflow_id: str) -> str:
        """Return the sender's name once the whole body was read. Raises Unauthenticated, Forbidden or NotFound."""
        ...


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
        received = receive(incoming, self.max_step_bytes)
        for one in received.requested:
            self.exports.check(one)
        workflow_id = received.header.header.workflow.id
        sender.precheck(workflow_id)
        names: list[str] = []

        def confirm() -> datetime:
            names.append(sender.confirm(workflow_id))
            return self.now()

        moment = moment_of(received.header, event_time)
        written = self.records.write(received.header, received.steps, moment=moment, confirm=confirm)
        self._list(summary_of_record(written.record))
        return [self._request(written.record, one, names[0]) for one in received.requested]

    def _request(self, record: Record, requested: RequestedExport, name: str) -> Export:
        return self.exports.request(record, requested, name, revive=False).export

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
        self._list(summary_of_started(stored))

    def _list(self, summary: ExecutionSummary) -> None:
        """List an execution; where the broker is away, leave a note in storage, from which the sweeper lists it."""
        try:
            self.board.executions.put(summary)
        except BrokerUnavailable as error:
            log.warning("execution stored while the broker is away", extra={"reason": error.detail})
            note = UnlistedObject(summary.workflow_id, summary.execution_id)
            key = keys.unlisted(note.workflow_id, note.execution_id)
            self.objects.put(key, jsontext.encode(note), content_type="application/json")
