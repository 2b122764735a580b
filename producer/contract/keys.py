"""Storage keys: where everything that must survive lies in the bucket.

Ids come from outside and may hold anything. As a segment of a key they are percent-encoded, so that no id can leave
its folder, and different ids never share a key.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

MAX_SEGMENT_BYTES: Final = 200
"""Some stores keep objects as files, whose names end at 255 bytes; a key may have 1,024 in S3."""

PENDING: Final = "pending/"
EXECUTIONS: Final = "executions/"
EXPORTS: Final = "exports/"
CALLBACKS: Final = "callbacks/"
RECEIVERS: Final = "receivers/"
UNLISTED: Final = "unlisted/"
AUDIT: Final = "audit/"
UPLOADS: Final = "uploads/"

_HASHED: Final = "sha256-"
_AUDIT_BATCH: Final = re.compile(r"audit/(\d{4}-\d\d-\d\d/\d{6}\.\d{6})-[0-9a-f]{16}\.ndjson", re.ASCII)


def segment(value: str) -> str:
    """Write a value as one segment of a key.

    Unreserved characters of RFC 3986 (section 2.3) stay, everything else is percent-encoded UTF-8 in upper case; the
    dots of ``.`` and ``..`` are encoded too. What is empty, or above MAX_SEGMENT_BYTES once encoded, becomes
    ``sha256-<hex digest of the value>``. Any text is accepted, so that looking up a strange id finds nothing rather
    than fails.
    """
    if value in {".", ".."}:
        return value.replace(".", "%2E")
    # A request's path may decode to lone surrogates, which strict UTF-8 would refuse.
    encoded = quote(value, safe="", errors="surrogatepass")
    if encoded.startswith(_HASHED):
        # The first character is encoded although it need not be: a digest's form is left to digests alone.
        encoded = f"%{ord(encoded[0]):02X}{encoded[1:]}"
    if 0 < len(encoded) <= MAX_SEGMENT_BYTES:
        return encoded
    return _HASHED + hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()


def execution_prefix(workflow_id: str, execution_id: str) -> str:
    """Folder of an execution, with everything that is kept of its record."""
    return f"{EXECUTIONS}{segment(workflow_id)}/{segment(execution_id)}/"


def record(workflow_id: str, execution_id: str, digest: str) -> str:
    """Header object of one revision of a record; it is written last and makes the record exist."""
    return f"{execution_prefix(workflow_id, execution_id)}{segment(digest)}.json"


def record_steps(workflow_id: str, execution_id: str, upload: str) -> str:
    """Key of a record's steps, a line each, as one upload wrote them."""
    return f"{execution_prefix(workflow_id, execution_id)}steps/{segment(upload)}.ndjson"


def record_index(workflow_id: str, execution_id: str, upload: str) -> str:
    """Index over the steps that the same upload wrote."""
    return f"{execution_prefix(workflow_id, execution_id)}steps/{segment(upload)}.index"


def fetched(workflow_id: str, execution_id: str, digest: str) -> str:
    """Note which record completes the one of a digest, whose event left out the rest."""
    return f"{execution_prefix(workflow_id, execution_id)}fetched/{segment(digest)}.json"


def started(workflow_id: str, execution_id: str) -> str:
    """Note that an execution has started and is not known to have completed."""
    return f"{execution_prefix(workflow_id, execution_id)}started.json"


def unlisted(workflow_id: str, execution_id: str) -> str:
    """Note that an execution was stored while the board could not be told."""
    return f"{UNLISTED}{segment(workflow_id)}/{segment(execution_id)}.json"


def upload(name: str) -> str:
    """Note that the steps of a record are being stored."""
    return f"{UPLOADS}{segment(name)}.json"


def pending(export_id: str, generation: int) -> str:
    """Entry of the durable outbox: an accepted export that is not settled.

    Each generation has a key of its own, so that one can be deleted while the next is being created.
    """
    return f"{PENDING}{segment(export_id)}{f'.{generation}' if generation else ''}.json"


def read_pending(key: str) -> tuple[str, int]:
    """Read export id and generation from the key of a pending entry."""
    export_id, _, generation = key.removeprefix(PENDING).removesuffix(".json").partition(".")
    return export_id, int(generation or 0)


def archive(export_id: str, nonce: str, archive_name: str) -> str:
    """Archive of an export; ``archive_name`` is the zip's file name, with its ending."""
    return f"{EXPORTS}{segment(export_id)}/{segment(nonce)}/{segment(archive_name)}"


def facts(export_id: str) -> str:
    """Facts of a settled export."""
    return f"{EXPORTS}{segment(export_id)}/export.json"


def callback(export_id: str, name: str) -> str:
    """One callback of an export that is neither delivered nor given up."""
    return f"{CALLBACKS}{segment(export_id)}/{segment(name)}"


def receiver(export_id: str, callback_id: str) -> str:
    """One callback of an export that was delivered or given up, with its address."""
    return f"{RECEIVERS}{segment(export_id)}/{segment(callback_id)}.json"


def callback_export(key: str) -> str:
    """Read the export's id from the key of one of its callbacks, waiting or at its end."""
    return key.split("/")[1]


def callback_of(key: str) -> str:
    """Read the callback's id from its key, waiting (behind a generation) or at its end."""
    return key.rpartition("/")[2].removesuffix(".json").rpartition("-")[2]


def audit(moment: datetime, name: str) -> str:
    """One batch of the audit log, by the time (UTC) of its first entry; ``name`` is 16 hexadecimal digits."""
    return f"{audit_place(moment)}-{name}.ndjson"


def audit_place(moment: datetime) -> str:
    """Place in the audit log that no batch of an earlier time lies behind, and none of this time or later before."""
    utc = moment.astimezone(UTC)
    return f"{AUDIT}{utc.date().isoformat()}/{utc:%H%M%S.%f}"


def audit_moment(key: str) -> datetime | None:
    """Read a batch's time from its key; None where the key is none of a batch."""
    found = _AUDIT_BATCH.fullmatch(key)
    try:
        return datetime.strptime(found[1], "%Y-%m-%d/%H%M%S.%f").replace(tzinfo=UTC) if found else None
    except ValueError:  # Digits in the right places are not yet a time.
        return None


def is_record(key: str) -> bool:
    """Tell whether a key of an execution's folder is the header object of a record."""
    # Slashes are counted, not names looked for: an id may well be called "steps".
    return key.count("/") == 3 and key.endswith(".json") and not is_started(key)


def is_started(key: str) -> bool:
    """Tell whether a key says that an execution has started."""
    return key.endswith("/started.json")


def is_facts(key: str) -> bool:
    """Tell whether a key is that of a settled export's facts."""
    return key.count("/") == 2 and key.endswith("/export.json")


def is_archive(key: str) -> bool:
    """Tell whether a key is that of an export's archive, of whatever generation."""
    return key.count("/") == 3 and key.startswith(EXPORTS)
