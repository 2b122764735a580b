"""What a callback says: a structured CloudEvent (CloudEvents 1.0.2, JSON format 1.0.2) about a settled export."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import Struct

from producer.contract import jsontext
from producer.contract.export import Export, State

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"

TYPES: Final = {
    State.READY: "runfolio.export.ready.v1",
    State.FAILED: "runfolio.export.failed.v1",
}
"""The states that receivers are told of. Who deletes an export, or lets it expire, knows already."""


class ExportEvent(Struct, frozen=True):
    """A CloudEvent whose data is the export: with its download link, without the archive's content."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str
    data: Export


def event_body(message_id: str, source: str, export: Export, settled_at: datetime) -> bytes:
    """Write the event of an export that is ready or failed.

    ``source`` is the installation's public address. The same export gives the same bytes, attempt for attempt.
    """
    return jsontext.encode(
        ExportEvent(
            specversion="1.0",
            id=message_id,
            source=source,
            type=TYPES[export.status],
            subject=export.id,
            time=settled_at,
            datacontenttype="application/json",
            data=export,
        )
    )
