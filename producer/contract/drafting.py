"""Names an export before it is accepted: what follows from the record, the options and the render profile."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from producer.contract.export import ExecutionRef, Options, Pending, RenderProfile, WorkflowRef, export_id
from producer.contract.names import archive_name
from producer.contract.records import Record
from producer.contract.shown import ShownRecord

_SHOWN: Final = 200
"""Characters of a workflow's name that an export bears; it travels through queue, board and callbacks."""


def identity_of(record: Record | ShownRecord, options: Options, profile: RenderProfile) -> str:
    """Return the id of an export: the same record, options and profile are the same export."""
    header = record.document.header
    return export_id(header.workflow.id, header.execution.id, record.stored.exported_as, options, profile)


def draft(
    record: ShownRecord,
    options: Options,
    profile: RenderProfile,
    *,
    nonce: str,
    download_url: str,
    created_at: datetime,
    requested_by: str,
    large: bool = False,
) -> Pending:
    """Return the pending entry of an export that is asked for the first time."""
    header, stored = record.document.header, record.stored
    return Pending(
        id=identity_of(record, options, profile),
        generation=0,
        nonce=nonce,
        workflow=WorkflowRef(header.workflow.id, header.workflow_name[:_SHOWN]),
        execution=ExecutionRef(header.execution.id, header.execution.status),
        digest=stored.exported_as,
        options=options,
        profile=profile,
        archive_name=_archive_name(record, profile),
        step_count=stored.step_count,
        download_url=download_url,
        created_at=created_at,
        requested_by=requested_by,
        large=large,
    )


def completed(pending: Pending, record: ShownRecord) -> Pending:
    """Return the entry of an export whose record was completed: it bears the names and facts of that one."""
    header = record.document.header
    return msgspec.structs.replace(
        pending,
        workflow=WorkflowRef(pending.workflow.id, header.workflow_name[:_SHOWN]),
        execution=ExecutionRef(header.execution.id, header.execution.status),
        archive_name=_archive_name(record, pending.profile),
        stored_as=pending.stored_as or pending.archive_name,
        step_count=record.stored.step_count,
    )


def _archive_name(record: ShownRecord, profile: RenderProfile) -> str:
    header = record.document.header
    return archive_name(header.workflow_name, record.stored.moment, ZoneInfo(profile.timezone), header.execution.id)
