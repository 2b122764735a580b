"""What a callback says: a structured CloudEvent (CloudEvents 1.0.2, JSON format 1.0.2) about a settled export."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import Struct

from producer.contract import jsontext
from producer.contract.callbacks import EVENT_TYPES
from producer.contract.export import Export

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"


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
            type=EVENT_TYPES[export.status],
            subject=export.id,
            time=settled_at,
            datacontenttype="application/json",
            data=export,
        )
    )
