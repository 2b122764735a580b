"""The board in memory: what the Lua scripts do, line by line, over a clock that tests move."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar, cast

import msgspec

from producer.contract import jsontext
from producer.contract.audit import Tally
from producer.contract.board import (
    Attempts,
    Board,
    BoardEntry,
    Demand,
    ExecutionSummary,
    Floor,
    Lease,
    Page,
    QueuedMark,
    Refusal,
    WorkflowSummary,
)
from producer.contract.board.executions import Revision
from producer.contract.board.exports import require_settled
from producer.contract.board.leases import in_milliseconds
from producer.contract.board.pages import chosen
from producer.contract.board.places import RANKS
from producer.contract.board.positions import LATEST, Listing, clamped, milliseconds, read_cursor, write_cursor
from producer.contract.errors import BrokerUnavailable, Conflict, LeaseLost
from producer.contract.export import MOVES, Export, Progress, State

T = TypeVar("T")


class FakeClock:
    """A clock that stands still until it is moved; the broker and every process read the same one."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def seconds(self) -> float:
        return self._now.timestamp()

    def milliseconds(self) -> int:
        return milliseconds(self._now)

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@dataclass
class _Live:
    sequence: int = 0
    progress: Progress | None = None
    number: int = 0
    owner: str = ""
    until: int = 0


@dataclass
class _Entry:
    generation: int
    status: State
    sequence: int
    created: int
    json: bytes


@dataclass
class _State:
    """Everything that is lost when the broker loses its memory."""

    entries: dict[str, _Entry] = field(default_factory=dict)
    live: dict[str, _Live] = field(default_factory=dict)
    marks: dict[str, tuple[int, bool]] = field(default_factory=dict)
    attempts: dict[str, Attempts] = field(default_factory=dict)
    executions: dict[tuple[str, str], ExecutionSummary] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    downloads: Counter[str] = field(default_factory=Counter)
    counted: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)
    floor: str | None = None
    life: str = ""
    index: str = ""
    sweeper: tuple[str, int] = ("", 0)
    alive: dict[tuple[str, str], int] = field(default_factory=dict)
    codes: dict[str, tuple[str, int]] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)


class FakeBroker:
    """The memory of the broker and its clock. ``down`` makes every call fail as a broker does that does not answer."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.down = False
        self.state = _State()
        self.published: list[Export] = []
        self.changes: list[tuple[str, State, int, int]] = []
        self.queues: dict[str, list[int]] = {}

    def check(self) -> None:
        if self.down:
            raise BrokerUnavailable("The broker in memory is switched off.", remedy="Set down to False.")

    def wipe(self) -> None:
        """Lose everything but what was said already."""
        self.state = _State()
        self.queues.clear()


class FakeBoard:
    """The parts of ``producer.contract.board.Board`` over a FakeBroker."""

    def __init__(self, broker: FakeBroker) -> None:
        self._broker = broker
        self.exports = FakeExportBoard(broker)
        self.leases = FakeLeases(broker)
        self.queue = FakeQueueWatch(broker)
        self.executions = FakeExecutionBoard(broker)
        self.workflows = FakeWorkflowBoard(broker)
        self.tallies = FakeTallies(broker)
        self.callbacks = FakeCallbackBoard(broker)
        self.rebuild = FakeRebuild(broker)
        self.heartbeats = FakeHeartbeats(broker)
        self.logins = FakeLoginBoard(broker)

    def check(self) -> None:
        self._broker.check()

    def typed(self) -> Board:
        """Return itself as what it stands in for."""
        return cast("Board", self)


class _Part:
    def __init__(self, broker: FakeBroker) -> None:
        self._broker = broker

    @property
    def _state(self) -> _State:
        self._broker.check()
        return self._broker.state

    @property
    def _now(self) -> int:
        return self._broker.clock.milliseconds()

    def _live(self, export_id: str) -> _Live:
        return self._state.live.setdefault(export_id, _Live())

    def _leased(self, export_id: str) -> bool:
        live = self._live(export_id)
        return live.owner != "" and live.until > self._now

    def _holds(self, lease: Lease) -> bool:
        entry, live = self._state.entries.get(lease.export_id), self._live(lease.export_id)
        running = entry is not None and (entry.generation, entry.status) == (lease.generation, State.RUNNING)
        return running and (live.owner, live.number) == (lease.owner, lease.number)

    def _next_sequence(self, export_id: str) -> int:
        entry, live = self._state.entries.get(export_id), self._live(export_id)
        return max(live.sequence, entry.sequence if entry else 0, self._now - 1) + 1

    def _release(self, export_id: str) -> None:
        live = self._live(export_id)
        live.owner, live.until = "", 0

    def _store(self, export: Export, generation: int, status: State) -> None:
        created = clamped(milliseconds(export.created_at))
        entry = _Entry(generation, status, self._next_sequence(export.id), created, jsontext.encode(export))
        self._state.entries[export.id] = entry

    def _finish(self, export_id: str) -> None:
        self._state.marks.pop(export_id, None)
        self._state.attempts.pop(export_id, None)

    def _attempts(self, export_id: str) -> Attempts:
        return self._state.attempts.get(export_id, Attempts(0, 0, ""))

    def _tell(self, export: Export, status: State, progress: Progress | None = None) -> None:
        shown = progress or export.progress
        self._broker.changes.append((export.id, status, shown.done, shown.total))

    def _publish(self, export: Export) -> None:
        self._broker.published.append(msgspec.json.decode(jsontext.encode(export), type=Export))


class FakeExportBoard(_Part):
    def queued(self, export: Export, generation: int, *, large: bool = False, once: bool = False) -> int | None:
        entry = self._state.entries.get(export.id)
        if entry is not None and generation < entry.generation:
            return None
        same = entry is not None and entry.generation == generation
        status = entry.status if entry is not None and same else None
        if status is not None and (status.settled or (status is State.RUNNING and self._leased(export.id))):
            return None
        if once and status is State.QUEUED and export.id in self._state.marks:
            return None
        if status is not State.QUEUED:
            self._release(export.id)
            self._live(export.id).progress = None
            self._store(export, generation, State.QUEUED)
            self._tell(export, State.QUEUED)
        self._state.marks[export.id] = (self._now, large)
        return self._now

    def known(self, export_id: str) -> BoardEntry | None:
        entry = self._state.entries.get(export_id)
        if entry is None:
            return None
        export = msgspec.json.decode(entry.json, type=Export)
        live = self._live(export_id)
        progress = None if entry.status.settled else live.progress
        changed = msgspec.structs.replace(export, status=entry.status, progress=progress or export.progress)
        return BoardEntry(changed, entry.generation, max(entry.sequence, live.sequence))

    def announce(self, export: Export, generation: int, *, again: bool = False) -> bool:
        return self._note(export, generation, "again" if again else "once")

    def restore(self, export: Export, generation: int) -> bool:
        return self._note(export, generation, "nobody")

    def forget(self, export_id: str) -> None:
        self._finish(export_id)
        self._state.entries.pop(export_id, None)
        self._state.live.pop(export_id, None)

    def page(
        self,
        *,
        workflow_id: str | None = None,
        status: str | None = None,
        allowed: Callable[[str], bool] = lambda _: True,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Export]:
        chosen([b""] * len(State), list(State), status)

        def shown(export_id: str) -> Export | None:
            known = self.known(export_id)
            if known is None or workflow_id not in {None, known.export.workflow.id}:
                return None
            export = known.export
            return export if status in {None, export.status} and allowed(export.workflow.id) else None

        places = {_member(entry.created, name.encode()): name for name, entry in self._state.entries.items()}
        return _page(Listing.EXPORTS, places, shown, cursor, limit)

    def _note(self, export: Export, generation: int, whom: str) -> bool:
        require_settled(export)
        entry = self._state.entries.get(export.id)
        if entry is not None and generation < entry.generation:
            return False
        same = entry is not None and entry.generation == generation
        known = entry is not None and same and entry.status is export.status
        if (
            entry is not None
            and same
            and not known
            and entry.status.settled
            and export.status not in MOVES[entry.status]
        ):
            return False
        if not known:
            self._release(export.id)
            self._store(export, generation, export.status)
        self._finish(export.id)
        if whom == "again" or (whom == "once" and not known):
            self._tell(export, export.status)
            self._publish(export)
        return True


class FakeLeases(_Part):
    def acquire(self, export: Export, generation: int, *, owner: str, ttl: timedelta) -> Lease | Refusal:
        entry, live = self._state.entries.get(export.id), self._live(export.id)
        if entry is not None and generation < entry.generation:
            return Refusal.SUPERSEDED
        self._state.marks.pop(export.id, None)
        if entry is not None and entry.generation == generation:
            if entry.status.settled:
                return Refusal.SETTLED
            if entry.status is State.RUNNING and self._leased(export.id):
                return Refusal.HELD
        live.number = max(live.number + 1, self._now)
        live.owner = f"{owner}/{uuid.uuid4().hex}"
        live.until = self._now + in_milliseconds(ttl)
        live.progress = None
        self._store(export, generation, State.RUNNING)
        self._tell(export, State.RUNNING)
        return Lease(export.id, generation, live.owner, live.number)

    def renew(self, lease: Lease, ttl: timedelta) -> None:
        self._require(lease)
        self._live(lease.export_id).until = self._now + in_milliseconds(ttl)

    def progress(self, lease: Lease, done: int, total: int) -> None:
        self._require(lease)
        live = self._live(lease.export_id)
        live.sequence = self._next_sequence(lease.export_id)
        live.progress = Progress(done, total)
        self._broker.changes.append((lease.export_id, State.RUNNING, done, total))

    def settle(self, lease: Lease, export: Export) -> bool:
        require_settled(export)
        called = export.id in self._state.called
        if self._repeated(lease, export.status):
            return called
        if export.status not in MOVES[State.RUNNING]:
            raise Conflict("A running export cannot become that.", field="status")
        self._release(lease.export_id)
        self._store(export, lease.generation, export.status)
        self._finish(lease.export_id)
        self._tell(export, export.status)
        self._publish(export)
        return called

    def hand_back(self, lease: Lease, export: Export, reason: str) -> None:
        if self._repeated(lease, State.QUEUED):
            return
        self._release(lease.export_id)
        self._live(lease.export_id).progress = None
        self._store(export, lease.generation, State.QUEUED)
        before = self._attempts(export.id)
        self._state.attempts[export.id] = before._replace(handed_back=before.handed_back + 1, reason=reason)
        self._tell(export, State.QUEUED)

    def revoke(self, export_id: str) -> bool:
        live = self._live(export_id)
        if not live.owner:
            return False
        live.number = max(live.number + 1, self._now)
        self._release(export_id)
        return True

    def _require(self, lease: Lease) -> None:
        if not self._holds(lease):
            raise LeaseLost(f"{lease.owner} no longer holds export {lease.export_id}.")

    def _repeated(self, lease: Lease, status: State) -> bool:
        """Tell whether the holder of a lease asks again for what was done already; raise where it holds none."""
        if self._holds(lease):
            return False
        entry, live = self._state.entries.get(lease.export_id), self._live(lease.export_id)
        if entry is None or (entry.generation, entry.status, live.number) != (lease.generation, status, lease.number):
            raise LeaseLost(f"{lease.owner} no longer holds export {lease.export_id}.")
        return True


class FakeQueueWatch(_Part):
    def now(self) -> int:
        self._broker.check()
        return self._now

    def marked(self, export_ids: Iterable[str]) -> set[str]:
        return {one for one in export_ids if one in self._state.marks}

    def leased(self, export_ids: Iterable[str]) -> set[str]:
        return {one for one in export_ids if self._leased(one)}

    def marks_before(self, time_ms: int, limit: int, *, large: bool = False) -> list[QueuedMark]:
        marked = self._state.marks.items()
        marks = sorted((at, name) for name, (at, is_large) in marked if at < time_ms and is_large == large)
        return [QueuedMark(name, at) for at, name in marks[:limit]]

    def unmark(self, marks: Iterable[QueuedMark]) -> int:
        stale = [mark for mark in marks if self._state.marks.get(mark.export_id, (0, False))[0] == mark.marked_at]
        for mark in stale:
            del self._state.marks[mark.export_id]
        return len(stale)

    def oldest_queued(self, queue: str) -> int | None:
        self._broker.check()
        waiting = self._broker.queues.get(queue)
        return waiting[0] if waiting else None

    def attempt(self, export_id: str) -> Attempts:
        before = self._attempts(export_id)
        self._state.attempts[export_id] = before._replace(put_back=before.put_back + 1)
        return self._state.attempts[export_id]

    def sweeper_lock(self, owner: str, ttl: timedelta) -> bool:
        holder, until = self._state.sweeper
        if holder != owner and until > self._now:
            return False
        self._state.sweeper = (owner, self._now + in_milliseconds(ttl))
        return True


class FakeExecutionBoard(_Part):
    def unlisted(self, revisions: Sequence[Revision]) -> list[Revision]:
        found = ((one, self.find(one.workflow_id, one.execution_id)) for one in revisions)
        return [one for one, listed in found if listed is None or listed.digest != one.digest]

    def put(self, summary: ExecutionSummary) -> bool:
        place = (summary.workflow_id, summary.execution_id)
        old = self._state.executions.get(place)
        if old is not None:
            was_running, is_running = old.status == "running", summary.status == "running"
            if is_running and not was_running:
                return False
            if is_running == was_running and summary.accepted_at <= old.accepted_at:
                return False
        self._state.executions[place] = summary
        newest = max(one.listed_at for one in self._of(summary.workflow_id))
        if newest == summary.listed_at or summary.workflow_id not in self._state.names:
            self._state.names[summary.workflow_id] = summary.workflow_name
        return True

    def find(self, workflow_id: str, execution_id: str) -> ExecutionSummary | None:
        return self._state.executions.get((workflow_id, execution_id))

    def page(
        self, workflow_id: str, *, status: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[ExecutionSummary]:
        chosen([b""] * len(RANKS), RANKS, status)

        def shown(execution_id: str) -> ExecutionSummary | None:
            found = self.find(workflow_id, execution_id)
            return found if found and status in {None, found.status} else None

        names = {_member(one.listed_at, one.execution_id.encode()): one.execution_id for one in self._of(workflow_id)}
        return _page(Listing.EXECUTIONS, names, shown, cursor, limit)

    def forget(self, workflow_id: str, execution_id: str) -> bool:
        found = self._state.executions.pop((workflow_id, execution_id), None)
        if not self._of(workflow_id):
            self._state.names.pop(workflow_id, None)
        return found is not None

    def _of(self, workflow_id: str) -> list[ExecutionSummary]:
        return [one for one in self._state.executions.values() if one.workflow_id == workflow_id]


class FakeWorkflowBoard(_Part):
    def find(self, workflow_id: str) -> WorkflowSummary | None:
        executions = [one for one in self._state.executions.values() if one.workflow_id == workflow_id]
        if not executions:
            return None
        newest = max(executions, key=lambda one: one.listed_at)
        name = self._state.names[workflow_id]
        return WorkflowSummary(workflow_id, name, len(executions), newest.status, newest.listed_at)

    def page(
        self,
        *,
        query: str | None = None,
        allowed: Callable[[str], bool] = lambda _: True,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[WorkflowSummary]:
        wanted = (query or "").casefold()

        def shown(workflow_id: str) -> WorkflowSummary | None:
            found = self.find(workflow_id)
            matches = found and (wanted in found.name.casefold() or wanted in workflow_id.casefold())
            return found if matches and allowed(workflow_id) else None

        found = [self.find(name) for name in self._state.names]
        places = {_member(one.last_listed_at, one.id.encode()): one.id for one in found if one}
        return _page(Listing.WORKFLOWS, places, shown, cursor, limit)


class FakeTallies(_Part):
    def of(self, export_ids: Sequence[str]) -> list[Demand]:
        return [Demand(self._state.asked.get(one), self._state.downloads[one]) for one in export_ids]

    def asked(self, names: Mapping[str, str]) -> None:
        if names:
            self._state.asked.update(names)

    def count(self, batch: str, tally: Tally, *, passed_in: str | None = None) -> bool:
        if self._state.floor is not None and batch <= self._state.floor:
            if passed_in is None or passed_in != self._state.life:
                return False
        elif batch in self._state.counted:
            return False
        else:
            self._state.counted.add(batch)
        self._state.asked.update(tally.asked)
        self._state.downloads.update(tally.downloads)
        return True

    def floor(self) -> Floor:
        self._state.life = self._state.life or uuid.uuid4().hex
        return Floor(self._state.life, self._state.floor)

    def raise_floor(self, life: str, name: str) -> bool:
        if self._state.life != life:
            return False
        self._state.floor = max(self._state.floor or "", name)
        self._state.counted = {one for one in self._state.counted if one > name}
        return True

    def counted(self, batches: Sequence[str]) -> set[str]:
        return self._state.counted & {*batches} if batches else set()


class FakeCallbackBoard(_Part):
    def note(self, export_ids: Collection[str]) -> None:
        if export_ids:
            self._state.called.update(export_ids)

    def noted(self, export_ids: Sequence[str]) -> set[str]:
        return self._state.called & {*export_ids} if export_ids else set()


class FakeRebuild(_Part):
    def complete(self) -> bool:
        return self._state.index == "complete"

    def start(self) -> str:
        self._state.index = uuid.uuid4().hex
        return self._state.index

    def finish(self, token: str) -> bool:
        if self._state.index != token:
            return False
        self._state.index = "complete"
        return True


class FakeHeartbeats(_Part):
    def beat(self, kind: str, name: str, ttl: timedelta) -> None:
        self._state.alive[kind, name] = self._now + in_milliseconds(ttl)

    def alive(self, kind: str) -> int:
        return sum(1 for (of, _), until in self._state.alive.items() if of == kind and until > self._now)


class FakeLoginBoard(_Part):
    def offer(self, code_digest: str, token_digest: str, ttl: timedelta) -> None:
        self._state.codes[code_digest] = (token_digest, self._now + in_milliseconds(ttl))

    def redeem(self, code_digest: str) -> str | None:
        digest, until = self._state.codes.pop(code_digest, ("", 0))
        return digest if until > self._now else None

    def end(self, session_id: str, ttl: timedelta) -> None:
        self._state.ended[session_id] = self._now + in_milliseconds(ttl)

    def ended(self, session_id: str) -> bool:
        return self._state.ended.get(session_id, 0) > self._now


def _member(time: int, name: bytes) -> bytes:
    return (LATEST - time).to_bytes(6, "big") + name


def _page(
    listing: Listing, places: dict[bytes, str], shown: Callable[[str], T | None], cursor: str | None, limit: int
) -> Page[T]:
    after = read_cursor(listing, cursor)
    items: list[tuple[bytes, T]] = []
    for place in _behind(sorted(places), after):
        item = shown(places[place])
        if item is not None and len(items) == limit:
            return Page([one for _, one in items], write_cursor(listing, items[-1][0]))
        if item is not None:
            items.append((place, item))
    return Page([one for _, one in items], None)


def _behind(places: Sequence[bytes], after: bytes | None) -> list[bytes]:
    return [place for place in places if after is None or place > after]
