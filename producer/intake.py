"""The use case at the door: an event becomes a stored record, pending exports and queued tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from producer.contract import jsontext, keys
from producer.contract.board import Board
from producer.contract.export import Export
from producer.contract.listing import StartedObject, list_execution, summary_of_record, summary_of_started
from producer.contract.masking import read_secrets
from producer.contract.objects import ObjectStore
from producer.contract.record import StartedExecution, check_identifier, moment_of
from producer.contract.records import Lack, Records
from producer.contract.shown import ShownRecord
from producer.contract.sources import Told
from producer.events import STARTED, Event, check_type
from producer.exports import utc_now
from producer.firsts import FirstExports
from producer.incoming import Incoming, Most, receive, split_record


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
    first: FirstExports
    board: Board
    most: Most
    now: Callable[[], datetime] = utc_now

    def event(self, event: Event, sender: Sender) -> list[Export]:
        """Take in one event that is held whole. Raises InvalidRecord and its like; then nothing visible is stored."""
        if event.type == STARTED:
            self._started(jsontext.decode(event.data, where="data"), sender)
            return []
        check_type(event)
        return self.completed(split_record(event.data), event.time, sender)

    def completed(
        self, incoming: Incoming, event_time: datetime | None, sender: Sender, told: Told | None = None
    ) -> list[Export]:
        """Store a completed execution and accept its exports; all of it is durable when this returns.

        ``told`` is the event where it left out what a worker is to fetch.
        """
        received = receive(incoming, self.most)
        for one in received.requested:
            self.first.exports.receivers.check(one)
        workflow_id = received.header.header.workflow.id
        sender.precheck(workflow_id)
        names: list[str] = []

        def confirm() -> datetime:
            names.append(sender.confirm(workflow_id))
            return self.now()

        moment = moment_of(received.header, event_time)
        prepared = self.records.prepare(
            received.header, received.steps, moment=moment, confirm=confirm, lack=Lack(told)
        )
        written, sent = self.first.store(self.records, prepared, received.requested, names[0])
        shown = ShownRecord(written.record, self.first.exports.redactor)
        list_execution(self.board, self.objects, summary_of_record(shown))
        accepted = self.first.accept(written, received.requested, names[0], sent)
        return [requested.export for requested in accepted]

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
        list_execution(self.board, self.objects, summary_of_started(stored, self.first.exports.redactor))
