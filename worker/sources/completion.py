"""The story of a record that is completed: ask the engine, see that it speaks of the same, store, point to it, list it.

Whoever is interrupted in the middle leaves nothing that counts: the next one asks again, and of two at once the first
whose note is stored is the one whom both go by.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from producer.contract import jsontext, keys
from producer.contract.board import Board
from producer.contract.drafting import completed
from producer.contract.errors import (
    NotCompleted,
    NotFound,
    ObjectExists,
    ObjectNotFound,
    RunfolioError,
    SourceFailed,
    SourceUnavailable,
    TooLarge,
)
from producer.contract.export import Pending
from producer.contract.listing import list_execution, summary_of_record
from producer.contract.objects import ObjectStore
from producer.contract.record import StepDocument, moment_of, read_header, read_step
from producer.contract.records import Lack, Record, Records
from producer.contract.redaction.redactor import Redactor
from producer.contract.shown import ShownRecord
from producer.contract.sources import Told
from producer.engines import ENGINES, convert
from worker.sources.client import Client, Missing
from worker.sources.engine import Engines, Source

log = logging.getLogger(__name__)

_POLLS: Final = 4
"""How often a worker waits by itself for an execution to end; then the sweeper brings it back, later and later."""

_TICK: Final = timedelta(milliseconds=1)


class Most(NamedTuple):
    """The limits of one execution: bytes of a step, and how many steps."""

    step_bytes: int = 16 * 1024 * 1024
    steps: int = 1_000_000


@dataclass(frozen=True)
class Completion:
    """Completes records. ``patience`` is how long after it was accepted an export waits for an engine."""

    objects: ObjectStore
    records: Records
    board: Board
    redactor: Redactor
    engines: Engines
    most: Most
    patience: timedelta
    now: Callable[[], datetime]

    def complete(self, record: Record, pending: Pending, check: Callable[[], None]) -> tuple[Record, Pending]:
        """Return the record that is to be exported, and the export under that one's names.

        A record that its event told whole is returned as it is. ``check`` may raise to stop the work. Raises
        SourceUnavailable where it is to be tried again, SourceFailed, InvalidRecord and the like where it is not.
        """
        told = record.stored.told
        if told is None:
            return record, pending
        whole = self._known(record)
        if whole is None:
            try:
                whole = self._settled(record, self._fetched(record, told, check))
            except SourceUnavailable as error:
                raise self._final(error, pending) from None
        shown = ShownRecord(whole, self.redactor)
        list_execution(self.board, self.objects, summary_of_record(shown))
        return whole, completed(pending, shown)

    def _final(self, error: SourceUnavailable, pending: Pending) -> RunfolioError:
        """Return the error as it is, or, once it has lasted, as one that is final."""
        if self.now() - pending.created_at < self.patience:
            return error
        log.warning("source given up", extra={"export": pending.id, "reason": error.detail})
        return SourceFailed(
            f"{error.detail} It has been asked since {pending.created_at:%Y-%m-%d %H:%M} UTC.", remedy=error.remedy
        )

    def _known(self, record: Record) -> Record | None:
        """Find the record that somebody has completed this one to, unless its time is over."""
        key = keys.fetched(record.workflow_id, record.execution_id, record.stored.digest)
        try:
            digest = jsontext.decode(self.objects.get(key).data)["digest"]
            return self.records.read(record.workflow_id, record.execution_id, digest)
        except (ObjectNotFound, NotFound):
            return None

    def _settled(self, record: Record, whole: Record) -> Record:
        """Note which record completes the other; return the one that counts."""
        key = keys.fetched(record.workflow_id, record.execution_id, record.stored.digest)
        note = jsontext.encode({"digest": whole.stored.digest})
        try:
            self.objects.put_if(key, note, etag=None)
        except ObjectExists:
            known = self._known(record)
            if known is not None:
                return known
            self.objects.put(key, note, content_type="application/json")
        return whole

    def _fetched(self, record: Record, told: Told, check: Callable[[], None]) -> Record:
        payload = jsontext.decode(bytes(told.payload))
        pointed = ENGINES[told.engine].points(payload)
        if pointed is None:
            raise SourceFailed(f"The event of {told.engine} does not say what to ask for.")
        source = self.engines.source(told.engine)
        with _named(told.engine), self.engines.client(told.engine, told.instance, check) as client:
            head = _ended(client, source, pointed.ids, lambda body: _same(record, told, client, body))
            body = {**source.kept(payload), **source.rest(client, pointed.ids, head)}
            converted = _same(record, told, client, body)
            notes = [*converted["execution"].get("notes", ()), *client.notes()]
        execution = {**converted["execution"], **({"notes": notes} if notes else {})}
        # What was fetched for another event of this execution is a revision of its own: it may say more, or less.
        engine = {**converted["engine"], "event_digest": record.stored.digest[:16]}
        return self._stored(record, {**converted, "execution": execution, "engine": engine})

    def _stored(self, record: Record, converted: dict[str, Any]) -> Record:
        header = read_header({name: value for name, value in converted.items() if name != "steps"})
        accepted_at = max(self.now(), record.stored.accepted_at + _TICK)
        written = self.records.write(
            header,
            self._steps(converted["steps"]),
            moment=moment_of(header, record.stored.moment),
            confirm=lambda: accepted_at,
            lack=Lack(completes=record.stored.digest),
        )
        log.info("record completed", extra={"workflow": record.workflow_id, "steps": written.record.stored.step_count})
        return written.record

    def _steps(self, steps: list[dict[str, Any]]) -> Iterator[StepDocument]:
        if len(steps) > self.most.steps:
            raise TooLarge(
                f"The execution has {len(steps)} steps; {self.most.steps} are the limit (RUNFOLIO_MAX_STEPS).",
                field="steps",
            )
        for position, step in enumerate(steps):
            size = len(jsontext.encode(step))
            if size > self.most.step_bytes:
                raise TooLarge(
                    f"steps[{position}] has {size} bytes; {self.most.step_bytes} are the limit "
                    "(RUNFOLIO_MAX_STEP_BYTES).",
                    field=f"steps[{position}]",
                )
            yield read_step(step, position)


def _ended(
    client: Client, source: Source, ids: Mapping[str, str], same: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """Ask how the execution stands until it has ended: an event may be sent a moment before its end is stored."""
    for polls in range(1, _POLLS + 1):
        with suppress(NotCompleted, Missing):
            head = source.head(client, ids)
            same(head)
            return head
        client.wait_own(polls)
    head = source.head(client, ids)
    same(head)
    return head


@contextmanager
def _named(engine: str) -> Iterator[None]:
    """Say of what the engine does not have, or has not yet, whether asking again will help."""
    try:
        yield
    except NotCompleted as error:
        raise SourceUnavailable(
            f"{engine} says that the execution has not ended: {error.detail}",
            remedy="Run 'runfolio retry', or export again, when it has ended.",
        ) from None
    except Missing:
        raise SourceFailed(
            f"{engine} does not have the execution, or a part of it: it was deleted, is not saved, or may not be read.",
            remedy="Let the engine keep its executions until they are exported; then export again.",
        ) from None


def _same(record: Record, told: Told, client: Client, body: dict[str, Any]) -> dict[str, Any]:
    """Convert an answer. Raises SourceFailed unless it is about the very execution that the event named.

    Who may send events of one workflow must not read another by naming its execution.
    """
    converted = convert(told.engine, body, instance=told.instance)
    found = converted["workflow"]["id"], converted["execution"]["id"]
    if found != (record.workflow_id, record.execution_id):
        raise SourceFailed(
            f"{client.name} has another execution under this id: it is not of the workflow that the event named.",
            remedy="Let the event name the workflow of the execution.",
        )
    return converted
