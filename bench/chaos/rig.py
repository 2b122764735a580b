"""Real servers, gateways, workers and a sweeper, each a process that an experiment may kill when it likes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

import httpx
from redis import Redis

from bench.chaos.switch import Switch
from producer.contract.board import Board
from producer.contract.objects import ObjectStore
from producer.contract.objects.factory import ObjectsConfig, make_objects
from producer.contract.outbox import Outbox
from producer.contract.records import Records
from runfolio.embedded import plan
from runfolio.embedded.datadir import DataDir
from runfolio.embedded.environment import gateway_url, parts_environment
from runfolio.embedded.guard import Guard, signal_group
from runfolio.embedded.keys import ensure_admin_token, load_secrets
from runfolio.embedded.plan import PARTS, WORKER, Addresses
from runfolio.embedded.ports import LOOPBACK, pick_port
from runfolio.embedded.process import Child, Log, Running
from runfolio.embedded.seaweedfs import BUCKET, REGION, remove_sockets

SERVERS: Final = ("valkey", "seaweedfs")
_READY_WITHIN: Final = 60.0
_STOP_WITHIN: Final = 40.0


class Shape(NamedTuple):
    """How many parts there are, which settings differ from the defaults, and what SeaweedFS is told beside.

    ``extra`` names further parts, with their commands; ``worker`` is that of each worker. ``distance`` is that of the
    storage from all parts: the seconds of a round trip.
    """

    gateways: int = 1
    workers: int = 1
    settings: Mapping[str, str] = {}
    storage_options: Sequence[str] = ()
    extra: Mapping[str, Sequence[str]] = {}
    worker: Sequence[str] = WORKER
    distance: float = 0.0


class Rig:
    """Processes by name (``valkey``, ``seaweedfs``, ``gateway-1``, ``worker-1``, ``sweep``), all started on request."""

    def __init__(self, folder: Path, shape: Shape, guard: Guard) -> None:
        self.data = DataDir(folder)
        self.data.prepare()
        self.token: str
        secrets = load_secrets(self.data)
        self.token = ensure_admin_token(self.data)
        self.ports = [pick_port() for _ in range(shape.gateways)]
        self.port = self.ports[0] if shape.gateways == 1 else pick_port()
        self.addresses = Addresses.choose(self.port, secrets)
        self.switch = Switch(self.port, self.ports) if shape.gateways > 1 else None
        storage = self.addresses.seaweed.s3.http
        self.line = Switch(pick_port(), [storage], shape.distance) if shape.distance else None
        self._guard = guard
        self._running: dict[str, Running] = {}
        self._children = {child.name: child for child in self._describe(shape)}

    def _describe(self, shape: Shape) -> Iterator[Child]:
        servers = {child.name: child for child in plan.servers(self.data, self.addresses)}
        yield servers["valkey"]
        weed = servers["seaweedfs"]
        yield replace(weed, argv=(*weed.argv, *shape.storage_options))
        for number, port in enumerate(self.ports, start=1):
            yield Child(f"gateway-{number}", tuple(PARTS["gateway"]), self._environment(shape, port))
        for number in range(1, shape.workers + 1):
            yield Child(f"worker-{number}", tuple(shape.worker), self._environment(shape, self.port))
        yield Child("sweep", tuple(PARTS["sweep"]), self._environment(shape, self.port))
        for name, command in shape.extra.items():
            yield Child(name, tuple(command), self._environment(shape, self.port))

    def _environment(self, shape: Shape, port: int) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RUNFOLIO_")}
        made = parts_environment(
            inherited,
            self.data,
            self.addresses.secrets,
            port=port,
            valkey_port=self.addresses.valkey,
            seaweed=self.addresses.seaweed,
        )
        fixed = {"RUNFOLIO_PUBLIC_URL": self.url, "RUNFOLIO_WORKER_PROCESSES": "2"}
        if self.line is not None:
            fixed["RUNFOLIO_S3_ENDPOINT_URL"] = f"http://{LOOPBACK}:{self.line.port}"
        return made | fixed | {f"RUNFOLIO_{name}": value for name, value in shape.settings.items()}

    @property
    def url(self) -> str:
        """Where clients come: the gateway, or the switch before several."""
        return gateway_url(self.port)

    @property
    def headers(self) -> dict[str, str]:
        """What a client that may do everything sends along."""
        return {"Authorization": f"Bearer {self.token}"}

    def client(self, timeout: float = 70.0) -> httpx.Client:
        """Return a client with the token that may do everything; the caller closes it."""
        return httpx.Client(base_url=self.url, headers=self.headers, timeout=timeout, trust_env=False)

    @cached_property
    def objects(self) -> ObjectStore:
        """The storage itself."""
        url = self.addresses.seaweed.endpoint_url
        return make_objects(ObjectsConfig("obstore", BUCKET, REGION, url, url))

    @cached_property
    def outbox(self) -> Outbox:
        """What storage says of exports."""
        return Outbox(self.objects)

    @cached_property
    def records(self) -> Records:
        """What storage says of executions."""
        return Records(self.objects)

    @cached_property
    def redis(self) -> Redis:
        """The broker itself."""
        return Redis.from_url(self.addresses.info({}).broker_url, socket_timeout=5)

    @cached_property
    def board(self) -> Board:
        """What the broker says of exports."""
        return Board(self.redis)

    def names(self, kind: str = "") -> list[str]:
        """Name the parts of a kind, whether they run or not."""
        return [name for name in self._children if name.startswith(kind)]

    def start(self, *names: str) -> None:
        """Start parts, without waiting for them."""
        for name in names:
            running = Running(self._children[name], Log(self.data.logs / f"{name}.log"))
            self._running[name] = running
            self._guard.watch(running.pid)

    def pid(self, name: str) -> int:
        """Tell a part's process, which leads its process group."""
        return self._running[name].pid

    def alive(self, name: str) -> bool:
        """Tell whether a part runs."""
        return name in self._running and self._running[name].ended() is None

    def kill(self, name: str) -> None:
        """Kill a part and all of its processes (SIGKILL)."""
        running = self._running.pop(name)
        running.clear()
        self._guard.release(running.pid)

    def ask(self, name: str) -> None:
        """Ask a part to stop (SIGTERM)."""
        self._running[name].ask_to_stop()

    def stop(self, name: str) -> float:
        """Ask a part to stop and wait for it; return how long it took, in seconds."""
        began = time.monotonic()
        self.ask(name)
        running = self._running[name]
        while running.ended() is None and time.monotonic() - began < _STOP_WITHIN:
            time.sleep(0.02)
        took = time.monotonic() - began
        self.kill(name)
        return took

    @contextmanager
    def out_of_rotation(self, name: str) -> Iterator[None]:
        """Send no new connection to a gateway within the block; those that it has stay with it."""
        port = self.ports[self.names("gateway").index(name)] if name.startswith("gateway") else None
        if self.switch is None or port is None:
            yield
            return
        self.switch.resting.add(port)
        try:
            yield
        finally:
            self.switch.resting.discard(port)

    def freeze(self, name: str) -> None:
        """Stop a part as a hanging machine does (SIGSTOP): its ports stay open, and nobody answers."""
        signal_group(self.pid(name), signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let a frozen part go on."""
        signal_group(self.pid(name), signal.SIGCONT)

    def enlarge_storage(self, options: Sequence[str]) -> None:
        """Kill the storage and start it with more options."""
        self.kill("seaweedfs")
        child = self._children["seaweedfs"]
        self._children["seaweedfs"] = replace(child, argv=(*child.argv, *options))
        self.start("seaweedfs")
        self.await_servers()

    def children(self, name: str) -> list[int]:
        """Tell the processes that a part has started."""
        tasks = Path(f"/proc/{self.pid(name)}/task")
        return [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]

    def end(self) -> None:
        """Stop everything, the servers last."""
        clients = [name for name in self._running if name not in SERVERS]
        for name in clients:
            self.thaw(name)
            self.ask(name)
        for name in [*clients, *(name for name in SERVERS if name in self._running)]:
            self.thaw(name)
            self.stop(name)
        remove_sockets(self.addresses.seaweed)

    def await_servers(self) -> None:
        """Wait until broker and storage work."""
        checks = plan.checks(self.addresses, ())
        eventually(lambda: all(checks[name]() for name in SERVERS), "The servers do not answer", _READY_WITHIN)

    def await_ready(self) -> None:
        """Wait until every gateway is ready, and the workers and the sweeper that run have shown themselves."""
        for port in self.ports:
            eventually(lambda port=port: _ready(port), f"The gateway at {port} is not ready", _READY_WITHIN)  # type: ignore[misc] # a default that binds
        workers = [name for name in self.names("worker") if self.alive(name)]
        alive = self.board.heartbeats.alive
        eventually(
            lambda: alive("worker") + alive("small-worker") >= len(workers), "The workers are not ready", _READY_WITHIN
        )
        if self.alive("sweep"):
            eventually(lambda: alive("sweeper") > 0, "The sweeper is not ready", _READY_WITHIN)


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"{gateway_url(port)}/readyz", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


class DidNotHappen(Exception):
    """What an experiment waits for did not come; there is nothing more to measure."""


def eventually(holds: Callable[[], bool], what: str, within: float, every: float = 0.05) -> None:
    """Wait until something holds. Raises DidNotHappen."""
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            raise DidNotHappen(f"{what} within {within:.0f} s.")
        time.sleep(every)


@contextmanager
def running_rig(folder: Path, shape: Shape | None = None, *, leave_out: Sequence[str] = ()) -> Iterator[Rig]:
    """Start all parts but those that are left out, wait until they are ready, and end them with the block."""
    with ExitStack() as resources:
        guard = Guard()
        resources.callback(guard.close)
        rig = Rig(folder, shape or Shape(), guard)
        resources.callback(rig.end)
        resources.enter_context(_credentials(rig))
        for between in filter(None, (rig.switch, rig.line)):
            resources.enter_context(between)
        rig.start(*SERVERS)
        rig.await_servers()
        rig.start(*(name for name in rig.names() if name not in {*SERVERS, *leave_out}))
        rig.await_ready()
        yield rig


@contextmanager
def _credentials(rig: Rig) -> Iterator[None]:
    """Let this process reach the rig's storage by the usual AWS chain, as the parts do."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("AWS_")}
    secrets = rig.addresses.secrets
    os.environ |= {
        "AWS_ACCESS_KEY_ID": secrets.s3_access_key,
        "AWS_SECRET_ACCESS_KEY": secrets.s3_secret_key,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ |= kept
