"""A server on the loopback interface that takes the place of a gateway and of an engine's API."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Answer(NamedTuple):
    status: int
    body: Any = b""
    headers: tuple[tuple[str, str], ...] = ()


class Posted(NamedTuple):
    """An event as the gateway was sent it."""

    path: str
    token: str | None
    event: Any


class Peer:
    """What was posted to ``/v1/engines``; ``api`` answers everything else, ``refusals`` come before the events."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.posted: list[Posted] = []
        self.asked: list[tuple[str, str | None]] = []
        self.refusals: list[Answer] = []
        self.api: Callable[[str, str], Answer] = lambda _, __: Answer(404)
        self.came = threading.Event()

    def event(self, within: float = 30) -> Any:
        assert self.came.wait(within), "no event came"
        [posted] = self.posted
        return posted.event


@contextmanager
def peer() -> Iterator[Peer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    found = Peer(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = type("Handler", (_Handler,), {"peer": found})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    peer: Peer

    def do_GET(self) -> None:
        self._answer(self._asked("GET"))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.path.startswith("/v1/engines/"):
            self._answer(self._asked("POST"))
            return
        if self.peer.refusals:
            self._answer(self.peer.refusals.pop(0))
            return
        text = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        self._answer(Answer(202, {"exports": []}))
        self.peer.posted.append(Posted(self.path, self.headers.get("Authorization"), json.loads(text)))
        self.peer.came.set()

    def _asked(self, method: str) -> Answer:
        self.peer.asked.append((self.path, self.headers.get("Authorization")))
        return self.peer.api(method, self.path)

    def _answer(self, answer: Answer) -> None:
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # as the base class has it
        """Say nothing."""
