"""Stand-ins for the servers that Runfolio stands on, exact where code could lean on the difference."""

from __future__ import annotations

import hashlib
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import quote

from producer.contract.errors import ObjectExists, ObjectNotFound, StorageUnavailable
from producer.contract.objects import NO_METADATA, Content, StoredObject, Upload

_PIECE: Final = 64 * 1024


class _Object(NamedTuple):
    data: bytes
    etag: str
    modified_at: datetime
    content_type: str
    content_disposition: str | None
    metadata: Mapping[str, str] = NO_METADATA


class MemoryObjects:
    """An ObjectStore in memory.

    As in S3, an ETag follows from the content, keys are ordered by their UTF-8 bytes, and a listing is a snapshot of
    names. ``down`` makes every call fail as a store does that does not answer. ``before_put_if`` is called with the key
    ahead of each conditional write: tests use it to let somebody else write first.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.down = False
        self.before_put_if: Callable[[str], None] = lambda _: None
        self._now = now
        self._lock = Lock()
        self._objects: dict[str, _Object] = {}
        self.under_way: list[Upload] = []

    def get(self, key: str) -> Content:
        found = self._find(key)
        return Content(found.data, found.etag)

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        return self._pieces(key, self._find(key), start, end)

    def head(self, key: str) -> StoredObject:
        found = self._find(key)
        return StoredObject(key, len(found.data), found.modified_at, found.etag)

    def put(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        content_disposition: str | None = None,
    ) -> None:
        self.check()
        with self._lock:
            self._objects[key] = self._made(data, content_type, content_disposition)

    def put_if(
        self,
        key: str,
        data: bytes,
        *,
        etag: str | None,
        content_type: str = "application/json",
        content_disposition: str | None = None,
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> None:
        self.check()
        self.before_put_if(key)
        with self._lock:
            found = self._objects.get(key)
            if (found.etag if found else None) != etag:
                raise ObjectExists(f"'{key}' is not at the version that was expected.")
            self._objects[key] = self._made(data, content_type, content_disposition)._replace(metadata=dict(metadata))

    def metadata(self, key: str) -> Mapping[str, str]:
        return self._find(key).metadata

    def put_stream(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        content_type: str = "application/octet-stream",
        content_disposition: str | None = None,
    ) -> None:
        self.check()
        self.put(key, b"".join(chunks), content_type=content_type, content_disposition=content_disposition)

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        self.check()
        with self._lock:
            found = [(key, stored) for key, stored in self._objects.items() if key.startswith(prefix)]
        for key, stored in sorted(found, key=lambda item: item[0].encode()):
            if after is None or key.encode() > after.encode():
                yield StoredObject(key, len(stored.data), stored.modified_at, stored.etag)

    def delete(self, keys: Iterable[str]) -> None:
        self.check()
        doomed = tuple(keys)  # They may come from a listing, which takes the lock itself.
        with self._lock:
            for key in doomed:
                self._objects.pop(key, None)

    def uploads(self, prefix: str) -> Iterator[Upload]:
        self.check()
        yield from [upload for upload in self.under_way if upload.key.startswith(prefix)]

    def abort(self, upload: Upload) -> None:
        self.check()
        self.under_way.remove(upload)

    def sign(self, key: str, expires_in: timedelta) -> str:
        return f"memory://bucket/{quote(key)}?expires_in={expires_in.total_seconds():.0f}"

    def ensure_bucket(self) -> None:
        self.check()

    def check(self) -> None:
        if self.down:
            raise StorageUnavailable("The store in memory is switched off.", remedy="Set down to False.")

    def keys(self) -> tuple[str, ...]:
        """Return every key, in order."""
        return tuple(stored.key for stored in self.list(""))

    def headers(self, key: str) -> tuple[str, str | None]:
        """Return Content-Type and Content-Disposition, as a download would carry them."""
        found = self._find(key)
        return found.content_type, found.content_disposition

    def _pieces(self, key: str, found: _Object, start: int, end: int | None) -> Iterator[bytes]:
        data = found.data[start:end]
        for offset in range(0, len(data), _PIECE):
            if self._find(key).etag != found.etag:
                raise StorageUnavailable(f"'{key}' was replaced while it was read.", remedy="Read it again.")
            yield data[offset : offset + _PIECE]

    def _find(self, key: str) -> _Object:
        self.check()
        with self._lock:
            found = self._objects.get(key)
        if found is None:
            raise ObjectNotFound(f"There is no object '{key}'.")
        return found

    def _made(self, data: bytes, content_type: str, content_disposition: str | None) -> _Object:
        etag = f'"{hashlib.sha256(data).hexdigest()}"'
        return _Object(bytes(data), etag, self._now(), content_type, content_disposition)


class Received(NamedTuple):
    """A request that a Receiver got; header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"


@dataclass(frozen=True)
class Reply:
    """What a Receiver answers: after ``delay`` seconds, and the body a byte at a time with ``pause`` between them."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0
    pause: float = 0


class Receiver:
    """A receiver of callbacks: a real HTTP server on loopback that answers by a script and keeps what it got.

    The last reply of the script is given to all later requests. It runs as a context manager; with ``tls`` it speaks
    HTTPS.
    """

    def __init__(self, *replies: Reply, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self._replies = list(replies) or [Reply()]
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._server.daemon_threads = True
        self._server.handle_error = _ignore_error  # type: ignore[method-assign] # clients that hang up are expected here
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.port = self._server.server_port

    def url(self, path: str = "/hook", *, scheme: str = "http", host: str = "127.0.0.1") -> str:
        """Return an address at which this receiver is reached."""
        return f"{scheme}://{host}:{self.port}{path}"

    def answer(self, request: Received) -> Reply:
        """Keep a request and return the next reply of the script."""
        self.received.append(request)
        return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _ignore_error(request: Any, client_address: Any) -> None:
    """Say nothing about a connection that the client closed early."""


def _handler_for(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self._serve("POST", int(self.headers["Content-Length"]))

        def do_GET(self) -> None:
            self._serve("GET", 0)

        def _serve(self, method: str, length: int) -> None:
            body = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = receiver.answer(Received(self.path, headers, body, method))
            time.sleep(reply.delay)
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            for position in range(len(reply.body)) if reply.pause else ():
                self.wfile.write(reply.body[position : position + 1])
                time.sleep(reply.pause)
            if not reply.pause:
                self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            """Keep standard error for failures."""

    return Handler
