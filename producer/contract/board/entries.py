"""What the board knows of an export, and the right to work on it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

import msgspec
from msgspec import Struct

from producer.contract.export import Export, Progress, State
from producer.contract.ready import ready


class Lease(Struct, frozen=True):
    """The right to work on one generation of an export.

    ``number`` is higher than that of any lease on the export before, which fences off former holders. ``owner`` is
    the name that the holder gave, and behind it what makes this lease its own.
    """

    export_id: str
    generation: int
    owner: str
    number: int


class Refusal(Enum):
    """Why there is no lease."""

    HELD = -1
    """Somebody else works on the export."""
    SETTLED = -2
    """This generation is settled; what is left to do is to announce it."""
    SUPERSEDED = -3
    """The export was asked for anew; this generation is of no interest to anybody."""


class Attempts(NamedTuple):
    """How often an export was put back, how often a worker that lived on handed it back, and why the last time."""

    put_back: int
    handed_back: int
    reason: str

    @property
    def lost(self) -> int:
        """How many attempts ended without a word."""
        return self.put_back - self.handed_back


class BoardEntry(NamedTuple):
    """An export as the board knows it: with its state and progress of this moment.

    ``sequence`` rises with every change, also over a loss of the board, and names a change to the outside.
    """

    export: Export
    generation: int
    sequence: int


class QueuedMark(NamedTuple):
    """That a message was sent for an export, and when, in milliseconds of the broker's clock."""

    export_id: str
    marked_at: int


def read_entry(
    stored: bytes | None, sequence: bytes | None, done: bytes | None, total: bytes | None
) -> BoardEntry | None:
    """Put an export's stored form and its live part together.

    Returns None where the board knows nothing, or holds what another version of the program wrote: both are made
    good from storage.
    """
    head, _, body = (stored or b"").partition(b"\n")
    try:
        generation, status, stored_sequence, _ = head.split(b" ")
        state = State(status.decode())
        export = msgspec.json.decode(body, type=ready(Export))
        live = None if state.settled else read_progress(done, total)
        changed = msgspec.structs.replace(export, status=state, progress=live or export.progress)
        return BoardEntry(changed, int(generation), max(int(stored_sequence), int(sequence or 0)))
    except (ValueError, msgspec.DecodeError):
        return None


def read_progress(done: bytes | None, total: bytes | None) -> Progress | None:
    """Read the progress of a running attempt; None where it has told none."""
    return None if done is None or total is None else Progress(int(done), int(total))
