"""The seal of a small archive: what its metadata says of it, so that its one write is the end of its export as well.

Whoever may hold the archive in memory stores it together with its facts, and need not wait for a second write before
it tells that the archive is ready. The seal comes with every download: it holds nothing but what the recipient of the
archive may know.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from producer.contract import jsontext
from producer.contract.export import Archive, Facts, Pending, State
from producer.contract.ready import ready

_NAME: Final = "runfolio"


class _Seal(Struct, frozen=True):
    """What the pending entry does not say of a ready export."""

    settled_at: datetime
    expires_at: datetime
    size: int
    sha256: str
    files: int


def sealed(facts: Facts) -> Mapping[str, str]:
    """Return the metadata for the archive of a ready export."""
    archive, expires_at = facts.archive, facts.expires_at
    if archive is None or expires_at is None:
        raise ValueError(facts.status)
    seal = _Seal(facts.settled_at, expires_at, archive.size, archive.sha256, archive.files)
    return {_NAME: jsontext.encode(seal).decode()}


def read_seal(metadata: Mapping[str, str], pending: Pending) -> Facts | None:
    """Return the facts of an export from its archive's metadata; None where that bears no seal."""
    try:
        seal = msgspec.json.decode(metadata.get(_NAME, ""), type=ready(_Seal))
    except msgspec.DecodeError:
        return None
    archive = Archive(pending.archive_name, seal.size, seal.sha256, seal.files)
    return pending.settle(State.READY, seal.settled_at, archive=archive, expires_at=seal.expires_at)
