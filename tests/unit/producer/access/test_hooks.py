from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.access.entries import Scope, TokenEntry
from producer.access.hooks import GitHubCheck, gitlab_sender, presents_proof, proof_of
from producer.access.principal import Principal
from producer.contract.errors import Unauthenticated

NOW = datetime(2025, 4, 9, 15, tzinfo=UTC)
BODY = b'{"action": "completed"}'


def secret(number: int) -> str:
    return "whsec_" + base64.b64encode(bytes([number]) * 32).decode()


def entry(number: int, expires_at: datetime | None = None) -> TokenEntry:
    return TokenEntry(
        f"hook {number}", (Scope.INGEST,), (f"h{number}:*",), webhook_secret=secret(number), expires_at=expires_at
    )


ENTRIES = [TokenEntry("token", (Scope.READ,), ("*",), sha256="ab" * 32), *(entry(number) for number in range(4))]


def signed(body: bytes, number: int = 2) -> dict[str, str]:
    return {"x-hub-signature-256": f"sha256={hmac.new(secret(number).encode(), body, hashlib.sha256).hexdigest()}"}


def check(headers: dict[str, str], *chunks: bytes, entries: list[TokenEntry] | None = None) -> Principal:
    checking = GitHubCheck(headers, ENTRIES if entries is None else entries, NOW)
    for chunk in chunks:
        checking.update(chunk)
    return checking.finish()


@given(body=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200)), number=st.integers(0, 3))
def test_what_github_signs_is_accepted_however_it_is_cut(body: bytes, cuts: list[int], number: int) -> None:
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    principal = check(signed(body, number), *(body[start:end] for start, end in pairwise(edges)))
    assert principal == Principal(f"hook {number}", frozenset({Scope.INGEST}), (f"h{number}:*",), None)


def test_the_example_of_githubs_documentation_is_accepted() -> None:
    key = "It's a Secret to Everybody"
    known = TokenEntry("example", (Scope.INGEST,), ("*",), webhook_secret=key)
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert check({"x-hub-signature-256": signature}, b"Hello, World!", entries=[known]).name == "example"


@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY[:-1], b'{"action": "Completed"}'])
def test_another_body_is_refused(body: bytes) -> None:
    with pytest.raises(Unauthenticated, match="does not match the body"):
        check(signed(BODY), body)


@pytest.mark.parametrize(
    "signature", ["", "sha256=", "sha1=" + "a" * 40, "a" * 64, "sha256=" + "g" * 64, "sha256=" + "a" * 65, "sha256=ü"]
)
def test_what_is_no_signature_is_refused_before_the_body_is_read(signature: str) -> None:
    with pytest.raises(Unauthenticated, match="must be 'sha256='") as caught:
        GitHubCheck({"x-hub-signature-256": signature}, ENTRIES, NOW)
    assert caught.value.field == "x-hub-signature-256"


def test_an_unknown_and_an_expired_secret_sign_nothing() -> None:
    with pytest.raises(Unauthenticated, match="does not match"):
        check(signed(BODY, 99), BODY)
    with pytest.raises(Unauthenticated, match="does not match"):
        check(signed(BODY), BODY, entries=[entry(2, NOW), entry(3)])
    with pytest.raises(Unauthenticated, match="no signing secret is known here"):
        GitHubCheck(signed(BODY), [ENTRIES[0], entry(2, NOW)], NOW)


def test_gitlab_presents_the_secret_itself() -> None:
    assert gitlab_sender({"x-gitlab-token": secret(1)}, ENTRIES, NOW).name == "hook 1"


@pytest.mark.parametrize("token", ["", secret(99), secret(1) + " ", secret(1)[:-1], "ab" * 32, "ü", "\udcff"])
def test_what_is_no_secret_of_the_file_is_refused(token: str) -> None:
    with pytest.raises(Unauthenticated, match="no signing secret known here") as caught:
        gitlab_sender({"x-gitlab-token": token}, ENTRIES, NOW)
    assert token not in f"{caught.value.detail}{caught.value.remedy}" or not token


def test_an_expired_secret_is_no_token() -> None:
    with pytest.raises(Unauthenticated):
        gitlab_sender({"x-gitlab-token": secret(1)}, [entry(1, NOW)], NOW)


def test_each_engine_has_its_own_proof() -> None:
    both = {"x-gitlab-token": "a", "x-hub-signature-256": "b"}
    assert [proof_of(engine, both) for engine in ("github", "gitlab", "n8n", None)] == [
        "x-hub-signature-256",
        "x-gitlab-token",
        None,
        None,
    ]
    assert proof_of("github", {"x-gitlab-token": "a"}) is None
    assert presents_proof(both)
    assert not presents_proof({"authorization": "Bearer a"})
