from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producer.access.authenticate import Authenticator
from producer.access.principal import Principal
from producer.access.tokens import Scope, TokenFile
from producer.contract import webhooks
from producer.contract.errors import Unauthenticated

NOW = datetime(2025, 4, 9, 15, tzinfo=UTC)


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    file = TokenFile(tmp_path / "tokens.json")
    file.create("first", [Scope.INGEST], ["a:*"])
    return file


@pytest.fixture
def authenticator(tokens: TokenFile) -> Authenticator:
    return Authenticator(tokens, lambda: NOW)


def test_a_token_stands_for_its_principal(tokens: TokenFile, authenticator: Authenticator) -> None:
    token = tokens.create("ci", [Scope.READ, Scope.EXPORT], ["n8n:*"])
    expected = Principal("ci", frozenset({Scope.READ, Scope.EXPORT}), ("n8n:*",), None)
    assert authenticator.bearer(f"Bearer {token}") == expected
    assert authenticator.token(token) == expected


@pytest.mark.parametrize("form", ["bearer {}", "BEARER {}", "Bearer   {}", " Bearer {}\t"])
def test_the_scheme_is_read_in_any_case(tokens: TokenFile, authenticator: Authenticator, form: str) -> None:
    token = tokens.create("ci", [Scope.READ], ["*"])
    assert authenticator.bearer(form.format(token)).name == "ci"


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (None, "has no Authorization header"),
        ("", "is not 'Bearer <token>'"),
        ("Bearer", "is not 'Bearer <token>'"),
        ("Bearer ", "is not 'Bearer <token>'"),
        ("Bearer\ttoken", "is not 'Bearer <token>'"),
        ("Bearer a b", "is not 'Bearer <token>'"),
        ("Bearer a\n", "is not 'Bearer <token>'"),
        ("Bearer ä", "is not 'Bearer <token>'"),
        ("Bearer a=b", "is not 'Bearer <token>'"),
        ("Basic dXNlcjpwYXNz", "is not 'Bearer <token>'"),
        ("token", "is not 'Bearer <token>'"),
        ("Bearer rf_unknown", "not known here, or was revoked"),
    ],
)
def test_none_or_a_wrong_one_is_refused_with_a_remedy(
    authenticator: Authenticator, header: str | None, sentence: str
) -> None:
    with pytest.raises(Unauthenticated, match=sentence) as caught:
        authenticator.bearer(header)
    assert caught.value.remedy is not None
    assert "runfolio token create" in caught.value.remedy


def test_neither_digest_nor_signing_secret_is_a_token(tokens: TokenFile, authenticator: Authenticator) -> None:
    secret = tokens.create_webhook_secret("engine", [Scope.INGEST], ["*"])
    for value in (secret, secret.removeprefix("whsec_"), str(tokens.entries()[0].sha256)):
        with pytest.raises(Unauthenticated):
            authenticator.token(value)


def test_a_revoked_token_ends_at_once(tokens: TokenFile, authenticator: Authenticator) -> None:
    token = tokens.create("ci", [Scope.READ], ["*"])
    assert authenticator.token(token).name == "ci"
    tokens.revoke("ci")
    with pytest.raises(Unauthenticated, match="revoked"):
        authenticator.token(token)


def test_an_expired_token_is_told_so(tokens: TokenFile, authenticator: Authenticator) -> None:
    token = tokens.create("ci", [Scope.READ], ["*"], NOW)
    with pytest.raises(Unauthenticated, match="The token 'ci' has expired"):
        authenticator.token(token)


def test_by_default_the_clock_on_the_wall_counts(tokens: TokenFile) -> None:
    token = tokens.create("ci", [Scope.READ], ["*"], datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(Unauthenticated, match="has expired"):
        Authenticator(tokens).token(token)


def test_a_token_is_never_shown_or_logged(authenticator: Authenticator, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(Unauthenticated) as caught:
        authenticator.bearer("Bearer rf_very-secret")
    assert "very-secret" not in f"{caught.value.detail}{caught.value.remedy}{caught.value.field}{caplog.text}"


def test_a_signature_is_checked_with_the_secrets_of_the_moment(tokens: TokenFile, authenticator: Authenticator) -> None:
    secret = tokens.create_webhook_secret("engine", [Scope.INGEST], ["n8n:*"])
    headers = webhooks.sign(secret, "msg_1", int(NOW.timestamp()), b"{}")
    check = authenticator.signature(headers)
    check.update(b"{}")
    assert check.finish() == Principal("engine", frozenset({Scope.INGEST}), ("n8n:*",), None)
    tokens.revoke("engine")
    with pytest.raises(Unauthenticated, match="No signing secret"):
        authenticator.signature(headers)
