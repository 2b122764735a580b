"""A whole installation in memory: gateway, queue, workers and sweeper, over stand-ins that can be made to fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any, Final, NamedTuple, TypeVar, cast

import httpx
import pytest

from producer.askers import Askers
from producer.audit import AuditLog
from producer.contract import callbacks, jsontext
from producer.contract.audit import AuditEntry, read_batch
from producer.contract.board import Board
from producer.contract.errors import RunfolioError
from producer.contract.export import Export, Pending, RenderProfile, RequestedExport
from producer.contract.links import LinkSigner
from producer.contract.objects import ObjectStore
from producer.contract.outbox import Outbox
from producer.contract.queue import Queue
from producer.contract.records import Records
from producer.contract.redaction.redactor import Redactor
from producer.contract.tasks import LARGE_QUEUES, SMALL_QUEUES, ExportMessage, decode_message
from producer.contract.views import pending_view
from producer.deliveries import Deliveries
from producer.demand import Demands
from producer.executions import Executions
from producer.exports import Exports, Requested
from producer.firsts import FirstExports
from producer.incoming import Most, as_text
from producer.intake import Intake
from producer.links import Links
from producer.receivers import Receivers
from tests.fakes import MemoryObjects
from tests.fakes_board import FakeBoard, FakeBroker, FakeClock, FakeExportBoard
from tests.messages import encode_message
from worker.callbacks import Callbacks, Sender
from worker.callbacks.outcome import Outcome, Verdict
from worker.counting import Counting
from worker.keeping import Keeping
from worker.orphans import Orphans
from worker.pipeline import Pipeline
from worker.rebuild import Rebuild
from worker.reminding import Reminding
from worker.retention import Retention
from worker.sources import Completion, Engines
from worker.sources.completion import Most as MostFetched
from worker.strays import Strays
from worker.sweep import Sweeper

T = TypeVar("T")

START: Final = datetime(2025, 4, 9, 15, 0, tzinfo=UTC)
HOOK: Final = "https://receiver.example/hook"
SECRET: Final = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
LEASE: Final = timedelta(minutes=1)
"""The thread that renews leases sleeps for a third of it, by the real clock: longer than any test."""


class Step(NamedTuple):
    """One call of a stand-in, as the wire sees it."""

    part: str
    method: str
    arguments: tuple[Any, ...]


def stores_archive(step: Step) -> bool:
    """Tell whether a call stores an archive, be it with its facts or not."""
    return step.method in {"put_if", "put_stream"} and str(step.arguments[0]).endswith(".zip")


class Wire:
    """Runs through every call of a process to storage, board and queue; ``around`` makes the call, or does worse."""

    def __init__(self) -> None:
        self.around: Callable[[Step, Callable[[], Any]], Any] = lambda _, call: call()

    def through(self, part: str, target: object) -> Any:
        """Return the target, every method of which passes through this wire."""
        return _Wired(part, target, self)


class Killed(BaseException):
    """A process is gone: no handler of errors runs, and what is in ``finally`` reaches nobody."""


def killed_at(house: House, part: str, method: str, place: str, record: Mapping[str, Any]) -> None:
    """Let the gateway be killed as it takes an event in, at a call whose first argument begins with ``place``."""
    dead = False

    def kill(step: Step, call: Callable[[], Any]) -> Any:
        nonlocal dead
        told = str(step.arguments[0]) if step.arguments else ""
        dead = dead or ((step.part, step.method) == (part, method) and told.startswith(place))
        if dead:
            raise Killed
        return call()

    house.gateway.wire.around = kill
    with pytest.raises(Killed):
        house.send(record)
    house.gateway.wire.around = lambda _, call: call()


class _Wired:
    def __init__(self, part: str, target: object, wire: Wire) -> None:
        self._part = part
        self._target = target
        self._wire = wire

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._wire.around(Step(self._part, name, args), lambda: method(*args, **kwargs))

        return call


class FakeQueue:
    """Celery's queues: each first in, first out, all lost with the broker. ``exports`` holds those of both kinds."""

    def __init__(self, broker: FakeBroker) -> None:
        self._broker = broker
        self.exports: list[dict[str, Any]] = []
        self._of: list[str] = []
        self.callbacks: list[tuple[str, str]] = []

    def export(self, pending: Pending, record: str | None = None, *, first: bool = False, once: bool = False) -> bool:
        marked_at = FakeExportBoard(self._broker).queued(
            pending_view(pending), pending.generation, large=pending.large, once=first or once
        )
        if marked_at is not None:
            self._send(ExportMessage(pending, record, first), marked_at, again=False)
        return marked_at is not None

    def put_back(self, pending: Pending, marked_at: int) -> None:
        self._broker.check()
        self._send(ExportMessage(pending), marked_at, again=True)

    def _send(self, message: ExportMessage, marked_at: int, *, again: bool) -> None:
        queue = (LARGE_QUEUES if message.pending.large else SMALL_QUEUES)[again]
        self.exports.append(encode_message(message))
        self._of.append(queue)
        self._broker.queues.setdefault(queue, []).append(marked_at)

    def callback(self, export_id: str, name: str) -> None:
        self._broker.check()
        self.callbacks.append((export_id, name))

    def lose_exports(self) -> None:
        """Lose every message that asks for an export."""
        self.exports.clear()
        self._of.clear()
        self._broker.queues.clear()

    def take_export(self) -> ExportMessage | None:
        """Take the next message, which is gone from the queue from then on, whatever becomes of it."""
        if not self.exports:
            return None
        self._broker.queues[self._of.pop(0)].pop(0)
        return decode_message(self.exports.pop(0))


class TestSender:
    """A sender of events that may send everything, or nothing, and shows it only at the end."""

    __test__ = False

    def __init__(self, name: str = "engine", refusal: RunfolioError | None = None) -> None:
        self._name = name
        self._refusal = refusal
        self.asked: list[str] = []

    def precheck(self, workflow_id: str) -> None:
        """Know nothing yet."""

    def authenticate(self) -> None:
        """Be known."""

    def confirm(self, workflow_id: str) -> str:
        self.asked.append(workflow_id)
        if self._refusal is not None:
            raise self._refusal
        return self._name


@dataclass(frozen=True)
class RecordingSender(Sender):
    """Delivers callbacks to a list: the message's id, and the export as it was told."""

    told: list[tuple[str, Export]] = field(default_factory=list)

    def deliver(self, entry: callbacks.CallbackEntry, export: Export, settled_at: datetime, now: datetime) -> Outcome:
        assert settled_at <= now
        self.told.append((entry.message_id, export))
        return Outcome(Verdict.DELIVERED, "The receiver has taken it.", 204)


_TLS: Final = httpx.create_ssl_context()
"""Made once: reading all authorities takes longer than a test."""


class AtOnce(Executor):
    """Does a thing where it is asked for: before whatever would go on beside it."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 # as executors do: the caller of result() gets it
            future.set_exception(error)
        return future


class AtLast(Executor):
    """Does a thing where its result is asked for: after whatever goes on beside it."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        return _Late(partial(fn, *args, **kwargs))


class _Late(Future[T]):
    def __init__(self, act: Callable[[], T]) -> None:
        super().__init__()
        self._act = act

    def result(self, timeout: float | None = None) -> T:
        if not self.done():
            self.set_result(self._act())
        return super().result(timeout)


class House:
    """One bucket, one broker, one clock, and as many processes as a test starts."""

    def __init__(
        self,
        *,
        profile: RenderProfile | None = None,
        redactor: Redactor | None = None,
        callbacks_enabled: bool = True,
        engines: Engines | None = None,
        beside: Executor | None = None,
        large_bytes: int = 2**23,
    ) -> None:
        self.large_bytes = large_bytes
        self.engines = engines or Engines({}, {})
        self.clock = FakeClock(START)
        self.beside = beside or AtOnce()
        self.objects = MemoryObjects(self.clock.now)
        self.broker = FakeBroker(self.clock)
        self.board = FakeBoard(self.broker)
        self.queue = FakeQueue(self.broker)
        self.redactor = redactor or Redactor()
        self.profile = profile or RenderProfile(redaction=self.redactor.identity)
        self.callbacks_enabled = callbacks_enabled
        self.receiver = RecordingSender(SECRET, "https://runfolio.example", callbacks.AllowList(), tls=_TLS)
        self.gateway = Process(self, Wire())
        self.worker = Process(self, Wire())
        self.sweeper = self.worker.sweeper(max_attempts=8)

    def send(self, record: Mapping[str, Any], **event: Any) -> list[Export]:
        """Send a record as an engine does, with ``export``, ``secrets`` or an event's time beside it."""
        return self.gateway.send(record, **event)

    def request(self, record: Mapping[str, Any], **options: Any) -> Requested:
        """Ask for an export on the page."""
        return self.gateway.request(record, **options)

    def work(self) -> None:
        """Let a worker do all that is in the queues."""
        self.worker.work()

    def settle_down(self, rounds: int = 40) -> None:
        """Let time pass, sweep and work until nothing is left to do."""
        for _ in range(rounds):
            self.work()
            if not self.pending() and not any(self.objects.list("callbacks/")):
                return
            self.clock.advance(30)
            self.sweeper.round()

    def pending(self) -> list[str]:
        """Return the keys of all pending entries."""
        return [found.key for found in self.objects.list("pending/")]

    def archives(self) -> list[str]:
        """Return the keys of all archives."""
        return [key for key in self.stored() if key.endswith(".zip")]

    def stored(self) -> tuple[str, ...]:
        """Return the key of every stored object."""
        return self.objects.keys()

    def audited(self) -> list[AuditEntry]:
        """Return what the audit log in storage holds, in its order."""
        found = (one.key for one in self.objects.list("audit/"))
        return [entry for key in found for entry in read_batch(key, self.objects.get(key).data)]

    def lose_broker(self) -> None:
        """Lose the board and the queues."""
        self.broker.wipe()
        self.queue.lose_exports()
        self.queue.callbacks.clear()


class Process:
    """The parts that one process has, all of whose calls pass through a wire."""

    def __init__(self, house: House, wire: Wire) -> None:
        self.house = house
        self.wire = wire
        self.objects = cast("ObjectStore", wire.through("objects", house.objects))
        self.board = cast("Board", _wired_board(house.board, wire))
        self.queue = cast("Queue", wire.through("queue", house.queue))
        self.records = Records(self.objects)
        self.outbox = Outbox(self.objects)
        signer = LinkSigner("x" * 32)
        self.links = Links(signer, self.outbox, self.objects, house.clock.now)
        self.audit = AuditLog(self.objects, self.board, house.clock.now)
        self.exports = Exports(
            objects=self.objects,
            outbox=self.outbox,
            board=self.board,
            queue=self.queue,
            links=signer,
            profile=house.profile,
            redactor=house.redactor,
            public_url="https://runfolio.example",
            receivers=Receivers(
                self.objects,
                self.board,
                self.queue,
                house.callbacks_enabled,
                callbacks.AllowList(),
                house.clock.now,
            ),
            audit=self.audit,
            askers=Askers(house.clock.seconds),
            large_bytes=house.large_bytes,
            now=house.clock.now,
        )
        self.deliveries = Deliveries(
            self.objects, self.outbox, self.board, self.queue, self.audit, house.callbacks_enabled, house.clock.now
        )
        self.demands = Demands(self.exports, self.board)
        self.executions = Executions(self.records, self.board, self.exports)
        first = FirstExports(self.exports, house.beside)
        self.intake = Intake(self.objects, self.records, first, self.board, Most(), house.clock.now)
        self.keeping = Keeping(self.objects, self.records, self.board)
        self.pipeline = Pipeline(
            objects=self.objects,
            records=self.records,
            outbox=self.outbox,
            board=self.board,
            redactor=house.redactor,
            owner="worker",
            lease_ttl=LEASE,
            link_ttl=timedelta(days=7),
            call_back=self._call_back,
            complete=Completion(
                self.objects,
                self.records,
                self.board,
                house.redactor,
                house.engines,
                MostFetched(),
                timedelta(minutes=10),
                house.clock.now,
            ).complete,
            forget=self._forget,
            restore=self.keeping.restore,
            now=house.clock.now,
        )
        self.callbacks = Callbacks(self.objects, self.outbox.current, house.receiver, house.clock.now)

    def _forget(self, pending: Pending, record: str | None) -> None:
        """Do at once what real workers do a moment later."""
        self.keeping.keep([(pending, record)])
        self.outbox.forget_pending(pending)

    def sweeper(
        self,
        *,
        max_attempts: int = 8,
        link_ttl: timedelta = timedelta(days=7),
        archive_ttl: timedelta | None = timedelta(days=30),
        record_ttl: timedelta | None = None,
        audit_ttl: timedelta | None = None,
        orphan_ttl: timedelta = timedelta(days=1),
        owner: str = "sweeper",
    ) -> Sweeper:
        """Return a new sweeper, as after a restart."""
        clock = self.house.clock
        return Sweeper(
            objects=self.objects,
            outbox=self.outbox,
            board=self.board,
            queue=self.queue,
            owner=owner,
            max_attempts=max_attempts,
            reminding=Reminding(self.objects, self.board, self.queue, clock.now, clock.seconds),
            rebuild=Rebuild(self.objects, self.records, self.outbox, self.board, self.house.redactor, clock.now),
            counting=Counting(self.objects, self.board, clock.now, clock.seconds),
            retention=Retention(
                self.objects,
                self.records,
                self.outbox,
                self.board,
                link_ttl,
                archive_ttl,
                record_ttl,
                audit_ttl,
                clock.now,
                clock.seconds,
            ),
            orphans=Orphans(self.objects, self.records, self.board, orphan_ttl, clock.now, clock.seconds),
            strays=Strays(self.outbox, self.board, clock.now, clock.seconds),
            now=clock.now,
            clock=clock.seconds,
            chance=lambda: 0.0,
        )

    def send(self, record: Mapping[str, Any], *, sender: TestSender | None = None, **event: Any) -> list[Export]:
        """Take in an event."""
        incoming = as_text(jsontext.decode(jsontext.encode({**record, **event})))
        return self.intake.completed(incoming, None, sender or TestSender())

    def request(self, record: Mapping[str, Any], **options: Any) -> Requested:
        """Take in a request to export an execution."""
        place = record["workflow"]["id"], record["execution"]["id"]
        requested = jsontext.convert(options, RequestedExport)
        return self.exports.request(self.executions.record(*place), requested, "somebody", revive=True)

    def work(self) -> None:
        """Do all that is in the queues, as the tasks do it."""
        queue = self.house.queue
        while (message := queue.take_export()) is not None:
            _as_task(partial(self.pipeline.run, message))
        while queue.callbacks:
            _as_task(partial(self.callbacks.process, *queue.callbacks.pop(0)))

    def _call_back(self, export_id: str) -> None:
        for entry in callbacks.entries(self.objects, export_id):
            self.queue.callback(export_id, entry.name)


def _as_task(act: Callable[[], object]) -> None:
    try:
        act()
    except RunfolioError:
        return  # The task logs it; the sweeper does the rest.


def _wired_board(board: FakeBoard, wire: Wire) -> SimpleNamespace:
    parts = ("exports", "leases", "queue", "executions", "workflows", "tallies", "callbacks", "rebuild", "heartbeats")
    return SimpleNamespace(**{part: wire.through(part, getattr(board, part)) for part in parts})


def record_of(
    steps: Iterable[Mapping[str, Any]] = (), *, workflow: str = "wf", execution: str = "e1", **fields: Any
) -> dict[str, Any]:
    """Return an execution record; ``fields`` go into its execution."""
    started = {"status": "succeeded", "started_at": "2025-04-09T14:59:56Z"}
    return {
        "workflow": {"id": workflow, "name": "virtual assistant"},
        "execution": {"id": execution, **started, **fields},
        "steps": list(steps),
    }


def step(name: str = "fetch", status: str = "succeeded", **fields: Any) -> dict[str, Any]:
    """Return a step."""
    return {"name": name, "status": status, **fields}
