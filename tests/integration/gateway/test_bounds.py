"""What may come, and how much of it: heads, trailers, compressed bodies, steps, values."""

from __future__ import annotations

import gzip
import json
import resource
import socket
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from isal import igzip

from producer.contract.jsonbounds import MAX_CONTAINERS, MAX_VALUES
from producer.incoming import Most
from producer.protocol import MAX_HEAD_BYTES, MAX_LINE_BYTES
from tests.integration.gateway.examples import NDJSON, STRUCTURED, completed, path_of, step, unique
from tests.integration.gateway.site import Site
from tests.integration.gateway.test_uploads import chunk, header_line, opened

pytestmark = pytest.mark.integration

BOMB = 300_000_000
"""Bytes that a bomb would have, decompressed."""


def raw(site: Site, *pieces: bytes) -> bytes:
    """Send bytes, and read until the connection is closed."""
    address = urlsplit(site.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except ConnectionError:
                break
        received = b""
        while True:
            try:
                data = connection.recv(65536)
            except ConnectionError:
                return received
            if not data:
                return received
            received += data


LONG_HEAD = [b"GET /healthz HTTP/1.1\r\nHost: x\r\n", *(b"x-%d: " % n + b"y" * 1000 + b"\r\n" for n in range(80))]


@pytest.mark.parametrize(
    ("pieces", "status", "name"),
    [
        ([b"GET /" + b"a" * (MAX_LINE_BYTES + 1)], 414, "uri-too-long"),
        ([b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"], 414, "uri-too-long"),
        (LONG_HEAD, 431, "request-header-fields-too-large"),
        ([b"".join(LONG_HEAD) + b"\r\n"], 431, "request-header-fields-too-large"),
        ([b"GET / HTTP/1.1\r\nx: " + b"y" * (MAX_HEAD_BYTES + 100)], 431, "request-header-fields-too-large"),
        ([b"GET / HTTP/1.1\r\n" + b"a" * (MAX_HEAD_BYTES + 100)], 431, "request-header-fields-too-large"),
    ],
    ids=["line without end", "long line", "many fields", "many at once", "value without end", "name without end"],
)
def test_a_long_head_is_answered_and_the_connection_closed(
    site: Site, pieces: list[bytes], status: int, name: str
) -> None:
    head, _, body = raw(site, *pieces).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"Connection: close" in head
    problem = json.loads(body)
    assert (problem["status"], problem["type"]) == (status, f"urn:runfolio:problem:{name}")
    assert site.client.get("/healthz").status_code == 200


def test_the_limits_are_exact(site: Site) -> None:
    longest = "/" + "a" * (MAX_LINE_BYTES - 1)
    assert site.client.get(longest).status_code == 404
    assert site.client.get(f"{longest}a").status_code == 414
    host = len("/healthz") + sum(len(name) + len(value) + 4 for name, value in site.client.headers.raw)
    room = MAX_HEAD_BYTES - host - len(f"host{urlsplit(site.url).netloc}") - 4 - len("x-long") - 4
    assert site.client.get("/healthz", headers={"x-long": "x" * room}).status_code == 200
    assert site.client.get("/healthz", headers={"x-long": "x" * (room + 1)}).status_code == 431


BESIDE = 800_000
"""Bytes: more than the limit and what a busy gateway finds waiting at once, which it counts from the next read on."""


@pytest.mark.parametrize(
    "beside",
    [
        b"0\r\n" + b"".join(b"t-%d: v\r\n" % n for n in range(BESIDE // 10)),
        b"5;" + b"x" * BESIDE,
        b"0\r\nt: " + b"v" * BESIDE,
    ],
    ids=["trailers", "extension", "trailer without end"],
)
def test_what_comes_beside_a_body_is_bounded(site: Site, beside: bytes) -> None:
    with opened(site, NDJSON) as connection:
        connection.sendall(chunk(header_line(unique("workflow"), unique())))
        try:
            for start in range(0, len(beside), 8192):
                connection.sendall(beside[start : start + 8192])
                time.sleep(0.002)
            left = connection.recv(100)
        except ConnectionError:
            left = b""
    assert not left.startswith(b"HTTP/1.1 2")


def test_trailers_are_no_headers(site: Site) -> None:
    """A field after the body must not take part in what a proxy in front has checked."""
    event = completed(export=[])
    body = json.dumps(event).encode()
    with opened(site, STRUCTURED) as connection:
        connection.sendall(chunk(body) + b"0\r\nContent-Type: text/plain\r\nX: y\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 202 ")
    assert site.client.get(path_of(event)).status_code == 200


def bomb(coding: str, line: bytes, size: int) -> Iterator[bytes]:
    """A compressed stream of the same line again and again, made as it is sent."""
    block = line * max(1, 1_000_000 // len(line))
    first = header_line(unique("workflow"), unique())
    if coding == "gzip":
        compress = zlib.compressobj(9, wbits=31)
        yield compress.compress(first)
        for _ in range(size // len(block)):
            yield compress.compress(block)
        yield compress.flush()
        return
    zstd = pytest.importorskip("backports.zstd")
    compressor = zstd.ZstdCompressor()
    yield compressor.compress(first)
    for _ in range(size // len(block)):
        yield compressor.compress(block)
    yield compressor.flush()


def peak() -> int:
    """The most memory that this process, which the gateway runs in, has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (b"\n", "blank lines"),
        (b" " * 999 + b"\n", "200 times its compressed size"),
        (b"x" * 1000, "16777216 bytes"),
        (json.dumps(step(output="x" * 8000)).encode() + b"\n", "200 times its compressed size"),
    ],
    ids=["newlines", "blanks", "one line", "steps"],
)
def test_a_bomb_costs_little(site: Site, coding: str, line: bytes, detail: str) -> None:
    sent = [piece for piece in bomb(coding, line, BOMB) if piece]
    assert sum(map(len, sent)) < 2_000_000
    before, began, worked = peak(), time.monotonic(), time.process_time()

    answer = site.client.post("/v1/events", content=iter(sent), headers={**NDJSON, "content-encoding": coding})

    assert (answer.status_code, answer.json()["type"]) == (413, "urn:runfolio:problem:too-large")
    assert detail in answer.json()["detail"]
    assert time.process_time() - worked < 10
    assert time.monotonic() - began < 60
    assert peak() - before < 150


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_bomb_of_one_json_text_costs_little(site: Site, coding: str) -> None:
    sent = [piece for piece in bomb(coding, b" " * 1000, BOMB) if piece]
    before = peak()

    answer = site.client.post("/v1/events", content=iter(sent), headers={**STRUCTURED, "content-encoding": coding})

    assert answer.status_code == 413
    assert "RUNFOLIO_MAX_EVENT_BYTES" in answer.json()["remedy"]
    assert peak() - before < 100


def test_what_compresses_well_is_taken_up_to_a_size(site: Site) -> None:
    """A small body may have any ratio: logs that repeat themselves are no attack."""
    event = completed(export=[], steps=[step("s", log="again\n" * 2_000_000)])
    body = igzip.compress(json.dumps(event).encode())
    assert len(body) * 200 < 12_000_000
    answer = site.client.post("/v1/events", content=body, headers={**STRUCTURED, "content-encoding": "gzip"})
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("kind", ["ndjson", "structured", "engine"])
def test_more_steps_than_the_limit_are_refused_by_its_name(site: Site, kind: str) -> None:
    gateway = site.app.state.gateway
    site.app.state.gateway = replace(gateway, intake=replace(gateway.intake, most=Most(steps=3)))
    try:
        enough, many = (sent(site, kind, count) for count in (3, 4))
    finally:
        site.app.state.gateway = gateway
    assert enough.status_code == 202, enough.text
    assert many.status_code == 413
    assert many.json()["field"] == "steps"
    assert "RUNFOLIO_MAX_STEPS" in many.json()["remedy"]


def sent(site: Site, kind: str, steps: int) -> httpx.Response:
    event = completed(export=[], steps=[step(f"s{n}") for n in range(steps)])
    if kind == "structured":
        return site.send(event)
    if kind == "engine":
        states = [{"id": str(n), "execution_id": "e", "name": f"s{n}", "status": "Succeeded"} for n in range(steps)]
        execution = {"execution_id": unique(), "workflow_id": "w", "name": "w", "overall_status": "Succeeded"}
        payload = {"execution": execution, "states": states}
        return site.client.post("/v1/engines/codemie/events", json=payload)
    data = event["data"]
    lines = [{name: value for name, value in data.items() if name != "steps"}, *data["steps"]]
    return site.client.post("/v1/events", content=b"\n".join(json.dumps(x).encode() for x in lines), headers=NDJSON)


@pytest.mark.parametrize("text", ["[]", '{"a":1}', "0", '{"a":' * 150 + "1" + "}" * 150])
@pytest.mark.parametrize("way", ["ndjson", "structured", "engine"])
def test_a_body_of_brackets_costs_little(site: Site, way: str, text: str) -> None:
    many = "[" + ",".join([text] * (16_000_000 // (len(text) + 1))) + "]"
    before, began = peak(), time.process_time()
    answer = posted(site, way, many)
    assert answer.status_code == 400, answer.text
    limits = (f"{MAX_CONTAINERS} arrays and objects", f"{MAX_VALUES} values")
    assert any(limit in answer.json()["detail"] for limit in limits)
    assert time.process_time() - began < 8
    assert peak() - before < 150


def posted(site: Site, way: str, output: str) -> httpx.Response:
    one: dict[str, Any] = completed(export=[], steps=[step(output="@")])
    if way == "structured":
        return site.client.post("/v1/events", content=json.dumps(one).replace('"@"', output), headers=STRUCTURED)
    if way == "engine":
        return site.client.post("/v1/engines/auto/events", content=output)
    line = json.dumps(one["data"]["steps"][0]).replace('"@"', output).encode()
    return site.client.post("/v1/events", content=header_line("w", unique()) + line, headers=NDJSON)


def test_a_gzip_of_many_members_is_read(site: Site) -> None:
    event = completed(export=[])
    body = b"".join(gzip.compress(bytes([byte])) for byte in json.dumps(event).encode())
    answer = site.client.post("/v1/events", content=body, headers={**STRUCTURED, "content-encoding": "gzip"})
    assert answer.status_code == 202, answer.text
