"""Names an export before it is accepted: what follows from the record, the options and the render profile."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from producer.contract.export import ExecutionRef, Options, Pending, RenderProfile, WorkflowRef, export_id
from producer.contract.names import archive_name
from producer.contract.records import Record

_SHOWN: Final = 200
"""Characters of a workflow's name that an export bears; it travels through queue, board and callbacks."""


def identity_of(record: Record, options: Options, profile: RenderProfile) -> str:
    """Return the id of an export: the same record, options and profile are the same export."""
    return export_id(record.workflow_id, record.execution_id, record.stored.digest, options, profile)


def draft(
    record: Record,
    options: Options,
    profile: RenderProfile,
    *,
    nonce: str,
    download_url: str,
    created_at: datetime,
    requested_by: str,
) -> Pending:
    """Return the pending entry of an export that is asked for the first time."""
    header, stored = record.document.header, record.stored
    return Pending(
        id=identity_of(record, options, profile),
        generation=0,
        nonce=nonce,
        workflow=WorkflowRef(header.workflow.id, header.workflow_name[:_SHOWN]),
        execution=ExecutionRef(header.execution.id, header.execution.status),
        digest=stored.digest,
        options=options,
        profile=profile,
        archive_name=archive_name(header.workflow_name, stored.moment, ZoneInfo(profile.timezone), header.execution.id),
        step_count=stored.step_count,
        download_url=download_url,
        created_at=created_at,
        requested_by=requested_by,
    )
