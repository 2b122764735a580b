"""Every listener of the servers, found in the system and not in our settings, refuses an anonymous client."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from runfolio.embedded import Stack
from runfolio.embedded.seaweedfs import weed_binary
from tests.integration.embedded_stack import s3_client, start

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="finds listeners through /proc"),
]

MARKER: Final = b"for-the-owner-only"
KEY: Final = "secret/object.txt"
HTTP2_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
_WITHIN: Final = 3.0


class Secured(NamedTuple):
    """A stack that holds one object, and the object's address inside SeaweedFS."""

    stack: Stack
    file_id: str


class Listener(NamedTuple):
    """Where a process listens: a TCP port of this machine, or a Unix socket."""

    address: tuple[str, int] | str

    def connect(self) -> socket.socket:
        family = socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(_WITHIN)
        connection.connect(self.address)
        return connection


@pytest.fixture(name="secured", scope="module")
def secured_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with start(tmp_path_factory.mktemp("access") / "data") as stack:
        s3_client(stack).put_object(Bucket="runfolio", Key=KEY, Body=MARKER * 100)
        told = weed_shell(stack, stack.data.s3, f"fs.meta.cat /buckets/runfolio/{KEY}")
        found = re.search(rb'"fileId":\s+"([^"]+)"', told)
        assert found, told
        yield Secured(stack, found[1].decode())


def weed_shell(stack: Stack, folder: Path, command: str) -> bytes:
    """Run SeaweedFS's own client, by gRPC, with the security configuration of a folder, if it has one."""
    seaweed = stack._addresses.seaweed  # noqa: SLF001 # the test stands in for somebody who has found the ports
    addresses = [
        f"-{name}=127.0.0.1:{pair.http}.{pair.grpc}"
        for name, pair in (("master", seaweed.master), ("filer", seaweed.filer))
    ]
    try:
        return subprocess.run(  # noqa: S603 # the program of our own wheel
            [str(weed_binary()), "shell", *addresses],
            input=f"{command}\n".encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={"HOME": str(folder)},
            timeout=10,
            check=False,
        ).stdout
    except subprocess.TimeoutExpired as hanging:
        return hanging.stdout or b""


def tcp_listeners(pid: int) -> list[Listener]:
    inodes = socket_inodes(pid)
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                host, port = fields[1].split(":")
                assert host == "0100007F", f"{line} does not listen on 127.0.0.1 alone"
                found.append(Listener(("127.0.0.1", int(port, 16))))
    return found


def unix_listeners(pid: int, folder: Path) -> list[Listener]:
    inodes = socket_inodes(pid)
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    return [
        Listener(str(folder / line[7]))
        for line in lines
        if len(line) > 7 and line[6] in inodes and line[3] == "00010000"
    ]


def socket_inodes(pid: int) -> set[str]:
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def client_context(certificate: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate / "node.crt", certificate / "node.key")
    return context


def ask(listener: Listener, request: bytes, context: ssl.SSLContext | None = None, enough: int = 1 << 20) -> bytes:
    """Send bytes, in TLS where there is a context; return what comes until it is enough or the connection ends."""
    received = b""
    try:
        plain = listener.connect()
        with plain, context.wrap_socket(plain) if context else plain as connection:
            connection.sendall(request)
            while len(received) < enough and (piece := connection.recv(65536)):
                received += piece
    except (ssl.SSLError, ConnectionError, TimeoutError):
        return received
    return received


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()


def paths(file_id: str) -> list[str]:
    volume = file_id.split(",", maxsplit=1)[0]
    return [
        "/",
        f"/runfolio/{KEY}",
        "/runfolio?list-type=2",
        f"/buckets/runfolio/{KEY}",
        f"/{file_id}",
        f"/{file_id.replace(',', '/')}",
        f"/dir/lookup?volumeId={volume}&fileId={file_id}&read=yes",
        f"/dir/assign?collection=runfolio&fid={file_id}",
        "/dir/status",
        "/vol/status",
        "/status",
        "/cluster/status",
        "/ui/index.html",
        "/metrics",
        "/api/files/list",
    ]


def speaks_http2(listener: Listener, context: ssl.SSLContext | None = None) -> bool:
    """Whether the answer begins with a SETTINGS frame, as a server's must (RFC 9113 section 3.4)."""
    answer = ask(listener, HTTP2_PREFACE, context, enough=9)
    return len(answer) >= 9 and answer[3] == 4 and struct.unpack(">I", b"\0" + answer[:3])[0] < 1024


def test_only_s3_answers_a_client_without_a_certificate(secured: Secured) -> None:
    listeners = tcp_listeners(secured.stack.info.pids["seaweedfs"])
    open_ones = set()
    for listener in listeners:
        for context in (None, client_context()):
            answers = [ask(listener, get(path), context) for path in paths(secured.file_id)]
            assert not any(MARKER in answer for answer in answers), listener
            # Go's TLS servers tell a client that speaks plain HTTP so, with a 400 that holds nothing else.
            if speaks_http2(listener, context) or any(
                answer and not answer.startswith(b"HTTP/1.0 400") for answer in answers
            ):
                open_ones.add(f"http://127.0.0.1:{listener.address[1]}")
    assert len(listeners) == 10
    assert open_ones == {secured.stack.info.s3_endpoint_url}


def test_with_the_certificate_the_same_questions_are_answered(secured: Secured) -> None:
    """Otherwise the refusals above could be no more than a question put wrongly."""
    stack = secured.stack
    seaweed = stack._addresses.seaweed  # noqa: SLF001 # which port is whose is nobody else's business
    context = client_context(stack.data.tls)
    answer = ask(Listener(("127.0.0.1", seaweed.volume.http)), get(f"/{secured.file_id}"), context)
    assert MARKER in answer
    context.set_alpn_protocols(["h2"])
    for pair in seaweed:
        assert speaks_http2(Listener(("127.0.0.1", pair.grpc)), context), pair


def test_s3_refuses_what_is_not_signed_or_signed_with_other_credentials(secured: Secured) -> None:
    listener = Listener(("127.0.0.1", int(secured.stack.info.s3_endpoint_url.rpartition(":")[2])))
    stranger = s3_client(secured.stack)
    stranger._request_signer._credentials.secret_key = "wrong"  # noqa: SLF001 # a client that knows all but the secret
    forged = stranger.generate_presigned_url("get_object", Params={"Bucket": "runfolio", "Key": KEY})
    for path in (f"/runfolio/{KEY}", "/runfolio?list-type=2", "/", f"/buckets/{KEY}", "/" + forged.split("/", 3)[3]):
        answer = ask(listener, get(path))
        assert answer.startswith(b"HTTP/1.1 403"), (path, answer)
        assert MARKER not in answer


def test_unix_sockets_are_the_owners_alone_and_refuse_as_well(secured: Secured) -> None:
    listeners = unix_listeners(secured.stack.info.pids["seaweedfs"], secured.stack.data.s3)
    names = {Path(str(listener.address)).name for listener in listeners}
    assert {"filer.sock", "s3.sock"} < names
    for listener in listeners:
        assert Path(str(listener.address)).stat().st_mode & 0o077 == 0
        for path in paths(secured.file_id):
            answers = [ask(listener, get(path)), ask(listener, get(path), client_context())]
            assert not any(MARKER in answer for answer in answers), (listener, path)
        outside = not str(listener.address).startswith(str(secured.stack.data.path))
        assert not (outside and speaks_http2(listener)), listener


def test_the_grpc_client_of_seaweedfs_reads_nothing_without_the_certificate(secured: Secured, tmp_path: Path) -> None:
    command = f"fs.cat /buckets/runfolio/{KEY}"
    assert MARKER in weed_shell(secured.stack, secured.stack.data.s3, command)
    assert MARKER not in weed_shell(secured.stack, tmp_path, command)


def test_valkey_answers_nothing_without_the_password(secured: Secured) -> None:
    (listener,) = tcp_listeners(secured.stack.info.pids["valkey"])
    assert unix_listeners(secured.stack.info.pids["valkey"], secured.stack.data.valkey) == []
    answer = ask(listener, b"GET key\r\nKEYS *\r\nQUIT\r\n")
    assert answer.count(b"-NOAUTH") == 2


def test_no_secret_is_on_a_command_line(secured: Secured) -> None:
    secrets = secured.stack.data.secrets_file.read_text().split('"')[3::4]
    assert len(secrets) == 5
    for pid in secured.stack.info.pids.values():
        line = Path(f"/proc/{pid}/cmdline").read_text()
        assert not any(secret in line for secret in secrets)
