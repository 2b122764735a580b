from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from socket import create_server, socket
from threading import Thread
from typing import Any

import httpcore
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from producer.contract import jsontext
from producer.contract.callbacks import AllowList, CallbackEntry
from producer.contract.errors import InvalidSetting, Unavailable
from producer.contract.export import Archive, ExecutionRef, Export, Options, Progress, State, WorkflowRef
from producer.contract.problem import problem_of
from tests.fakes import Receiver, Reply
from worker.callbacks import Outcome, Sender, Verdict
from worker.callbacks.sender import judge
from worker.callbacks.transport import Answer, Limits

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
QUICK = Limits(connect=1.0, total=1.0)
EXPORT = Export(
    id="0123456789abcdef0123456789abcdef",
    status=State.READY,
    workflow=WorkflowRef("n8n:7", "virtual assistant"),
    execution=ExecutionRef("4540c83c", "succeeded"),
    options=Options(),
    progress=Progress(3, 3),
    archive=Archive("virtual assistant.zip", 1234, "0" * 64, 3),
    download_url="https://runfolio.example/d/token",
    expires_at=NOW + timedelta(days=7),
    error=None,
    created_at=NOW - timedelta(seconds=2),
    ready_at=NOW,
)
FAILED = jsontext.convert(
    jsontext.decode(jsontext.encode(EXPORT))
    | {"status": "failed", "archive": None, "ready_at": None}
    | {"error": jsontext.decode(jsontext.encode(problem_of(Unavailable("The storage was full."))))},
    Export,
)


@cache
def public_authorities() -> ssl.SSLContext:
    """Return the context that a Sender makes by itself, which takes a while."""
    return Sender(SECRET, "https://runfolio.example").tls


def sender(allow: str = "127.0.0.1", limits: Limits = QUICK, **changes: object) -> Sender:
    changes = {"tls": public_authorities(), **changes}
    return Sender(SECRET, "https://runfolio.example", AllowList(allow), limits=limits, **changes)  # type: ignore[arg-type] # each test knows the field that it sets


def entry(url: str) -> CallbackEntry:
    return CallbackEntry(EXPORT.id, 0, url, created_at=NOW, next_attempt_at=NOW)


def deliver(url: str, export: Export = EXPORT, now: datetime = NOW, **changes: object) -> Outcome:
    return sender(**changes).deliver(entry(url), export, NOW, now)  # type: ignore[arg-type] # as above


def test_a_receiver_gets_a_structured_cloudevent() -> None:
    with Receiver() as receiver:
        outcome = deliver(receiver.url("/hook?x=%20y"))
        assert outcome == Outcome(Verdict.DELIVERED, "The receiver has taken it.", 204)
        (request,) = receiver.received
    assert request.path == "/hook?x=%20y"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    event = JSONFormat().read(CloudEvent, request.body)
    assert event.get_specversion() == "1.0"
    assert event.get_type() == "runfolio.export.ready.v1"
    assert event.get_source() == "https://runfolio.example"
    assert event.get_subject() == EXPORT.id
    assert event.get_id() == request.headers["webhook-id"] == entry(receiver.url("/hook?x=%20y")).message_id
    assert event.get_time() == NOW
    assert event.get_datacontenttype() == "application/json"
    assert event.get_data() == jsontext.decode(jsontext.encode(EXPORT))


def test_a_failed_export_is_told_with_its_reason() -> None:
    with Receiver() as receiver:
        deliver(receiver.url(), FAILED)
        event = JSONFormat().read(CloudEvent, receiver.received[0].body)
    assert event.get_type() == "runfolio.export.failed.v1"
    data = event.get_data()
    assert isinstance(data, dict)
    assert data["error"]["detail"] == "The storage was full."


def test_the_signature_is_one_of_standard_webhooks() -> None:
    with Receiver() as receiver:
        deliver(receiver.url(), now=datetime.now(UTC))
        (request,) = receiver.received
    judge_of_signatures = Webhook(SECRET)
    assert judge_of_signatures.verify(request.body, request.headers)["id"] == request.headers["webhook-id"]
    with pytest.raises(WebhookVerificationError):
        judge_of_signatures.verify(request.body + b" ", request.headers)


def test_attempts_differ_in_time_stamp_alone() -> None:
    with Receiver() as receiver:
        deliver(receiver.url())
        deliver(receiver.url(), now=NOW + timedelta(hours=1))
        first, second = receiver.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 3600


def test_a_wrong_secret_stops_the_start_and_is_not_shown() -> None:
    with pytest.raises(InvalidSetting, match="RUNFOLIO_CALLBACK_SECRET") as caught:
        Sender("hunter2", "https://runfolio.example")
    assert "hunter2" not in caught.value.detail
    assert SECRET not in repr(sender())


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success_is_any_2xx(status: int) -> None:
    assert judge(Answer(status, None), NOW).verdict is Verdict.DELIVERED


def test_410_wants_no_more() -> None:
    with Receiver(Reply(410, body=b"gone")) as receiver:
        outcome = deliver(receiver.url())
    assert (outcome.verdict, outcome.status) == (Verdict.GIVEN_UP, 410)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 429, 500, 502, 503, 504, 999])
def test_other_answers_are_tried_again(status: int) -> None:
    with Receiver(Reply(status, body=b"secret words of the receiver")) as receiver:
        outcome = deliver(receiver.url())
    assert outcome == Outcome(Verdict.RETRY, f"The receiver answered {status}.", status)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    with Receiver() as inner, Receiver(Reply(status, {"Location": inner.url("/admin")})) as receiver:
        outcome = deliver(receiver.url())
        assert inner.received == []
        assert len(receiver.received) == 1
    assert outcome.verdict is Verdict.RETRY
    assert "redirects are not followed" in outcome.reason


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        (format_datetime(NOW + timedelta(minutes=5), usegmt=True), 300.0),
        (format_datetime(NOW - timedelta(minutes=5), usegmt=True), -300.0),
        ("Sun, 01 Mar 2026 12:05:00 -0000", 300.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("", None),
        ("Sun, 99 Mar 2026 99:05:00 GMT", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(retry_after: str | None, seconds: float | None) -> None:
    assert judge(Answer(503, retry_after), NOW).retry_after == seconds


def test_retry_after_is_read_from_the_answer() -> None:
    with Receiver(Reply(429, {"Retry-After": "77"})) as receiver:
        assert deliver(receiver.url()).retry_after == 77


def test_a_silent_receiver_is_left_after_the_total_time() -> None:
    with Receiver(Reply(delay=2)) as receiver:
        begin = time.monotonic()
        outcome = deliver(receiver.url(), limits=Limits(1.0, 0.3))
        assert time.monotonic() - begin < 1
    assert outcome == Outcome(Verdict.RETRY, "No answer within 0.3 s.")


def serve_once(answer: Callable[[socket], None]) -> tuple[str, Thread]:
    """Answer one connection by hand, for what no HTTP server would say."""
    listener = create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.settimeout(5)
            connection.recv(65536)
            try:
                answer(connection)
            except OSError:
                return  # The client has hung up, which is what these tests are about.

    thread = Thread(target=serve)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/", thread


def test_a_receiver_that_trickles_its_headers_is_left_after_the_total_time() -> None:
    def trickle(connection: socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(30):
            connection.sendall(b"X: y\r\n")
            time.sleep(0.1)

    url, thread = serve_once(trickle)
    begin = time.monotonic()
    outcome = deliver(url, limits=Limits(1.0, 0.4))
    assert time.monotonic() - begin < 1
    thread.join()
    assert outcome == Outcome(Verdict.RETRY, "No answer within 0.4 s.")


def test_a_status_counts_however_slowly_the_body_follows() -> None:
    with Receiver(Reply(200, body=b"x" * 100, pause=0.1)) as receiver:
        begin = time.monotonic()
        outcome = deliver(receiver.url(), limits=Limits(1.0, 0.4))
        assert time.monotonic() - begin < 1
    assert outcome.verdict is Verdict.DELIVERED


def test_an_endless_body_is_cut_off() -> None:
    sent = 0

    def pour(connection: socket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            sent += connection.send(b"x" * 65536)

    url, thread = serve_once(pour)
    assert deliver(url, limits=Limits(1.0, 5.0)).verdict is Verdict.DELIVERED
    thread.join()
    assert sent < 32 * 2**20


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 2", b"\x00" * 200_000])
def test_what_is_not_http_is_tried_again(answer: bytes) -> None:
    url, thread = serve_once(lambda connection: connection.sendall(answer))
    outcome = deliver(url)
    thread.join()
    assert outcome.verdict is Verdict.RETRY
    assert outcome.status is None


def test_a_refused_connection_is_tried_again() -> None:
    with create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert deliver(f"http://127.0.0.1:{port}/") == Outcome(Verdict.RETRY, "No connection: Connection refused.")


def test_every_address_of_a_host_is_tried() -> None:
    with Receiver() as receiver:
        # Nothing listens at 127.0.0.2, where the receiver is bound to 127.0.0.1 alone.
        outcome = deliver(
            receiver.url(host="receiver.test"),
            allow="receiver.test",
            limits=Limits(0.5, 5.0),
            resolve=lambda _host, _port: ["127.0.0.2", "127.0.0.1"],
        )
    assert outcome.verdict is Verdict.DELIVERED


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as proxy, Receiver() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert deliver(receiver.url()).verdict is Verdict.DELIVERED
        assert proxy.received == []


def test_an_address_that_is_not_allowed_is_never_connected_to() -> None:
    with Receiver() as receiver:
        outcome = deliver(receiver.url(), allow="")
        assert receiver.received == []
    assert outcome.verdict is Verdict.RETRY
    assert "RUNFOLIO_CALLBACK_ALLOW" in outcome.reason


def test_the_host_header_puts_ipv6_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = httpcore.SyncBackend.connect_tcp
    asked: list[str] = []

    def connect_over_ipv4(backend: httpcore.SyncBackend, host: str, port: int, *rest: Any) -> httpcore.NetworkStream:
        asked.append(host)
        return connect(backend, "127.0.0.1", port, *rest)

    # Not every machine that runs the tests speaks IPv6.
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect_over_ipv4)
    with Receiver() as receiver:
        assert deliver(receiver.url(host="[::1]"), allow="::1").verdict is Verdict.DELIVERED
        assert receiver.received[0].headers["host"] == f"[::1]:{receiver.port}"
    assert asked == ["::1"]


class Rebinding:
    """A name that resolves to one address first and to another ever after."""

    def __init__(self, first: str, then: str) -> None:
        self.answers: Iterator[str] = iter([first])
        self.then = then
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> list[str]:
        self.asked += 1
        return [next(self.answers, self.then)]


def test_a_name_that_changes_its_answer_is_connected_to_where_it_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[str] = []

    def connect(_: object, host: str, *__: object, **___: object) -> None:
        connected.append(host)
        raise httpcore.ConnectError("refused")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    resolver = Rebinding("93.184.215.14", "169.254.169.254")
    deliver("http://rebind.test/latest/meta-data", allow="", resolve=resolver)
    assert connected == ["93.184.215.14"]
    assert resolver.asked == 1
    deliver("http://rebind.test/latest/meta-data", allow="", resolve=resolver)
    assert connected == ["93.184.215.14"]


class Authority:
    """A certificate authority for one test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority")])
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self.certificate = self._sign(self._name, self._key, constraints, usage)

    def _sign(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *extensions: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )
        for extension in extensions:  # all critical, as RFC 5280 asks for them in a certificate without a subject
            builder = builder.add_extension(extension, critical=True)
        issuer, subject = self._key.public_key(), key.public_key()
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(subject), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def server(self, *names: x509.GeneralName) -> ssl.SSLContext:
        """Return a context for a server that can prove these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(x509.Name([]), key, x509.SubjectAlternativeName(names))
        file = self._folder / "server.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def client(self) -> ssl.SSLContext:
        """Return a context that trusts this authority alone."""
        return ssl.create_default_context(cadata=self.certificate.public_bytes(serialization.Encoding.PEM).decode())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_tls_names_the_host_and_checks_its_certificate(authority: Authority) -> None:
    asked: list[str | None] = []
    context = authority.server(x509.DNSName("receiver.test"))
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    with Receiver(tls=context) as receiver:
        outcome = deliver(
            receiver.url(scheme="https", host="receiver.test"),
            allow="receiver.test",
            resolve=lambda _host, _port: ["127.0.0.1"],
            tls=authority.client(),
        )
        assert outcome.verdict is Verdict.DELIVERED
        assert receiver.received[0].headers["host"] == f"receiver.test:{receiver.port}"
    assert asked == ["receiver.test"]


def test_a_certificate_may_name_an_address(authority: Authority) -> None:
    context = authority.server(x509.IPAddress(IPv4Address("127.0.0.1")))
    with Receiver(tls=context) as receiver:
        assert deliver(receiver.url(scheme="https"), tls=authority.client()).verdict is Verdict.DELIVERED


@pytest.mark.parametrize("names", [[x509.DNSName("other.test")], [x509.IPAddress(ip_address("127.0.0.1"))]])
def test_a_certificate_for_another_name_is_refused(authority: Authority, names: list[x509.GeneralName]) -> None:
    with Receiver(tls=authority.server(*names)) as receiver:
        outcome = deliver(
            receiver.url(scheme="https", host="receiver.test"),
            allow="receiver.test",
            resolve=lambda _host, _port: ["127.0.0.1"],
            tls=authority.client(),
        )
        assert receiver.received == []
    assert outcome.verdict is Verdict.RETRY
    assert "certificate does not prove the host" in outcome.reason


def test_a_certificate_of_an_unknown_authority_is_refused(authority: Authority) -> None:
    with Receiver(tls=authority.server(x509.IPAddress(IPv4Address("127.0.0.1")))) as receiver:
        outcome = deliver(receiver.url(scheme="https"))
        assert receiver.received == []
    assert "certificate does not prove the host" in outcome.reason


def test_plain_http_on_a_tls_address_is_tried_again() -> None:
    with Receiver() as receiver:
        outcome = deliver(receiver.url(scheme="https"))
    assert outcome.verdict is Verdict.RETRY
    assert outcome.reason.startswith("TLS failed")


def test_a_handshake_that_never_ends_is_left(authority: Authority) -> None:
    with create_server(("127.0.0.1", 0)) as listener:
        begin = time.monotonic()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        outcome = deliver(url, limits=Limits(0.3, 5.0), tls=authority.client())
        assert time.monotonic() - begin < 1
    assert outcome == Outcome(Verdict.RETRY, "No connection within 0.3 s.")
