"""How an engine is asked: retries, limits of time and size, and what is never done."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate

import pytest

from producer.contract.errors import LeaseLost, RunfolioError, SourceFailed, SourceUnavailable
from tests.fakes import Reply
from tests.fakes_engines import KEY, EngineServer, json
from tests.unit.worker.sources.installation import Clock, engines_at, trust
from worker.sources.client import Client, Limits, Missing, Pace, object_of, rows_of
from worker.sources.http import Line, place_of
from worker.sources.retries import asked_wait, is_passing


@contextmanager
def asking(
    *replies: Reply, clock: Clock | None = None, limits: Limits | None = None, check: Callable[[], None] = lambda: None
) -> Iterator[tuple[Client, EngineServer]]:
    """A client of a server that answers by a script; its last reply is given to all later requests."""
    script = list(replies)
    with EngineServer(lambda _: script.pop(0) if len(script) > 1 else script[0]) as server:
        place = place_of(server.url("/base"))
        assert place is not None
        with Line(place, trust()) as line:
            yield Client("n8n", line, limits or Limits(), check, (clock or Clock()).pace), server


def test_an_answer_is_read_and_the_connection_kept() -> None:
    with asking(json({"a": 1})) as (client, server):
        client.headers["X-Key"] = KEY
        assert [client.get("x", "y", q="a b"), client.post("z", body={"c": 2})] == [{"a": 1}] * 2
    first, second = server.asked
    assert (first.method, first.raw, first.query) == ("GET", "/base/x/y", {"q": "a b"})
    assert (second.method, second.raw, second.body) == ("POST", "/base/z", {"c": 2})
    assert {asked.headers["x-key"] for asked in server.asked} == {KEY}
    assert {asked.headers["host"] for asked in server.asked} == {f"127.0.0.1:{server.port}"}


def test_ids_are_segments_and_nothing_else() -> None:
    with asking(json({})) as (client, server):
        client.get("runs", "a/../b?c#d %2F☕")
        assert server.asked[0].raw == "/base/runs/a%2F..%2Fb%3Fc%23d%20%252F%E2%98%95"
        for segment in ("", ".", ".."):
            with pytest.raises(SourceFailed, match="cannot be asked for an id"):
                client.get("runs", segment, "logs")
        assert len(server.asked) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_passes_is_asked_again_later_and_later(status: int) -> None:
    clock = Clock()
    with asking(Reply(status), Reply(status), json([1]), clock=clock) as (client, _):
        assert client.get("x") == [1]
    assert clock.slept == [0.5, 1.0]


def test_what_does_not_pass_is_unavailable_after_a_while() -> None:
    clock = Clock()
    with asking(Reply(502), clock=clock) as (client, server), pytest.raises(SourceUnavailable) as error:
        client.get("x")
    assert len(server.asked) == 5
    assert clock.now == 7.5
    assert error.value.detail == f"n8n at http://127.0.0.1:{server.port} does not work at the moment. It answered 502."


def test_chance_spreads_the_tries() -> None:
    clock = Clock()
    with asking(Reply(503), json(1), clock=clock) as (client, _):
        client._pace = Pace(lambda: clock.now, clock.sleep, lambda: 1.0)  # noqa: SLF001 # the chance alone is another
        client.get("x")
    assert clock.slept == [0.75]


@pytest.mark.parametrize("retry_after", ["7", formatdate(1_000_007, usegmt=True)])
def test_retry_after_is_heeded(retry_after: str) -> None:
    assert asked_wait({"retry-after": retry_after}, lambda: 1_000_000.0) == 7.0


def test_a_wish_is_waited_for_in_slices() -> None:
    clock = Clock()
    with asking(Reply(429, {"Retry-After": "3"}), json(1), clock=clock) as (client, _):
        client.get("x")
    assert clock.slept == [1.0, 1.0, 1.0]


def test_who_wants_too_long_a_wait_is_left_alone() -> None:
    with asking(Reply(429, {"Retry-After": "3600"})) as (client, server), pytest.raises(SourceFailed) as error:
        client.get("x")
    assert len(server.asked) == 1
    assert "asks to come again in 3600 s" in error.value.detail


def test_github_says_403_to_whoever_asks_too_often() -> None:
    limited = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000009"}
    assert is_passing(403, limited)
    assert is_passing(403, {"retry-after": "1"})
    assert not is_passing(403, {"x-ratelimit-remaining": "12"})
    assert asked_wait(limited, lambda: 1_000_000.0) == 9.0


@pytest.mark.parametrize("value", ["soon", "-1", "1.5", "٣", ""])
def test_a_wish_that_is_none_is_passed_over(value: str) -> None:
    assert asked_wait({"retry-after": value}, lambda: 0.0) == 0.0


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_named_by_their_setting(status: int) -> None:
    with asking(Reply(status)) as (client, server), pytest.raises(SourceFailed, match=str(status)) as error:
        client.get("x")
    assert error.value.field == "RUNFOLIO_SOURCE_N8N_TOKEN"
    assert len(server.asked) == 1


def test_what_is_not_there_is_missing() -> None:
    with asking(Reply(404)) as (client, _), pytest.raises(Missing):
        client.get("x")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    with EngineServer(lambda _: json({"stolen": True})) as other:
        redirect = Reply(status, {"Location": other.url("/x")})
        with asking(redirect) as (client, _), pytest.raises(SourceFailed, match="redirects are not followed"):
            client.get("x")
        assert other.asked == []


@pytest.mark.parametrize("body", [b"<html>", b"{", b"", b"\xff", b"[" * 10_000, b'{"a": NaN}'])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with asking(Reply(200, body=body)) as (client, _), pytest.raises(SourceFailed, match="no answer that can be read"):
        client.get("x")


def test_wrong_shapes_are_refused() -> None:
    with asking(json({"rows": {}})) as (client, _):
        answer = client.get("x")
        for read in (
            lambda: rows_of(client, answer, "rows"),
            lambda: rows_of(client, answer),
            lambda: object_of(client, []),
        ):
            with pytest.raises(SourceFailed, match="gave something else"):
                read()


def test_more_than_the_limit_is_refused_as_it_comes() -> None:
    limits = Limits(size=1000)
    with asking(json("x" * 600), limits=limits) as (client, _):
        client.get("x")
        with pytest.raises(SourceFailed, match="more of the execution than 1000 bytes") as error:
            client.get("x")
    assert "RUNFOLIO_SOURCE_MAX_BYTES" in (error.value.remedy or "")


def test_an_answer_that_trickles_ends_with_its_time() -> None:
    slow = Reply(200, body=b"[1, 2, 3]" * 100, pause=0.05)
    with asking(slow) as (client, _):
        line = client._line  # noqa: SLF001 # asked with less patience than a client has
        with pytest.raises(RunfolioError, match=r"No answer within 0\.2 s"):
            line.ask("GET", "/", {}, b"", seconds=0.2, most=1000)


def test_all_together_may_take_a_time() -> None:
    clock = Clock()
    with asking(json(1), clock=clock, limits=Limits(seconds=10)) as (client, _):
        client.get("x")
        clock.now = 10.5
        with pytest.raises(SourceUnavailable, match="did not give everything within 10 s") as error:
            client.get("x")
    assert "RUNFOLIO_SOURCE_TIMEOUT" in (error.value.remedy or "")


def test_what_can_be_done_without_is_noted() -> None:
    clock = Clock()
    with asking(Reply(404), Reply(403), json([1]), clock=clock, limits=Limits(seconds=10)) as (client, server):
        assert [client.optional("logs", "x") for _ in range(3)] == [None, None, [1]]
        clock.now = 8.5
        assert client.optional("artifacts", "x") is None
        assert len(server.asked) == 3
        first, second = client.notes()
    assert first.startswith("Not fetched from n8n: logs (1 times), because: n8n at http://127.0.0.1")
    assert second == "Not fetched from n8n: artifacts (1 times), because: it took longer than 8 s."


def test_one_fault_can_be_done_without_and_many_in_a_row_cannot() -> None:
    with asking(Reply(500)) as (client, _):
        assert [client.optional("logs", "x") for _ in range(3)] == [None] * 3
        assert next(client.notes()).endswith("does not work at the moment. It answered 500.")
        with pytest.raises(SourceUnavailable, match="It answered 500"):
            client.optional("logs", "x")


def test_a_success_between_faults_counts() -> None:
    with asking(*[Reply(500)] * 15, json(1), Reply(500)) as (client, _):
        assert [client.optional("logs", "x") for _ in range(6)] == [None] * 3 + [1] + [None] * 2


def test_an_engine_that_is_gone_is_no_reason_to_do_without() -> None:
    with asking(json(1)) as (client, server):
        server.before = lambda _: Reply(500)
    with pytest.raises(SourceUnavailable, match="No connection"):
        client.optional("logs", "x")


def test_an_engine_that_did_not_work_is_left_alone_for_a_while() -> None:
    clock = Clock()
    with EngineServer(lambda _: Reply(503)) as server:
        engines = engines_at("n8n", server, limits=Limits(rest=30), pace=clock.pace)

        def ask() -> None:
            with engines.client("n8n", None, lambda: None) as client:
                client.get("x")

        for asked in (5, 5):
            with pytest.raises(SourceUnavailable, match="It answered 503"):
                ask()
            assert len(server.asked) == asked
        clock.now += 30
        with pytest.raises(SourceUnavailable):
            ask()
        assert len(server.asked) == 10


def test_whoever_lost_the_export_stops() -> None:
    def lost() -> None:
        raise LeaseLost("gone")

    with asking(json(1), check=lost) as (client, server), pytest.raises(LeaseLost):
        client.get("x")
    assert server.asked == []


def test_nobody_listening_and_no_http_are_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    place = place_of(f"http://127.0.0.1:{port}")
    assert place is not None
    with Line(place, trust()) as line, pytest.raises(SourceUnavailable, match="No connection: Connection refused"):
        Client("n8n", line, Limits(), lambda: None, Clock().pace).get("x")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        threading.Thread(target=_hang_up, args=(mute,), daemon=True).start()
        place = place_of(f"http://127.0.0.1:{mute.getsockname()[1]}")
        assert place is not None
        with Line(place, trust()) as line, pytest.raises(RunfolioError, match=r"not HTTP|broke"):
            line.ask("GET", "/", {}, b"", seconds=5, most=10)


def _hang_up(server: socket.socket) -> None:
    connection, _ = server.accept()
    connection.close()


@pytest.mark.parametrize(
    "address", ["", "x", "ftp://a", "http://", "http://u:p@host/", "http://host:99999/", "//host", "http://ho st/"]
)
def test_what_is_no_address_is_none(address: str) -> None:
    assert place_of(address) is None


def test_an_address_is_taken_apart() -> None:
    place = place_of("https://GitHub.Example:443/api/v3/")
    assert place is not None
    assert (place, place.origin) == (("https", "github.example", 443, "/api/v3"), "https://github.example")
    six = place_of("http://[::1]:81")
    assert six is not None
    assert six.origin == "http://[::1]:81"


def test_tokens_are_not_shown() -> None:
    with EngineServer(lambda _: None) as server:
        assert KEY not in repr(engines_at("n8n", server))
