"""From what storage keeps of an execution to its line in the listings."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from producer.contract import jsontext, keys
from producer.contract.board import Board, ExecutionSummary, preview
from producer.contract.errors import BrokerUnavailable, RunfolioError
from producer.contract.objects import ObjectStore
from producer.contract.ready import ready
from producer.contract.record import StartedExecution, in_utc
from producer.contract.redaction.redactor import Redactor
from producer.contract.shown import ShownRecord

log = logging.getLogger(__name__)


class StartedObject(Struct, frozen=True):
    """What is stored of an execution that is running: the event's data, and when it was accepted."""

    accepted_at: datetime
    data: dict[str, Any]


class UnlistedObject(Struct, frozen=True):
    """Names an execution that the board could not be told of."""

    workflow_id: str
    execution_id: str


def read_started(data: bytes) -> StartedObject:
    """Read a stored started event. Raises RunfolioError where it is damaged."""
    try:
        return msgspec.json.decode(data, type=ready(StartedObject))
    except (msgspec.DecodeError, RecursionError) as error:
        raise RunfolioError(f"The stored started event cannot be read: {error}.", remedy="Delete the object.") from None


def list_execution(board: Board, objects: ObjectStore, summary: ExecutionSummary) -> None:
    """List an execution; where the broker is away, leave a note in storage, from which the sweeper lists it."""
    try:
        board.executions.put(summary)
    except BrokerUnavailable as error:
        log.warning("execution stored while the broker is away", extra={"reason": error.detail})
        note_unlisted(objects, summary.workflow_id, summary.execution_id)


def note_unlisted(objects: ObjectStore, workflow_id: str, execution_id: str) -> None:
    """Let the sweeper list an execution."""
    note = jsontext.encode(UnlistedObject(workflow_id, execution_id))
    objects.put(keys.unlisted(workflow_id, execution_id), note, content_type="application/json")


def summary_of_record(record: ShownRecord) -> ExecutionSummary:
    """Sum up a completed execution."""
    header, stored = record.document.header, record.stored
    execution = header.execution
    return ExecutionSummary(
        workflow_id=header.workflow.id,
        workflow_name=header.workflow_name,
        execution_id=execution.id,
        status=execution.status,
        started_at=in_utc(execution.started_at),
        finished_at=in_utc(execution.finished_at),
        triggered_by=preview(execution.triggered_by),
        input_preview=preview(execution.input),
        accepted_at=_milliseconds(stored.accepted_at),
        listed_at=_milliseconds(stored.moment),
        digest=stored.digest,
        step_count=stored.step_count,
    )


def summary_of_started(stored: StartedObject, redactor: Redactor) -> ExecutionSummary:
    """Sum up an execution that is running, its secrets masked."""
    started = jsontext.convert(redactor.header_value(stored.data, Counter()), StartedExecution)
    execution = started.execution
    return ExecutionSummary(
        workflow_id=started.workflow.id,
        workflow_name=started.workflow_name,
        execution_id=execution.id,
        status="running",
        started_at=in_utc(execution.started_at),
        finished_at=None,
        triggered_by=preview(execution.triggered_by),
        input_preview=preview(execution.input),
        accepted_at=_milliseconds(stored.accepted_at),
        listed_at=_milliseconds(in_utc(execution.started_at) or stored.accepted_at),
        digest=None,
        step_count=None,
    )


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
