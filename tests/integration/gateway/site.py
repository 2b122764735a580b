"""A gateway under its real server in a thread, over real storage and a real broker, and a worker in another."""

from __future__ import annotations

import os
import threading
import time
import uuid
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from redis import Redis

from producer.access.tokens import Scope, TokenFile
from producer.app import connect, make_app
from producer.asgi import Server
from producer.contract.objects import ObjectStore
from producer.contract.outbox import Outbox, Settled
from producer.contract.tasks import EXPORT_QUEUES, decode_message
from producer.settings import GatewaySettings
from tests.integration.gateway.examples import STRUCTURED
from tests.servers import HOST, S3Server, free_port_pairs
from worker.app import Parts
from worker.settings import WorkerSettings

CALLBACK_SECRET: Final = "whsec_" + "c2VjcmV0" * 5


class WorkerThread:
    """Makes exports as a worker process does: takes messages from the real queue, as long as it is not paused."""

    def __init__(self, settings: WorkerSettings) -> None:
        self.parts = Parts(settings)
        self._broker = Redis.from_url(settings.broker_url)
        self._go = threading.Event()
        self._go.set()
        self._idle = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._broker.close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave messages in the queue within the block."""
        self._idle.clear()
        self._go.clear()
        assert self._idle.wait(20), "It makes an export still."
        try:
            yield
        finally:
            self._go.set()

    def resume(self) -> None:
        """Go on, before the end of the block."""
        self._go.set()

    def _work(self) -> None:
        while not self._stop.is_set():
            if not self._go.is_set():
                self._idle.set()  # It waits for no message any more.
                self._go.wait(0.05)
                continue
            found: Any = self._broker.brpop(list(EXPORT_QUEUES), timeout=0.1)
            if found is not None:
                self.parts.pipeline.run(decode_message(read_arguments(found[1])))


def read_arguments(message: bytes) -> dict[str, Any]:
    """Read the keyword arguments out of a Celery message (protocol 2) as Redis holds it."""
    _, arguments, _ = msgspec.json.decode(b64decode(msgspec.json.decode(message)["body"]))
    assert isinstance(arguments, dict)
    return arguments


@dataclass
class Site:
    """A running gateway with its worker, and tokens for it."""

    url: str
    app: FastAPI
    server: Server
    worker: WorkerThread
    tokens: TokenFile
    token: str
    client: httpx.Client
    broker_url: str
    tokens_file: Path
    objects_url: str

    @property
    def objects(self) -> ObjectStore:
        """The storage, as the gateway reaches it."""
        objects: ObjectStore = self.app.state.gateway.objects
        return objects

    def with_token(self, scopes: str, workflows: str = "*") -> httpx.Client:
        """A client with a token of its own; the caller closes it."""
        name = f"test-{uuid.uuid4().hex}"
        token = self.tokens.create(name, [Scope(scope) for scope in scopes.split(",")], [workflows])
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def send(self, event: Mapping[str, Any], client: httpx.Client | None = None) -> httpx.Response:
        """Post an event in structured mode."""
        return (client or self.client).post("/v1/events", content=msgspec.json.encode(event), headers=STRUCTURED)

    def sent(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Post an event that is accepted with one export, and return the export."""
        answer = self.send(event)
        assert answer.status_code == 202, answer.text
        (export,) = answer.json()["exports"]
        assert isinstance(export, dict)
        return export

    def settled(self, export: Mapping[str, Any]) -> dict[str, Any]:
        """Wait for an export's end."""
        answer = self.client.get(f"/v1/exports/{export['id']}", params={"wait": 20})
        assert answer.status_code == 200, answer.text
        settled = answer.json()
        assert isinstance(settled, dict)
        return settled

    def facts(self, export_id: str) -> Settled:
        """Wait until an export's facts are written down, which a ready one's are a moment after everybody was told."""
        outbox: Outbox = self.app.state.gateway.exports.outbox
        eventually(lambda: outbox.settled(export_id) is not None)
        settled = outbox.settled(export_id)
        assert settled is not None
        return settled

    def ready(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Post an event and wait until its export is ready."""
        export = self.settled(self.sent(event))
        assert export["status"] == "ready", export
        return export


def told(listed: Mapping[str, Any]) -> dict[str, Any]:
    """An export as everybody is told of it: without what its readers alone see."""
    return {name: value for name, value in listed.items() if name not in {"requested_by", "downloads"}}


def eventually(holds: Callable[[], bool], within: float = 15.0) -> None:
    """Wait until something holds, and fail where it does not."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "It did not come true in time."
        time.sleep(0.02)


@contextmanager
def isolated_site(folder: Path, storage: S3Server, valkey_url: str, database: int, **chosen: Any) -> Iterator[Site]:
    """Run a site in a database of its own, with nothing of this machine's environment that could decide for it."""
    broker_url = f"{valkey_url.rpartition('/')[0]}/{database}"
    with pytest.MonkeyPatch.context() as environment:
        for name in os.environ:
            if name.startswith(("AWS_", "RUNFOLIO_")):
                environment.delenv(name)
        environment.setenv("AWS_ACCESS_KEY_ID", storage.access_key)
        environment.setenv("AWS_SECRET_ACCESS_KEY", storage.secret_key)
        with running_site(folder, storage, broker_url, **chosen) as running:
            yield running


@contextmanager
def running_site(folder: Path, storage: S3Server, broker_url: str, **chosen: Any) -> Iterator[Site]:
    """Run a gateway and a worker, with chosen settings, as long as the block lasts.

    AWS credentials must be in the environment. Unless chosen otherwise, authentication may fail as often as it likes:
    all tests come from one address.
    """
    (port,) = free_port_pairs(1)
    shared: dict[str, Any] = {
        "broker_url": broker_url,
        "s3_endpoint_url": storage.endpoint_url,
        "s3_bucket": storage.bucket,
        "public_url": f"http://{HOST}:{port}",
        "callback_secret": CALLBACK_SECRET,
        "callback_allow": HOST,
    }
    tokens = TokenFile(folder / "tokens.json")
    token = tokens.create("admin", list(Scope), ["*"])
    own: dict[str, Any] = {"rate_limit_failures": None, **chosen}
    settings = GatewaySettings(tokens_file=folder / "tokens.json", link_secret="l" * 32, **shared, **own)
    app = make_app(connect(settings))
    server = Server(app, HOST, port, settings.trusted_proxies)
    thread = threading.Thread(target=server.run)
    with WorkerThread(WorkerSettings(**shared, **chosen)) as worker:
        thread.start()
        try:
            eventually(lambda: server.started)
            # What the sweeper says once it has looked through storage, in which there is nothing yet that lists show.
            index = app.state.gateway.board.rebuild
            index.finish(index.start())
            with httpx.Client(
                base_url=settings.public_url, headers={"Authorization": f"Bearer {token}"}, timeout=70
            ) as client:
                yield Site(
                    settings.public_url,
                    app,
                    server,
                    worker,
                    tokens,
                    token,
                    client,
                    broker_url,
                    settings.tokens_file,
                    storage.endpoint_url,
                )
        finally:
            server.should_exit = True
            thread.join()
