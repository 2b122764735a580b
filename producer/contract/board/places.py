"""Names of the board's keys and channels.

Ids come from outside and can be any text, so they enter a key last and whole, or as a digest. Every key carries the
same hash tag: scripts stay atomic over an export, its marks and its listings, and a cluster can hold the board, in
one slot.
"""

from __future__ import annotations

import hashlib
from typing import Final

from producer.contract.export import State
from producer.contract.record import Status

EXPORTS_CHANNEL: Final = "runfolio:exports"
"""Carries the JSON of each export that settles, and nothing else: the channel that consumers may rely on."""

CHANGES_CHANNEL: Final = "runfolio:changes"
"""Carries every change of state and progress, for the gateways that somebody waits at."""

RUNNING: Final = "running"
RANKS: Final = (RUNNING, *Status)
"""What an execution is listed under; its position is stored, so new ones are only ever added at the end."""

_TAG: Final = b"{rf}:"

MARKS: Final = _TAG + b"marks"
LARGE_MARKS: Final = _TAG + b"large-marks"
SWEEPER: Final = _TAG + b"sweeper"
INDEX: Final = _TAG + b"index"
WORKFLOW_ORDER: Final = _TAG + b"workflows"
WORKFLOW_ROWS: Final = _TAG + b"workflow-rows"
ASKED: Final = _TAG + b"asked"
DOWNLOADS: Final = _TAG + b"downloads"
COUNTED: Final = _TAG + b"counted"
FLOOR: Final = _TAG + b"counted-floor"
LIFE: Final = _TAG + b"life"
CALLED: Final = _TAG + b"called"


def encoded(text: str) -> bytes:
    """Write any text as bytes; a request's path may decode to lone surrogates, which then find nothing."""
    return text.encode(errors="surrogatepass")


def short(identifier: str) -> bytes:
    """Stand in for an id of any length: the first 16 bytes of its SHA-256."""
    return hashlib.sha256(encoded(identifier)).digest()[:16]


def export(export_id: str) -> bytes:
    """Name an export: its head line and its JSON."""
    return _TAG + b"x:" + encoded(export_id)


def live(export_id: str) -> bytes:
    """Name an export's progress, sequence number and lease."""
    return _TAG + b"l:" + encoded(export_id)


def attempts(export_id: str) -> bytes:
    """Name the counts of how often an export was put back and handed back."""
    return _TAG + b"again:" + encoded(export_id)


def exports_by_state() -> list[bytes]:
    """Name the listings of all exports, one a state in the order of State."""
    return [_TAG + b"e:" + state.encode() for state in State]


def workflow_exports_by_state(workflow_id: str) -> list[bytes]:
    """Name the listings of a workflow's exports, one a state in the order of State."""
    prefix = _TAG + b"we:" + short(workflow_id).hex().encode() + b":"
    return [prefix + state.encode() for state in State]


def execution_rows(workflow_id: str) -> bytes:
    """Name a workflow's executions by their short ids."""
    return _TAG + b"wx:" + short(workflow_id).hex().encode()


def executions_by_rank(workflow_id: str) -> list[bytes]:
    """Name a workflow's executions in order of time, one listing a rank."""
    prefix = execution_rows(workflow_id) + b":"
    return [prefix + rank.encode() for rank in RANKS]


def login_code(code_digest: str) -> bytes:
    """Name a one-time code that waits to be used."""
    return _TAG + b"c:" + encoded(code_digest)


def ended_session(session_id: str) -> bytes:
    """Name the mark of a session that was ended."""
    return _TAG + b"s:" + encoded(session_id)


def bucket(limit: str, key: str) -> bytes:
    """Name the moment at which a bucket of a limit is full again."""
    return _TAG + b"r:" + encoded(limit) + b":" + short(key).hex().encode()


def alive(kind: str) -> bytes:
    """Name the list of who of a kind of process has shown a sign of life."""
    return _TAG + b"alive:" + encoded(kind)
