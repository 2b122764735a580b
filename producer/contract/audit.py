"""The audit log: who did what with which export and when, as it lies in storage in batches.

An entry names the token and the ids, and nothing else of a person: no address of a client, no link, no secret.
"""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from producer.contract import jsontext, keys
from producer.contract.ready import ready

log = logging.getLogger(__name__)

LINK: Final = "link"
"""Who an entry names where nobody showed a token: whoever had the link."""

BATCH_ENTRIES: Final = 500
BATCH_SPAN: Final = timedelta(minutes=1)
"""What a batch holds at most. A batch is named after its first entry's time, so all of its entries lie within this span
of its name: whoever looks for a time knows where to begin and where to end."""


class Action(StrEnum):
    """What was done."""

    REQUESTED = "export.requested"
    """An export was accepted: it is made, or made anew."""
    REUSED = "export.reused"
    """Somebody asked for an export and was given the one that was there, or was being made, already."""
    DOWNLOADED = "export.downloaded"
    """A download link was followed to its archive."""
    REVOKED = "export.revoked"
    """The link was revoked and the archive deleted, or an export that was not finished was cancelled."""
    REDELIVERED = "callback.redelivered"
    """Callbacks of an export were asked for once more."""


class Via(StrEnum):
    """What an export was accepted for."""

    EVENT = "event"
    REQUEST = "request"
    RETRY = "retry"
    """A request for one that had failed, expired or been deleted."""


class AuditEntry(Struct, frozen=True, omit_defaults=True):
    """Something that was done. ``who`` is a token's name, or ``link``; ``via`` is there for ``export.requested``."""

    at: datetime
    action: Action
    who: str
    export_id: str
    workflow_id: str
    execution_id: str
    via: Via | None = None


class Tally(NamedTuple):
    """What a batch says of exports: who was the first to ask for one, and how often each was downloaded."""

    asked: dict[str, str]
    downloads: dict[str, int]


class Batch(NamedTuple):
    """Entries as one immutable object, a line each."""

    key: str
    data: bytes
    tally: Tally
    size: int


def batch_of(entries: Sequence[AuditEntry]) -> Batch:
    """Write entries, of which there must be some, as a batch under a name that no other batch has."""
    data = b"".join(jsontext.encode(entry) + b"\n" for entry in entries)
    return Batch(keys.audit(entries[0].at, secrets.token_hex(8)), data, tally_of(entries), len(entries))


def fits(entry: AuditEntry, first: AuditEntry) -> bool:
    """Tell whether an entry may stand in the batch that begins with ``first``; clocks are set back now and then."""
    return timedelta(0) <= entry.at - first.at <= BATCH_SPAN


def read_batch(key: str, data: bytes) -> list[AuditEntry]:
    """Read a batch; a line that is damaged, or of a later version, is logged and passed over."""
    entries = []
    for number, line in enumerate(data.splitlines(), 1):
        try:
            entries.append(msgspec.json.decode(line, type=ready(AuditEntry)))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("audit entry cannot be read", extra={"key": key, "line": number, "reason": str(error)})
    return entries


def tally_of(entries: Iterable[AuditEntry]) -> Tally:
    """Sum up what entries say of exports. An export is accepted for the first time once, which is no retry."""
    asked, downloads = {}, Counter[str]()
    for entry in entries:
        if entry.action is Action.DOWNLOADED:
            downloads[entry.export_id] += 1
        elif entry.via in {Via.EVENT, Via.REQUEST}:
            asked[entry.export_id] = entry.who
    return Tally(asked, dict(downloads))
