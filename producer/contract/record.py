"""The execution record: the canonical, immutable copy of one completed execution.

The models say what a record must look like and are the source of its JSON Schema. The stored record is what the
sender wrote, unknown fields included; the models are a view of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from producer.contract import jsontext
from producer.contract.errors import InvalidRecord, NotCompleted

MAX_ID_BYTES: Final = 1024


class Status(StrEnum):
    """How an execution or a step ended. No value holds an underscore, so it can be parsed from a file's name."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed-out"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"


UNFINISHED: Final = frozenset({"queued", "running", "waiting"})
"""States of an execution that has not completed; a record in one of them is refused."""

Identifier = Annotated[str, Meta(description="1 to 1,024 bytes of UTF-8, not '.' or '..'.", min_length=1)]
Timestamp = Annotated[datetime, Meta(description="RFC 3339; without an offset it is read as UTC.")]
Content = Annotated[
    Any,
    Meta(
        description="Any JSON value. A string is Markdown, unless it parses as a JSON object or array, "
        "or the media type says otherwise."
    ),
]
MediaType = Annotated[str, Meta(description="RFC 6838 media type of the string beside it, such as 'text/plain'.")]


class Workflow(Struct, frozen=True):
    """A definition that runs many times."""

    id: Identifier
    name: Annotated[str | None, Meta(description="Defaults to the id.")] = None


class Execution(Struct, frozen=True):
    """One run of a workflow."""

    id: Identifier
    status: Status
    started_at: Timestamp | None = None
    finished_at: Timestamp | None = None
    triggered_by: Annotated[Any, Meta(description="Who or what started it: a name, or any JSON value.")] = None
    input: Content = None
    output: Content = None
    error: Annotated[Any, Meta(description="Text, or any JSON value.")] = None
    url: Annotated[str | None, Meta(description="Where the engine shows the execution.")] = None
    input_media_type: MediaType | None = None
    output_media_type: MediaType | None = None


class Entry(Struct, frozen=True):
    """Something nested in a step: an agent's thought, a tool call, a sub-step."""

    name: str = ""
    kind: str | None = None
    status: str | None = None
    input: Content = None
    output: Content = None
    children: list[Entry] = []


class Step(Struct, frozen=True):
    """One run of one unit of an execution."""

    name: Annotated[str, Meta(description="May be empty. Steps of equal name are runs of the same step.")]
    status: Status
    iteration: Annotated[int, Meta(description="The number of this run of the step.", ge=0)] | None = None
    started_at: Timestamp | None = None
    finished_at: Timestamp | None = None
    description: str | None = None
    input: Content = None
    output: Content = None
    error: Annotated[Any, Meta(description="Text, or any JSON value.")] = None
    log: Annotated[str | None, Meta(description="Plain text; may hold ANSI colours.")] = None
    children: list[Entry] = []
    input_media_type: MediaType | None = None
    output_media_type: MediaType | None = None


class ExecutionRecord(Struct, frozen=True):
    """A whole record as one JSON object."""

    workflow: Workflow
    execution: Execution
    steps: Annotated[list[Step], Meta(description="In the order of execution; may be empty.")]


class Header(Struct, frozen=True):
    """A record without its steps: the first line of its NDJSON form."""

    workflow: Workflow
    execution: Execution

    @property
    def workflow_name(self) -> str:
        """The workflow's name, or its id where it has none."""
        return self.workflow.name or self.workflow.id


class RunningExecution(Struct, frozen=True):
    """An execution that has begun and not ended."""

    id: Identifier
    status: Literal["queued", "running", "waiting"] = "running"
    started_at: Timestamp | None = None
    triggered_by: Any = None
    input: Content = None


class StartedExecution(Struct, frozen=True):
    """The data of a ``runfolio.execution.started.v1`` event."""

    workflow: Workflow
    execution: RunningExecution

    @property
    def workflow_name(self) -> str:
        """The workflow's name, or its id where it has none."""
        return self.workflow.name or self.workflow.id


class HeaderDocument(NamedTuple):
    """A header and the JSON object that it was read from, which may hold more."""

    header: Header
    raw: Mapping[str, Any]


class StepDocument(NamedTuple):
    """A step and the JSON object that it was read from, which may hold more."""

    step: Step
    raw: Mapping[str, Any]


_REMEDY: Final = (
    f"A status is one of {', '.join(Status)}. For the other fields see the schema at "
    "/v1/schemas/execution-record.json, or run 'runfolio schema'."
)


def read_header(value: Any) -> HeaderDocument:
    """Check the record's first line, or its object without ``steps``.

    Raises InvalidRecord naming the field, NotCompleted where the execution has not ended.
    """
    refuse_unfinished(value)
    header = jsontext.convert(value, Header, remedy=_REMEDY)
    check_identifier(header.workflow.id, "workflow.id")
    check_identifier(header.execution.id, "execution.id")
    return HeaderDocument(header, value)


def read_step(value: Any, position: int) -> StepDocument:
    """Check one step; ``position`` counts from 0. Raises InvalidRecord naming ``steps[position].field``."""
    return StepDocument(jsontext.convert(value, Step, where=f"steps[{position}]", remedy=_REMEDY), value)


def refuse_unfinished(value: Any) -> None:
    """Raise NotCompleted where the execution's status says that it has not ended."""
    execution = value.get("execution") if isinstance(value, dict) else None
    status = execution.get("status") if isinstance(execution, dict) else None
    if isinstance(status, str) and status in UNFINISHED:
        raise NotCompleted(
            f"execution.status is '{status}': only completed executions are exported.",
            field="execution.status",
            remedy="Send the event again when the execution has ended.",
        )


def check_identifier(value: str, field: str) -> None:
    """Raise InvalidRecord where an id is empty, too long, or a path's dot segment."""
    size = len(value.encode())
    if 1 <= size <= MAX_ID_BYTES and value not in {".", ".."}:
        return
    raise InvalidRecord(
        f"{field} must be 1 to {MAX_ID_BYTES} bytes of UTF-8 and not '.' or '..'; this one has {size} bytes.",
        field=field,
        remedy="Send the engine's own identifier; shorten it, by a digest for instance, where it is longer.",
    )


def in_utc(moment: datetime | None) -> datetime | None:
    """Give a time an offset: one without is read as UTC.

    A time that leaves the calendar on its way to UTC, such as the first hour of the year 1 east of Greenwich, is how
    some engines write "never"; it keeps its digits.
    """
    if moment is None or moment.tzinfo is None:
        return moment and moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


def moment_of(header: HeaderDocument, event_time: datetime | None) -> datetime | None:
    """Choose the moment that names an execution's archives; ``None`` leaves it to the time of acceptance."""
    execution = header.header.execution
    for moment in (execution.started_at, execution.finished_at, event_time):
        in_time = in_utc(moment)
        if in_time is not None:
            return in_time
    return None


def unknown_fields(raw: Mapping[str, Any], model: type[Struct]) -> dict[str, Any]:
    """Fields of a JSON object that the model does not know, in the sender's order."""
    known = _fields(model)
    return {name: value for name, value in raw.items() if name not in known}


@cache
def _fields(model: type[Struct]) -> frozenset[str]:
    return frozenset(model.__struct_fields__)


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the whole record."""
    schema = msgspec.json.schema(ExecutionRecord)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Runfolio execution record",
        **schema,
    }
