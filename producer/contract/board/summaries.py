"""Executions and workflows as the listings show them, and the compact form in which the board keeps them."""

from __future__ import annotations

import struct
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from producer.contract import jsontext
from producer.contract.board import places
from producer.contract.board.positions import TIME_BYTES, clamped
from producer.contract.ready import ready

PREVIEW_CHARACTERS: Final = 200
"""Length of an input's preview, of who triggered an execution and of a workflow's name in a listing."""

_FIXED: Final = struct.Struct(">B6s6s")
_ELLIPSIS: Final = "…"


def cut(text: str) -> str:
    """Bring a text to what a listing shows of it."""
    return text if len(text) <= PREVIEW_CHARACTERS else text[: PREVIEW_CHARACTERS - 1] + _ELLIPSIS


def preview(value: Any) -> str | None:
    """Show any JSON value in one line: a text as it is, white space run together, anything else as compact JSON."""
    if value is None:
        return None
    text = value if isinstance(value, str) else jsontext.encode(value).decode()
    # What lies far behind the cut need not be split into words; a text may have megabytes.
    return cut(" ".join(text[: 16 * PREVIEW_CHARACTERS].split()))


class ExecutionSummary(Struct, frozen=True):
    """An execution in a listing.

    ``status`` is a Status or ``running``. ``accepted_at`` (milliseconds since the epoch) tells which of two revisions
    is newer; ``listed_at`` (the same) is the moment that the listing is sorted by, the execution's start where it is
    known. ``digest`` is the record's, in hexadecimal digits. Texts are cut to what is shown, so an entry has a bounded
    size; what is secret the caller has masked.
    """

    workflow_id: str
    workflow_name: str
    execution_id: str
    status: str
    started_at: datetime | None
    finished_at: datetime | None
    triggered_by: str | None
    input_preview: str | None
    accepted_at: int
    listed_at: int
    digest: str | None
    step_count: int | None

    def __post_init__(self) -> None:
        """Cut the texts and bring the times into the range that a listing can hold."""
        for field in ("workflow_name", "triggered_by", "input_preview"):
            text = getattr(self, field)
            if text is not None:
                msgspec.structs.force_setattr(self, field, cut(text))
        for field in ("accepted_at", "listed_at"):
            msgspec.structs.force_setattr(self, field, clamped(getattr(self, field)))


class WorkflowSummary(Struct, frozen=True):
    """A workflow in a listing: how many executions it has, and how and when (milliseconds) its newest one went."""

    id: str
    name: str
    executions: int
    last_status: str
    last_listed_at: int


class _Row(Struct, frozen=True, array_like=True):
    execution_id: str
    workflow_name: str
    started_at: datetime | None
    finished_at: datetime | None
    triggered_by: str | None
    input_preview: str | None
    digest: bytes | None
    step_count: int | None


class WorkflowRow(Struct, frozen=True, array_like=True):
    """A workflow as the board keeps it."""

    id: str
    name: str


def rank_of(summary: ExecutionSummary) -> int:
    """Tell under which of RANKS an execution is listed."""
    return places.RANKS.index(summary.status)


def write_row(summary: ExecutionSummary) -> bytes:
    """Write what the board keeps of an execution behind rank and times, which the scripts add."""
    row = _Row(
        summary.execution_id,
        summary.workflow_name,
        summary.started_at,
        summary.finished_at,
        summary.triggered_by,
        summary.input_preview,
        bytes.fromhex(summary.digest) if summary.digest else None,
        summary.step_count,
    )
    return msgspec.msgpack.encode(row)


def read_row(workflow_id: str, stored: bytes | None) -> ExecutionSummary | None:
    """Read an execution back; None where there is none, or one that another version of the program wrote."""
    try:
        rank, accepted, listed = _FIXED.unpack_from(stored or b"")
        row = msgspec.msgpack.decode((stored or b"")[_FIXED.size :], type=ready(_Row))
        status = places.RANKS[rank]
    except (struct.error, msgspec.DecodeError, UnicodeDecodeError, IndexError):
        return None
    return ExecutionSummary(
        workflow_id=workflow_id,
        workflow_name=row.workflow_name,
        execution_id=row.execution_id,
        status=str(status),
        started_at=row.started_at,
        finished_at=row.finished_at,
        triggered_by=row.triggered_by,
        input_preview=row.input_preview,
        accepted_at=int.from_bytes(accepted, "big"),
        listed_at=int.from_bytes(listed, "big"),
        digest=row.digest.hex() if row.digest else None,
        step_count=row.step_count,
    )


def write_workflow(summary: ExecutionSummary) -> bytes:
    """Write what the board keeps of an execution's workflow."""
    return msgspec.msgpack.encode(WorkflowRow(summary.workflow_id, summary.workflow_name))


def read_workflow(stored: bytes | None) -> WorkflowRow | None:
    """Read a workflow from behind its time; None where there is none that can be read."""
    try:
        return msgspec.msgpack.decode((stored or b"")[TIME_BYTES:], type=ready(WorkflowRow))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
