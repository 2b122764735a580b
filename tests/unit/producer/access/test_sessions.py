from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from itsdangerous import TimestampSigner

from producer.access.authenticate import Authenticator
from producer.access.principal import Principal
from producer.access.sessions import LINK_LASTS, Sessions
from producer.access.tokens import Scope, TokenFile, token_digest
from producer.contract.errors import BrokerUnavailable, Forbidden, NotFound, Unauthenticated
from producer.contract.links import LinkSigner
from tests.fakes_board import FakeBoard, FakeBroker, FakeClock

NOW: Final = datetime(2025, 4, 9, 15, tzinfo=UTC)
LASTS: Final = timedelta(hours=12)
OLD, NEW = "o" * 32, "n" * 32


class Desk(NamedTuple):
    """Sessions, and all that they depend on."""

    tokens: TokenFile
    token: str
    clock: FakeClock
    broker: FakeBroker

    def sessions(self, *link_secrets: str) -> Sessions:
        """Start a gateway with these secrets."""
        authenticator = Authenticator(self.tokens, self.clock.now)
        logins = FakeBoard(self.broker).typed().logins
        return Sessions(link_secrets or (OLD,), authenticator, logins, LASTS, self.clock.now)


@pytest.fixture(name="desk")
def desk_with_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    clock = FakeClock(NOW)
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: int(clock.seconds()))
    tokens = TokenFile(tmp_path / "tokens.json")
    token = tokens.create("ci", [Scope.READ, Scope.EXPORT], ["n8n:*"])
    return Desk(tokens, token, clock, FakeBroker(clock))


def over(sessions: Sessions, cookie: str | None) -> bool:
    try:
        sessions.read(cookie)
    except Unauthenticated:
        return True
    return False


def test_a_session_stands_for_its_token(desk: Desk) -> None:
    sessions = desk.sessions()
    session = sessions.read(sessions.begin(desk.token))
    assert session.principal == Principal("ci", frozenset({Scope.READ, Scope.EXPORT}), ("n8n:*",), None)


def test_each_login_is_a_session_of_its_own(desk: Desk) -> None:
    sessions = desk.sessions()
    one, other = (sessions.read(sessions.begin(desk.token)) for _ in range(2))
    assert one.id != other.id
    assert len(one.id) >= 20


def test_neither_the_cookie_nor_the_form_holds_the_token(desk: Desk) -> None:
    sessions = desk.sessions()
    cookie = sessions.begin(desk.token)
    form = sessions.form_token(sessions.read(cookie))
    assert desk.token not in cookie + form
    assert desk.token.removeprefix("rf_") not in cookie + form


@pytest.mark.parametrize("token", ["", " ", "rf_unknown", "\U0001f984", "rf_\0"])
def test_an_unknown_token_begins_nothing(desk: Desk, token: str) -> None:
    with pytest.raises(Unauthenticated):
        desk.sessions().begin(token)


def test_neither_digest_nor_signing_secret_begins_a_session(desk: Desk) -> None:
    secret = desk.tokens.create_webhook_secret("engine", [Scope.INGEST], ["*"])
    for value in (secret, secret.removeprefix("whsec_"), token_digest(desk.token)):
        with pytest.raises(Unauthenticated):
            desk.sessions().begin(value)


@pytest.mark.parametrize("cookie", [None, ""])
def test_without_a_cookie_nobody_is_logged_in(desk: Desk, cookie: str | None) -> None:
    with pytest.raises(Unauthenticated, match="Nobody is logged in") as caught:
        desk.sessions().read(cookie)
    assert "/login" in str(caught.value.remedy)


@pytest.mark.parametrize("cookie", [".", "..", "a.b.c", "\U0001f984", "\0", "x" * 100_000, '"quoted"', "ü.ü.ü"])
def test_what_was_not_signed_here_is_no_session(desk: Desk, cookie: str) -> None:
    with pytest.raises(Unauthenticated, match="The session is over"):
        desk.sessions().read(cookie)


def test_a_cookie_that_was_changed_is_no_session(desk: Desk) -> None:
    sessions = desk.sessions()
    cookie = sessions.begin(desk.token)
    payload, time, signature = cookie.rsplit(".", 2)  # A payload that was compressed begins with a dot.
    changed = "A" if payload[5] != "A" else "B"
    later = "A" if time[-1] != "A" else "B"
    for forged in (
        f"{payload[:5]}{changed}{payload[6:]}.{time}.{signature}",
        f"{payload}.{time[:-1]}{later}.{signature}",
        f"{payload}.{signature}",
        f"{payload}.{time}.",
        f"{payload}.{time}",
    ):
        assert over(sessions, forged)
    assert not over(sessions, cookie)


def test_a_session_ends_with_its_time(desk: Desk) -> None:
    sessions = desk.sessions()
    cookie = sessions.begin(desk.token)
    desk.clock.advance(LASTS.total_seconds())
    assert not over(sessions, cookie)
    desk.clock.advance(1)
    assert over(sessions, cookie)


def test_a_gateway_whose_clock_is_a_little_behind_reads_a_new_session(desk: Desk) -> None:
    cookie = desk.sessions().begin(desk.token)
    desk.clock.advance(-1)
    assert not over(desk.sessions(), cookie)


def test_the_first_secret_signs_and_all_are_accepted(desk: Desk) -> None:
    old, both, new = desk.sessions(OLD), desk.sessions(NEW, OLD), desk.sessions(NEW)
    before, during = old.begin(desk.token), both.begin(desk.token)
    assert not over(desk.sessions(f" {OLD}\n"), before)
    assert [over(one, before) for one in (old, both, new)] == [False, False, True]
    assert [over(one, during) for one in (old, both, new)] == [True, False, False]


def test_form_tokens_follow_the_secrets_too(desk: Desk) -> None:
    session = desk.sessions(OLD).read(desk.sessions(OLD).begin(desk.token))
    form = desk.sessions(OLD).form_token(session)
    desk.sessions(NEW, OLD).check_form(session, form)
    with pytest.raises(Forbidden):
        desk.sessions(NEW).check_form(session, form)


def test_links_forms_and_sessions_do_not_stand_for_each_other(desk: Desk) -> None:
    sessions, signer = desk.sessions(), LinkSigner(OLD)
    cookie = sessions.begin(desk.token)
    session = sessions.read(cookie)
    form, link = sessions.form_token(session), signer.token("a" * 32, signer.nonce("a" * 32, 0))
    code = sessions.offer_code(token_digest(desk.token))

    assert [over(sessions, other) for other in (form, link, code)] == [True, True, True]
    for other in (cookie, link, code):
        with pytest.raises(Forbidden):
            sessions.check_form(session, other)
    for other in (cookie, form, code):
        with pytest.raises(NotFound):
            signer.read(other)
    for other in (cookie, form, link, session.id, desk.token):
        with pytest.raises(Unauthenticated):
            sessions.redeem_code(other)


def test_a_form_counts_for_its_own_session_alone(desk: Desk) -> None:
    sessions = desk.sessions()
    one, other = (sessions.read(sessions.begin(desk.token)) for _ in range(2))
    sessions.check_form(one, sessions.form_token(one))
    for wrong in (sessions.form_token(other), one.id, "", None, ".", "\U0001f984"):
        with pytest.raises(Forbidden, match="does not come from the page") as caught:
            sessions.check_form(one, wrong)
        assert caught.value.field == "X-CSRF-Token"


def test_a_revoked_token_ends_its_sessions_at_once(desk: Desk) -> None:
    sessions = desk.sessions()
    cookie = sessions.begin(desk.token)
    desk.tokens.revoke("ci")
    assert over(sessions, cookie)
    desk.tokens.create("ci", [Scope.READ], ["*"])
    assert over(sessions, cookie)


def test_a_token_that_expires_ends_its_sessions(desk: Desk) -> None:
    token = desk.tokens.create("short", [Scope.READ], ["*"], NOW + timedelta(hours=1))
    sessions = desk.sessions()
    cookie = sessions.begin(token)
    desk.clock.advance(3599)
    assert sessions.read(cookie).principal.name == "short"
    desk.clock.advance(1)
    with pytest.raises(Unauthenticated, match="has expired"):
        sessions.read(cookie)
    with pytest.raises(Unauthenticated, match="has expired"):
        sessions.begin(token)


def test_logging_out_ends_this_session_and_no_other(desk: Desk) -> None:
    sessions = desk.sessions()
    one, other = sessions.begin(desk.token), sessions.begin(desk.token)
    sessions.end(sessions.read(one))
    assert (over(sessions, one), over(sessions, other)) == (True, False)
    assert over(desk.sessions(NEW, OLD), one)


def test_a_logout_is_remembered_as_long_as_the_cookie_lasts(desk: Desk) -> None:
    sessions = desk.sessions()
    cookie = sessions.begin(desk.token)
    desk.clock.advance(LASTS.total_seconds() / 2)
    sessions.end(sessions.read(cookie))
    for _ in range(10):
        desk.clock.advance(LASTS.total_seconds() / 10)
        assert over(sessions, cookie)


def test_a_logout_is_lost_with_the_board_but_revoking_is_not(desk: Desk) -> None:
    sessions = desk.sessions()
    cookie = sessions.begin(desk.token)
    sessions.end(sessions.read(cookie))
    desk.broker.wipe()
    assert not over(sessions, cookie)
    desk.tokens.revoke("ci")
    assert over(sessions, cookie)


def test_without_the_broker_sessions_go_on_and_no_logout_is_pretended(desk: Desk) -> None:
    sessions = desk.sessions()
    cookie = sessions.begin(desk.token)
    desk.broker.down = True
    session = sessions.read(cookie)
    assert session.principal.name == "ci"
    assert not over(sessions, sessions.begin(desk.token))
    calls: list[Callable[[], object]] = [
        lambda: sessions.end(session),
        lambda: sessions.offer_code(token_digest(desk.token)),
        lambda: sessions.redeem_code("code"),
    ]
    for call in calls:
        with pytest.raises(BrokerUnavailable):
            call()


def test_a_code_begins_one_session(desk: Desk) -> None:
    sessions = desk.sessions()
    code = sessions.offer_code(token_digest(desk.token))
    assert sessions.read(sessions.redeem_code(code)).principal.name == "ci"
    with pytest.raises(Unauthenticated, match="used already, or is too old") as caught:
        sessions.redeem_code(code)
    assert "runfolio login" in str(caught.value.remedy)


def test_a_code_is_too_old_after_an_hour(desk: Desk) -> None:
    sessions = desk.sessions()
    early, late = (sessions.offer_code(token_digest(desk.token)) for _ in range(2))
    desk.clock.advance(LINK_LASTS.total_seconds() - 1)
    assert not over(sessions, sessions.redeem_code(early))
    desk.clock.advance(1)
    with pytest.raises(Unauthenticated, match="too old"):
        sessions.redeem_code(late)


def test_a_code_does_not_outlive_its_token(desk: Desk) -> None:
    sessions = desk.sessions()
    code = sessions.offer_code(token_digest(desk.token))
    desk.tokens.revoke("ci")
    with pytest.raises(Unauthenticated, match="revoked"):
        sessions.redeem_code(code)


@pytest.mark.parametrize("code", ["", "x", "\U0001f984", "\0", "x" * 10_000])
def test_an_unknown_code_begins_nothing(desk: Desk, code: str) -> None:
    with pytest.raises(Unauthenticated, match="used already"):
        desk.sessions().redeem_code(code)


def test_the_board_learns_neither_codes_nor_cookies(desk: Desk) -> None:
    sessions = desk.sessions()
    cookie, code = sessions.begin(desk.token), sessions.offer_code(token_digest(desk.token))
    sessions.end(sessions.read(cookie))
    kept = repr(desk.broker.state)
    assert not any(secret in kept for secret in (cookie, code, desk.token))


def test_nothing_of_a_session_is_logged_or_told_in_errors(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    sessions = desk.sessions()
    cookie = sessions.begin(desk.token)
    code = sessions.offer_code(token_digest(desk.token))
    told: list[str] = []
    with caplog.at_level(logging.DEBUG):
        sessions.redeem_code(code)
        desk.tokens.revoke("ci")
        for call, secret in ((sessions.read, cookie), (sessions.redeem_code, code), (sessions.begin, desk.token)):
            with pytest.raises(Unauthenticated) as caught:
                call(secret)
            told.append(f"{caught.value.detail} {caught.value.remedy}")
    assert not any(secret in caplog.text + "".join(told) for secret in (cookie, code, desk.token))
