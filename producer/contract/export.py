"""An export: a request to turn a record into an archive, its options, its states and what is kept of it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from producer.contract import jsontext, keys
from producer.contract.errors import InvalidOptions, InvalidRecord
from producer.contract.problem import Problem
from producer.contract.redaction.identity import redaction_identity

RENDERER_VERSION: Final = 3
"""Raised whenever the bytes of an archive change for an unchanged record and unchanged options."""


MAX_REQUESTED: Final = 100
"""Exports that one event may ask for; more than all combinations of the options there are."""


class Format(StrEnum):
    """What the files of an archive are written in."""

    MARKDOWN = "markdown"
    HTML = "html"

    @property
    def extension(self) -> str:
        """The file name's ending, without the dot."""
        return "md" if self is Format.MARKDOWN else "html"


class Extra(StrEnum):
    """What an archive may hold beside the step files."""

    MANIFEST = "manifest"
    READER = "reader"


class StepFilter(StrEnum):
    """Which steps an archive holds."""

    ALL = "all"
    FAILED = "failed"


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """Export options. Equal options are one export: ``include`` is sorted and holds nothing twice."""

    format: Format = Format.MARKDOWN
    combine: Annotated[bool, Meta(description="One file for the whole execution.")] = False
    include: tuple[Extra, ...] = ()
    steps: StepFilter = StepFilter.ALL

    def __post_init__(self) -> None:
        """Bring ``include`` into its one normal form."""
        msgspec.structs.force_setattr(self, "include", tuple(sorted(set(self.include))))


class RequestedExport(Struct, frozen=True, forbid_unknown_fields=True):
    """Export options as an event or a request carries them: with the address to tell, which is no option."""

    format: Format = Format.MARKDOWN
    combine: bool = False
    include: tuple[Extra, ...] = ()
    steps: StepFilter = StepFilter.ALL
    callback_url: Annotated[
        str | None, Meta(description="Is told when the export is settled.", extra_json_schema={"format": "uri"})
    ] = None

    @property
    def options(self) -> Options:
        """The options alone, normalised."""
        return Options(self.format, self.combine, self.include, self.steps)


def read_requested(value: Any, *, where: str = "export") -> tuple[RequestedExport, ...]:
    """Read an event's ``export``: one object or a list; ``None`` is one export with the defaults, ``[]`` none.

    Raises InvalidOptions naming the field.
    """
    if value is None:
        return (RequestedExport(),)
    several = value if isinstance(value, list) else [value]
    if len(several) > MAX_REQUESTED:
        raise InvalidOptions(
            f"{where}: lists {len(several)} exports; at most {MAX_REQUESTED} are made of one event.",
            field=where,
            remedy="List each combination of options once.",
        )
    try:
        return tuple(
            jsontext.convert(one, RequestedExport, where=f"{where}[{n}]" if isinstance(value, list) else where)
            for n, one in enumerate(several)
        )
    except InvalidRecord as error:
        raise InvalidOptions(
            error.detail,
            field=error.field,
            remedy="Options are format (markdown, html), combine (true, false), include (manifest, reader), "
            "steps (all, failed) and callback_url.",
        ) from None


class RenderProfile(Struct, frozen=True):
    """Everything besides record and options that decides an archive's bytes.

    ``redaction`` names the mode and the rules, so that other rules are another profile.
    """

    renderer: int = RENDERER_VERSION
    markdown: str = "commonmark"
    timezone: str = "UTC"
    redaction: str = redaction_identity()

    @property
    def digest(self) -> str:
        """A short name of the profile: 16 hexadecimal digits."""
        return jsontext.digest(self)[:16]


class State(StrEnum):
    """Where an export stands."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"
    DELETED = "deleted"

    @property
    def settled(self) -> bool:
        """Whether nothing more happens unless somebody asks for it."""
        return self not in {State.QUEUED, State.RUNNING}


MOVES: Final[dict[State, frozenset[State]]] = {
    State.QUEUED: frozenset({State.RUNNING, State.FAILED, State.DELETED}),
    State.RUNNING: frozenset({State.QUEUED, State.READY, State.FAILED, State.DELETED}),
    State.READY: frozenset({State.EXPIRED, State.DELETED, State.QUEUED}),
    State.FAILED: frozenset({State.DELETED, State.QUEUED}),
    State.EXPIRED: frozenset({State.DELETED, State.QUEUED}),
    State.DELETED: frozenset({State.QUEUED}),
}
"""The legal moves. The way back to ``queued`` is a request to export again, or a worker handing back what it holds."""


class ExecutionRef(Struct, frozen=True):
    """An execution as an export names it."""

    id: str
    status: str


class WorkflowRef(Struct, frozen=True):
    """A workflow as an export names it."""

    id: str
    name: str


class Progress(Struct, frozen=True):
    """How far an export is, in steps."""

    done: int = 0
    total: int = 0


class Archive(Struct, frozen=True):
    """The facts of a finished archive. ``size`` is in bytes, ``sha256`` in hexadecimal digits."""

    filename: str
    size: int
    sha256: str
    files: int


class Export(Struct, frozen=True):
    """An export as everybody sees it: the answer of the API, the broker's message, the data of a callback."""

    id: str
    status: State
    workflow: WorkflowRef
    execution: ExecutionRef
    options: Options
    progress: Progress
    archive: Archive | None
    download_url: str
    expires_at: datetime | None
    error: Problem | None
    created_at: datetime
    ready_at: datetime | None


class Pending(Struct, frozen=True):
    """An accepted export that is not settled, as it lies in the durable outbox ``pending/<export id>.json``.

    ``generation`` counts how often the export was asked for anew, from 0; it decides which of two entries is newer.
    ``digest`` names the revision of the record. ``archive_name`` is the zip's file name; ``stored_as`` is the name
    that its key has where the record was completed, and thereby named, after the export was accepted. ``large`` tells
    which workers make it.
    """

    id: str
    generation: int
    nonce: str
    workflow: WorkflowRef
    execution: ExecutionRef
    digest: str
    options: Options
    profile: RenderProfile
    archive_name: str
    step_count: int
    download_url: str
    created_at: datetime
    requested_by: str
    stored_as: str | None = None
    large: bool = False

    @property
    def archive_key(self) -> str:
        """Where the archive of this generation lies in storage."""
        return keys.archive(self.id, self.nonce, self.stored_as or self.archive_name)

    def regenerated(self, generation: int, nonce: str, download_url: str) -> Pending:
        """Return the entry of a later generation: the same export, asked for anew, under a new link."""
        return msgspec.structs.replace(self, generation=generation, nonce=nonce, download_url=download_url)

    def settle(self, status: State, at: datetime, **facts: Any) -> Facts:
        """Return the facts of this export, settled."""
        return Facts(self, status, at, **facts)


class Facts(Struct, frozen=True):
    """What is kept of a settled export, as it lies in ``exports/<export id>/export.json``."""

    pending: Pending
    status: State
    settled_at: datetime
    archive: Archive | None = None
    expires_at: datetime | None = None
    error: Problem | None = None

    def leaves_unused(self, pending: Pending) -> bool:
        """Tell whether the archive that a pending entry names is of no more use by these facts.

        It is where they are of a newer generation, or of the same one and without an archive, or with one that expired.
        """
        newer = self.pending.generation > pending.generation
        gone = self.archive is None or self.status is State.EXPIRED
        return newer or (self.pending.generation == pending.generation and gone)

    def replace(self, **changes: Any) -> Facts:
        """Return a copy with changes."""
        return msgspec.structs.replace(self, **changes)


def export_id(workflow_id: str, execution_id: str, digest: str, options: Options, profile: RenderProfile) -> str:
    """Name an export: 32 hexadecimal digits that follow from what is exported and how."""
    parts = [workflow_id, execution_id, digest, options, profile.digest]
    return hashlib.sha256(jsontext.canonical(parts)).hexdigest()[:32]
