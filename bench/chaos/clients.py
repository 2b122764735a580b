"""Clients that are slow, broken, or very many, while ordinary ones want their answers."""

from __future__ import annotations

import socket
import struct
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from bench.chaos.evidence import await_settled, lost
from bench.chaos.load import NDJSON, STRUCTURED, Load, event, require_all
from bench.chaos.outcome import Findings, Lab, Outcome
from bench.chaos.readers import Readers
from bench.chaos.rig import DidNotHappen, Rig, Shape, eventually, running_rig
from runfolio.embedded.ports import LOOPBACK

SLOW_UPLOADS: Final = 60
SLOW_HEADS: Final = 60
STREAMS: Final = 500
FAST: Final = 1.0
"""Seconds in which an ordinary question must be answered all the time, in the median a tenth of it; five times as many
where the experiment shares the machine with whatever else CI does."""

_BEGUN: Final = 100 * 1024
"""Bytes that a slow upload sends at once, enough for it to claim one of the few places for streams."""


def run(lab: Lab) -> Outcome:
    """Open slow uploads, slow heads and event streams, break half of them, and time what others are answered."""
    ordinary = lab.size(100, 40)
    findings = Findings()
    with running_rig(lab.folder, Shape(workers=1)) as rig, ExitStack() as connections:
        rig.freeze("worker-1")
        waiting = _accepted(rig)
        slow = [connections.enter_context(_slow_upload(rig)) for _ in range(SLOW_UPLOADS)]
        slow += [connections.enter_context(_slow_small(rig)) for _ in range(SLOW_UPLOADS)]
        slow += [connections.enter_context(_slow_head(rig)) for _ in range(SLOW_HEADS)]
        streams = [connections.enter_context(_stream(rig, waiting)) for _ in range(STREAMS)]
        began = _first_words(streams)
        load = Load(rig, lambda number: event(number, steps=20, size=6_000), senders=2, pause=0.1)
        with Readers(rig, 2) as readers, _trickling(slow), load.sending(range(1, ordinary + 1)):
            time.sleep(1)
            for stream in streams[: STREAMS // 2]:
                _break(stream)
        require_all(load, ordinary)
        rig.thaw("worker-1")
        await_settled(rig, within=200)
        told = sum(b"event: ready" in _rest(stream) for stream in streams[STREAMS // 2 :])
        vanished = _vanish(rig, lab.size(50, 20))
        findings.add(lost(rig, [*load.export_ids, waiting]))
        connections.close()
        eventually(lambda: _connections(rig) < 10, "The gateway keeps connections of clients that left", 30)
    findings.expect(began == STREAMS, f"Only {began} of {STREAMS} streams began.")
    findings.expect(told == STREAMS - STREAMS // 2, f"Only {told} streams were told of the end.")
    findings.expect(not readers.failed, f"Ordinary questions were answered {readers.failed}.")
    findings.expect(not readers.moved, f"{readers.moved} ordinary connections broke.")
    findings.expect(not load.refusals, f"Ordinary events were refused: {load.statuses}.")
    fast = FAST * lab.size(1, 5)
    findings.expect(readers.slowest < fast, f"An ordinary question took {readers.slowest:.2f} s.")
    findings.expect(readers.typical < fast / 10, f"Ordinary questions took {readers.typical:.2f} s in the median.")
    return Outcome(
        "clients",
        f"{2 * SLOW_UPLOADS} slow uploads that only say that they sign, {SLOW_HEADS} slow heads, {STREAMS} event "
        f"streams of which half break off, and {vanished} downloads that break off",
        (
            f"{readers.answered} ordinary questions meanwhile: median {readers.typical * 1000:.0f} ms, "
            f"{readers.slowest * 1000:.0f} ms at most",
            f"{ordinary} events of 120 KB accepted meanwhile, {max(load.seconds) * 1000:.0f} ms at most",
            f"{told} streams told of the end",
        ),
        findings.broken,
    )


def _accepted(rig: Rig) -> str:
    with rig.client() as client:
        answer = client.post("/v1/events", content=event(0), headers=STRUCTURED)
        export: str = answer.json()["exports"][0]["id"]
        return export


def _open(rig: Rig, head: Sequence[str], body: bytes = b"") -> socket.socket:
    connection = socket.create_connection((LOOPBACK, rig.port), timeout=20)
    connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
    return connection


def _signed() -> list[str]:
    """Return the headers of somebody who says that he signs; whether it is true shows at the body's end."""
    signature = b64encode(bytes(32)).decode()
    return ["webhook-id: x", f"webhook-timestamp: {int(time.time())}", f"webhook-signature: v1,{signature}"]


def _slow_upload(rig: Rig) -> socket.socket:
    head = [*(f"{name}: {value}" for name, value in NDJSON.items()), *_signed()]
    first = b'{"workflow": {"id": "slow"}, "execution": {"id": "slow", "status": "succeeded"}}\n' + b" " * _BEGUN
    framed = b"%x\r\n%s\r\n" % (len(first), first)
    return _open(rig, ["POST /v1/events HTTP/1.1", "Host: x", *head, "Transfer-Encoding: chunked"], framed)


def _slow_small(rig: Rig) -> socket.socket:
    head = [*(f"{name}: {value}" for name, value in STRUCTURED.items()), *_signed()]
    return _open(rig, ["POST /v1/events HTTP/1.1", "Host: x", *head, "Content-Length: 5000"], b"{")


def _slow_head(rig: Rig) -> socket.socket:
    connection = socket.create_connection((LOOPBACK, rig.port), timeout=20)
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    return connection


def _stream(rig: Rig, export_id: str) -> socket.socket:
    authorization = f"Authorization: {rig.headers['Authorization']}"
    return _open(rig, [f"GET /v1/exports/{export_id}/events HTTP/1.1", "Host: x", authorization])


def _first_words(streams: Sequence[socket.socket]) -> int:
    """Wait for the first event of each stream; return how many have one."""
    return sum(_reads_until(stream, b"event: queued") for stream in streams)


def _reads_until(stream: socket.socket, words: bytes) -> bool:
    heard = b""
    with suppress(OSError):
        while words not in heard:
            piece = stream.recv(4096)
            if not piece:
                return False
            heard += piece
    return words in heard


def _rest(stream: socket.socket) -> bytes:
    heard = b""
    with suppress(OSError):
        while piece := stream.recv(4096):
            heard += piece
            if heard.endswith(b"0\r\n\r\n"):
                break
    return heard


def _break(connection: socket.socket) -> None:
    """End a connection without a word of farewell (RST)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextmanager
def _trickling(connections: Sequence[socket.socket]) -> Iterator[None]:
    """Send a byte on each of the slow connections now and then, within the block."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(1):
            for connection in connections:
                with suppress(OSError):
                    connection.sendall(b" ")

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _vanish(rig: Rig, count: int) -> int:
    """Follow download links and break off at once, before and after the answer."""
    with rig.client() as client:
        link = client.get("/v1/exports?limit=1").json()["items"][0]["download_url"]
    path = link.removeprefix(rig.url)
    for number in range(count):
        connection = _open(rig, [f"GET {path} HTTP/1.1", "Host: x"])
        if number % 2 and not connection.recv(10):
            raise DidNotHappen("A download link was not answered.")
        _break(connection)
    return count


def _connections(rig: Rig) -> int:
    """Count the connections that the gateway has not ended: established ones, and those that only the client has."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(local.endswith(f":{rig.port:04X}") and state in {"01", "08"} for _, local, _, state, *_ in rows)
