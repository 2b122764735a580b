"""A whole site to measure: servers, gateway, workers, sweeper and the floor's worker, and clients for both sides."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from redis.client import PubSub

from bench import floor
from bench.chaos.rig import Rig, Shape, running_rig
from bench.figures import Lab
from bench.workload import HEADERS
from producer.contract.board import EXPORTS_CHANNEL
from runfolio.embedded.plan import PARTS, WORKER

FLOOR: Final = "floor"
_PATIENCE: Final = 900.0


@contextmanager
def running_site(
    lab: Lab,
    *,
    workers: int = 1,
    processes: int = 2,
    with_floor: bool = True,
    divided: bool = False,
    distance: float = 0.0,
) -> Iterator[Rig]:
    """Start a site; the floor's worker has as many processes as the product's.

    One that is ``divided`` has workers for large exports beside those for small ones, as ``runfolio up`` does.
    ``distance`` is that of the storage: the seconds of a round trip.
    """
    settings = {
        "WORKER_PROCESSES": str(processes),
        "RATE_LIMIT": "1000000/m",
        "RATE_LIMIT_LINKS": "1000000/m",
        "LOG_LEVEL": "WARNING",
    }
    extra: dict[str, Sequence[str]] = {FLOOR: (sys.executable, "-m", "bench.floor")} if with_floor else {}
    if divided:
        extra["large-worker"] = PARTS["large-worker"]
    worker = PARTS["worker"] if divided else WORKER
    shape = Shape(workers=workers, settings=settings, extra=extra, worker=worker, distance=distance)
    with running_rig(lab.folder / "site", shape) as rig:
        yield rig


class Client:
    """One kept-alive connection to the gateway."""

    def __init__(self, url: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_PATIENCE)
        self._headers = {"Authorization": f"Bearer {token}"}

    def send(self, body: bytes | Iterable[bytes], headers: Mapping[str, str] = HEADERS) -> str:
        """Post an event and return the id of its export."""
        answer = self._ask("POST", "/v1/events", body, headers, 202)
        return str(answer["exports"][0]["id"])

    def ready(self, export_id: str) -> Any:
        """Wait by a held request until an export is ready, and return it."""
        export = self.get(f"/v1/exports/{export_id}?wait=60")
        if export["status"] != "ready":
            raise SystemExit(f"The export is {export['status']}: {export['error']}")
        return export

    def get(self, path: str) -> Any:
        """Ask for something."""
        return self._ask("GET", path, None, {}, 200)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(
        self, method: str, path: str, body: bytes | Iterable[bytes] | None, headers: Mapping[str, str], expected: int
    ) -> Any:
        chunked = body is not None and not isinstance(body, bytes)
        self._connection.request(method, path, body, {**self._headers, **headers}, encode_chunked=chunked)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != expected:
            raise SystemExit(f"{method} {path} was answered {answer.status}: {content[:500]!r}")
        return json.loads(content)


@contextmanager
def client_at(url: str, token: str) -> Iterator[Client]:
    """Open a connection to a gateway for the block."""
    with closing(Client(url, token)) as client:
        yield client


@contextmanager
def clients_of(rig: Rig, count: int) -> Iterator[list[Client]]:
    """Open connections for the block."""
    with ExitStack() as connections:
        yield [connections.enter_context(client_at(rig.url, rig.token)) for _ in range(count)]


@contextmanager
def listening(rig: Rig, channel: str) -> Iterator[PubSub]:
    """Subscribe to a channel of the broker for the block."""
    with rig.redis.pubsub(ignore_subscribe_messages=True) as subscription:  # type: ignore[no-untyped-call] # redis does not annotate it
        subscription.subscribe(channel)
        subscription.get_message(timeout=_PATIENCE)
        yield subscription


def heard(subscription: PubSub) -> Any:
    """Return the next message that is published."""
    while True:
        message = subscription.get_message(timeout=_PATIENCE)
        if message is not None:
            return json.loads(message["data"])


class Floor:
    """The floor's sender."""

    def __init__(self, rig: Rig) -> None:
        self._app = floor.make_floor(rig.addresses.info({}).broker_url)

    def delay(self, record: Mapping[str, Any]) -> None:
        """Send the task."""
        self._app.send_task(floor.TASK, kwargs={"record": record}, queue=floor.QUEUE, ignore_result=True)


PUBLISHED: Final = {"floor": floor.CHANNEL, "product": EXPORTS_CHANNEL}
"""Where each side publishes that an export is ready."""
