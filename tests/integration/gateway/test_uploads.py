"""Bodies that are wrong early, end early or never end: read from the wire, as the server sees them."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from producer import protocol
from producer.access.entries import Scope
from producer.api import pace
from tests.integration.gateway.examples import NDJSON, STRUCTURED, completed, path_of, step, unique
from tests.integration.gateway.site import Site, eventually
from tests.servers import HOST

pytestmark = pytest.mark.integration

LARGE = 50 * 1024 * 1024


def header_line(workflow_id: str, execution_id: str) -> bytes:
    record = {"workflow": {"id": workflow_id}, "execution": {"id": execution_id, "status": "succeeded"}}
    return json.dumps(record).encode() + b"\n"


@pytest.fixture(name="wrong_file", scope="module")
def large_file_with_a_wrong_second_line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "wrong.ndjson"
    line = json.dumps(step("s", output="x" * 4000)).encode() + b"\n"
    with path.open("wb") as file:
        file.write(header_line("large", unique()) + b'{"name": 3}\n')
        for _ in range(LARGE // len(line)):
            file.write(line)
    return path


def curl(site: Site, *arguments: str, token: str | None = None) -> subprocess.CompletedProcess[str]:
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not on this machine")
    headers = {**NDJSON, **({"Authorization": f"Bearer {token}"} if token else {})}
    given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = [program, "-sS", "-w", "\n%{http_code}", *given, *arguments, f"{site.url}/v1/events"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 # the command is built above


WAYS = [
    ["--data-binary", "@{file}"],
    ["-H", "Expect:", "--data-binary", "@{file}"],
    ["-H", "Expect:", "-H", "Transfer-Encoding: chunked", "--data-binary", "@{file}"],
    ["-X", "POST", "-T", "{file}"],
    ["-H", "Expect:", "-H", "Connection: close", "--data-binary", "@{file}"],
]


@pytest.mark.parametrize("way", WAYS, ids=range(len(WAYS)))
def test_an_early_refusal_reaches_a_client_that_still_sends(site: Site, wrong_file: Path, way: list[str]) -> None:
    done = curl(site, *(part.format(file=wrong_file) for part in way), token=site.token)

    body, _, status = done.stdout.rpartition("\n")
    assert (done.returncode, status) == (0, "422"), done.stderr
    assert json.loads(body)["field"] == "steps[0].name"


@pytest.mark.parametrize("way", WAYS, ids=range(len(WAYS)))
def test_nobody_sends_a_large_body_without_a_token(site: Site, wrong_file: Path, way: list[str]) -> None:
    done = curl(site, *(part.format(file=wrong_file) for part in way))

    assert (done.returncode, done.stdout.rpartition("\n")[2]) == (0, "401"), done.stderr


def opened(site: Site, headers: dict[str, str], length: int | None = None, *, as_admin: bool = True) -> socket.socket:
    """Begin a request by hand, chunked unless a length is given, and with the token that may do everything."""
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    known = {"Authorization": f"Bearer {site.token}"} if as_admin else {}
    lines = [f"{name}: {value}" for name, value in {**headers, **known}.items()]
    connection = socket.create_connection((HOST, int(site.url.rpartition(":")[2])), timeout=20)
    connection.sendall("\r\n".join(["POST /v1/events HTTP/1.1", "Host: test", *lines, framing, "", ""]).encode())
    return connection


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.mark.parametrize("steps", [40, 400], ids=["small", "large"])
def test_a_client_that_goes_away_leaves_nothing(site: Site, steps: int) -> None:
    workflow_id, execution_id = unique("workflow"), unique("execution")
    slots = site.app.state.gateway.uploads
    line = json.dumps(step("s", output="x" * 2000)).encode() + b"\n"

    with opened(site, NDJSON) as connection:
        connection.sendall(chunk(header_line(workflow_id, execution_id)))
        for _ in range(steps):
            connection.sendall(chunk(line))
        eventually(lambda: slots.streaming > 0)
    eventually(lambda: slots.streaming == 0)

    assert site.client.get(f"/v1/workflows/{workflow_id}/executions/{execution_id}").status_code == 404
    assert [*site.objects.list(f"executions/{quote(workflow_id, safe='')}/")] == []


def test_a_silent_client_does_not_keep_its_place(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "IDLE", 0.3)

    with opened(site, STRUCTURED, length=100) as connection:
        answer = connection.recv(4096)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"No byte of the body came" in answer


def test_a_trickling_client_does_not_keep_its_place(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "IDLE", 0.6)

    with opened(site, NDJSON) as connection:
        connection.settimeout(0.1)
        answer = trickled(connection)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"less than 4096 bytes a second" in answer


def trickled(connection: socket.socket) -> bytes:
    """Send a byte now and then until there is an answer."""
    for _ in range(100):
        with suppress(ConnectionError):
            connection.sendall(chunk(b" "))
        with suppress(TimeoutError):
            return connection.recv(4096)
    return b""


def test_an_upload_ends_long_before_what_it_leaves_is_removed(site: Site) -> None:
    gateway = site.app.state.gateway
    settings = gateway.settings.model_copy(update={"orphan_ttl": timedelta(seconds=1)})
    site.app.state.gateway = replace(gateway, settings=settings)
    try:
        with opened(site, NDJSON) as connection:
            connection.settimeout(0.1)
            answer = trickled(connection)
    finally:
        site.app.state.gateway = gateway

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"longer than 0:00:00.5" in answer


def test_those_who_only_say_that_they_sign_stop_nobody(site: Site) -> None:
    """More than there are places: bodies that never end, of senders whom nobody can know yet."""
    site.tokens.create_webhook_secret(unique("engine"), [Scope.INGEST], ["*"])
    signed = {
        **NDJSON,
        "webhook-id": "x",
        "webhook-timestamp": str(int(time.time())),
        "webhook-signature": f"v1,{b64encode(bytes(32)).decode()}",
    }
    slots = site.app.state.gateway.uploads
    line = chunk(
        header_line(unique("workflow"), unique()) + json.dumps(step("s", output="x" * 70_000)).encode() + b"\n"
    )
    with ExitStack() as connections:
        for _ in range(60):
            connection = connections.enter_context(opened(site, signed, as_admin=False))
            connection.sendall(line)
        eventually(lambda: slots.streaming == site.app.state.gateway.settings.max_uploads_per_sender)

        for size in (1, 50_000):
            took = []
            for _ in range(3):  # The quickest counts: what else the machine does can only add to it.
                began = time.monotonic()
                event = completed(steps=[step("s", output="x" * size), step("t", output="y" * size)])
                assert site.send(event).status_code == 202
                took.append(time.monotonic() - began)
            assert min(took) < 2
        assert signed_small(site) == 202
    eventually(lambda: slots.streaming == 0)


def signed_small(site: Site) -> int:
    """Send a small event with a signature that matches, and return the status."""
    secret = site.tokens.create_webhook_secret(unique("engine"), [Scope.INGEST], ["*"])
    body = json.dumps(completed()).encode()
    sent_at = datetime.now(UTC)
    signature = Webhook(secret).sign("small", sent_at, body.decode())
    headers = {
        "webhook-id": "small",
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": signature,
    }
    return httpx.post(f"{site.url}/v1/events", content=body, headers={**STRUCTURED, **headers}, timeout=5).status_code


def test_a_head_that_never_ends_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_WITHIN", 0.5)
    address = urlsplit(site.url)
    began = time.monotonic()
    for beginning, answer in ((b"", b""), (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"HTTP/1.1 408 ")):
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(beginning)
            assert connection.recv(13) == answer
    assert 1 <= time.monotonic() - began < 5


def test_a_later_request_of_a_connection_has_its_own_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_WITHIN", 0.5)
    whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    address = urlsplit(site.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        for _ in range(2):
            connection.sendall(whole)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
            time.sleep(0.8)
        connection.sendall(whole[:20])
        assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")
        assert connection.recv(100) == b""


def test_a_slow_body_is_taken_in_piece_by_piece(site: Site) -> None:
    workflow_id, execution_id = unique("workflow"), unique("execution")

    with opened(site, {**NDJSON, "Connection": "close"}) as connection:
        for byte in header_line(workflow_id, execution_id) + json.dumps(step()).encode():
            connection.sendall(chunk(bytes([byte])))
        connection.sendall(b"0\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 202 "), answer


def test_other_requests_are_answered_while_a_large_body_is_taken_in(site: Site) -> None:
    line = json.dumps(step("s", output="x" * 100)).encode() + b"\n"
    latencies: list[float] = []

    def body() -> Iterator[bytes]:
        yield header_line(unique("workflow"), unique("execution"))
        for number in range(100):
            yield line * 500
            if number % 10 == 0:
                began = time.perf_counter()
                assert site.client.get("/healthz").status_code == 200
                latencies.append(time.perf_counter() - began)

    with site.with_token("ingest") as sender:
        answer = sender.post("/v1/events", content=body(), headers=NDJSON)

    assert answer.status_code == 202, answer.text
    assert sorted(latencies)[len(latencies) // 2] < 0.25


def test_a_connection_is_kept_for_the_next_request(site: Site) -> None:
    event = completed()
    body = json.dumps(event).encode()
    with opened(site, STRUCTURED, length=len(body)) as connection:
        connection.sendall(body)
        first = connection.recv(65536)
        connection.sendall(
            f"GET {path_of(event)} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {site.token}\r\n\r\n".encode()
        )
        second = connection.recv(65536)

    assert first.startswith(b"HTTP/1.1 202 ")
    assert second.startswith(b"HTTP/1.1 200 ")


def write_on(connection: socket.socket) -> None:
    for _ in range(1_000):
        connection.sendall(b"x" * 16_384)
        time.sleep(0.001)


def test_a_head_without_end_is_cut_off(site: Site) -> None:
    address = urlsplit(site.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ")
        with pytest.raises(ConnectionError):
            write_on(connection)


def test_a_long_head_within_the_limit_is_read(site: Site) -> None:
    assert site.client.get("/healthz", headers={"x-long": "x" * 30_000}).status_code == 200
