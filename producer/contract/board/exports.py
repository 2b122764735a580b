"""Exports on the board: their state, their announcement, their listing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from producer.contract import jsontext
from producer.contract.board import places
from producer.contract.board.broker import Argument, Broker
from producer.contract.board.entries import BoardEntry, read_entry, read_progress
from producer.contract.board.pages import Page, chosen, read_page
from producer.contract.board.positions import Listing, clamped, milliseconds, name_of
from producer.contract.errors import Conflict
from producer.contract.export import Export, State


def keys_of(export_id: str, workflow_id: str) -> list[bytes]:
    """Keys of a script that may change an export's state."""
    return [
        places.export(export_id),
        places.live(export_id),
        places.MARKS,
        places.attempts(export_id),
        places.LARGE_MARKS,
        *places.exports_by_state(),
        *places.workflow_exports_by_state(workflow_id),
    ]


def arguments_of(export: Export, generation: int) -> list[Argument]:
    """Arguments that every such script takes: id, generation, creation in milliseconds, done, total, JSON."""
    progress = export.progress
    created = clamped(milliseconds(export.created_at))
    return [export.id, generation, created, progress.done, progress.total, jsontext.encode(export)]


def require_settled(export: Export) -> None:
    """Raise Conflict unless the export has come to an end."""
    if not export.status.settled:
        raise Conflict(
            f"Export {export.id} is {export.status}, which is no end.",
            field="status",
            remedy="Settle and announce exports as ready, failed, expired or deleted.",
        )


class MarkedTask(NamedTuple):
    """A message for a queue of tasks, which holds the time of the mark between what is ``before`` and ``after`` it."""

    queue: str
    before: bytes
    after: bytes


class ExportBoard:
    """What the board knows of exports. Every method raises BrokerUnavailable."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def queued(
        self,
        export: Export,
        generation: int,
        *,
        large: bool = False,
        once: bool = False,
        task: MarkedTask | None = None,
    ) -> int | None:
        """Note an accepted export as queued and set its queued mark, among those of the queues that it goes to.

        Returns the mark's time, in milliseconds of the broker's clock, to go with the message as ``enqueued_at``; the
        two then compare exactly. A ``task`` is pushed in the same step. Returns None where no message is needed: this
        generation is settled or somebody holds a live lease on it, or a newer generation is known; with ``once`` also
        where it has a mark already, and somebody else sends the message.
        """
        keys = keys_of(export.id, export.workflow.id)
        arguments = [*arguments_of(export, generation), "large" if large else "small", "once" if once else ""]
        if task is not None:
            keys.append(task.queue.encode())
            arguments += [task.before, task.after]
        marked_at: int = self._broker.run("queued", keys, arguments)
        return marked_at or None

    def known(self, export_id: str) -> BoardEntry | None:
        """Tell what the board knows of an export, None where it knows nothing."""
        stored, live = self._broker.batch(
            [
                ("GET", places.export(export_id)),
                ("HMGET", places.live(export_id), "sequence", "done", "total"),
            ]
        )
        return read_entry(stored, *live)

    def announce(self, export: Export, generation: int, *, again: bool = False) -> bool:
        """Note and publish what storage says of a settled export.

        Ends any lease on it and clears its mark. An equal state of the same generation is published again only where
        ``again`` says so. Returns whether the board now says the same: False where it knows a newer generation, or a
        state that this one cannot follow. Raises Conflict for an export that is not settled.
        """
        return self._note(export, generation, "again" if again else "once")

    def restore(self, export: Export, generation: int) -> bool:
        """Do the same without telling anybody: for a rebuild of the board from storage."""
        return self._note(export, generation, "nobody")

    def forget(self, export_id: str) -> None:
        """Remove an export from the board and its listings."""
        entry = self.known(export_id)
        workflow_id = entry.export.workflow.id if entry else ""
        self._broker.run("forget_export", keys_of(export_id, workflow_id), [places.encoded(export_id), 0])

    def counts(self) -> dict[State, int]:
        """Count the exports in each state."""
        sizes = self._broker.batch(("ZCARD", listing) for listing in places.exports_by_state())
        return dict(zip(State, map(int, sizes), strict=True))

    def page(
        self,
        *,
        workflow_id: str | None = None,
        status: str | None = None,
        allowed: Callable[[str], bool] = lambda _: True,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Export]:
        """List exports, newest first: of one workflow or all, in one state or any.

        Shown are those whose workflow ``allowed``, given its id, lets be seen. A page may be short, or empty, and
        still name a next one: a request looks at some thousands of exports at most. Raises InvalidOptions naming
        ``cursor`` or ``status``.
        """
        listings = places.exports_by_state() if workflow_id is None else places.workflow_exports_by_state(workflow_id)

        def load(members: Sequence[bytes]) -> list[Export | None]:
            return [
                export if export and status in {None, export.status} and allowed(export.workflow.id) else None
                for export in self._stored([name_of(member).decode() for member in members])
            ]

        states = chosen(listings, list(State), status)
        page = read_page(self._broker, Listing.EXPORTS, states, load, cursor=cursor, limit=limit)
        return Page(self._with_progress(page.items), page.next)

    def _note(self, export: Export, generation: int, whom: str) -> bool:
        require_settled(export)
        keys = keys_of(export.id, export.workflow.id)
        arguments = [*arguments_of(export, generation), export.status, whom]
        return bool(self._broker.run("announce", keys, arguments))

    def _stored(self, export_ids: Sequence[str]) -> list[Export | None]:
        if not export_ids:
            return []
        found = self._broker.command("MGET", *map(places.export, export_ids))
        entries = [read_entry(stored, None, None, None) for stored in found]
        return [entry.export if entry else None for entry in entries]

    def _with_progress(self, exports: Sequence[Export]) -> list[Export]:
        # Only what is shown and not settled has a live part worth reading.
        running = [export.id for export in exports if export.status is State.RUNNING]
        answers = self._broker.batch(("HMGET", places.live(each), "done", "total") for each in running)
        progress = {each: read_progress(*live) for each, live in zip(running, answers, strict=True)}
        return [
            msgspec.structs.replace(export, progress=progress.get(export.id) or export.progress) for export in exports
        ]
