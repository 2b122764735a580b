"""What both clients make of a store that answers oddly: a server on loopback that gives one answer to everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Literal

import pytest

from producer.contract.errors import ObjectExists, ObjectNotFound, StorageUnavailable
from producer.contract.objects import ObjectStore
from producer.contract.objects.factory import ObjectsConfig, make_objects

ACCESS_KEY = "AKIDEXAMPLE"


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body.encode())

        do_GET = do_PUT = do_HEAD = do_POST = answer  # noqa: N815 # the base class dictates these names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base class dictates it
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def xml(code: str) -> str:
    return f"<Error><Code>{code}</Code><Message>Told by the store about {ACCESS_KEY}</Message></Error>"


def get(objects: ObjectStore) -> None:
    objects.get("key")


def create(objects: ObjectStore) -> None:
    objects.put_if("key", b"1", etag=None)


def replace(objects: ObjectStore) -> None:
    objects.put_if("key", b"1", etag='"old"')


@pytest.mark.parametrize("client", ["obstore", "boto3"])
@pytest.mark.parametrize(
    ("call", "status", "code", "error", "says"),
    [
        (get, 403, "InvalidAccessKeyId", StorageUnavailable, "does not accept the credentials"),
        (get, 403, "AccessDenied", StorageUnavailable, "forbids"),
        (get, 403, "RequestTimeTooSkewed", StorageUnavailable, "another time"),
        (get, 404, "NoSuchKey", ObjectNotFound, "no object 'key'"),
        (get, 404, "NoSuchBucket", StorageUnavailable, "no such bucket"),
        (get, 400, "Unheard", StorageUnavailable, "refused the request.*Unheard"),
        (get, 503, "SlowDown", StorageUnavailable, "overloaded"),
        (create, 412, "PreconditionFailed", ObjectExists, "'key'"),
        (create, 404, "NoSuchBucket", StorageUnavailable, "no such bucket"),
        (replace, 412, "PreconditionFailed", ObjectExists, "'key'"),
        (replace, 404, "NoSuchKey", ObjectExists, "'key'"),
    ],
)
def test_each_refusal_has_its_meaning(
    client: Literal["obstore", "boto3"],
    call: Callable[[ObjectStore], None],
    status: int,
    code: str,
    error: type[Exception],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with answering(status, xml(code)) as address:
        objects = make_objects(ObjectsConfig(client, "runfolio", "us-east-1", address))
        with pytest.raises(error, match=says) as raised:
            call(objects)
    told = f"{raised.value} {raised.value.__cause__}"
    assert "runfolio" in told
    assert ACCESS_KEY not in told
