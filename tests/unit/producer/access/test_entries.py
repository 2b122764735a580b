from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from producer.access.entries import MAX_WEBHOOK_SECRETS, Scope, TokenEntry, parse, write
from producer.contract.errors import InvalidSetting

DIGEST = "ab" * 32
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
TOKEN: dict[str, Any] = {"name": "a", "sha256": DIGEST, "can": ["read"], "workflows": ["*"]}


def secret_entry(number: int) -> dict[str, Any]:
    secret = "whsec_" + base64.b64encode(bytes([number]) * 32).decode()
    return {"name": f"s{number}", "webhook_secret": secret, "can": ["ingest"], "workflows": ["*"]}


def read(*entries: Any) -> tuple[TokenEntry, ...]:
    return parse(json.dumps(entries).encode())


def test_a_token_and_a_signing_secret_are_read() -> None:
    webhook = {"name": "b", "webhook_secret": SECRET, "can": ["ingest"], "workflows": ["n8n:*", "x"]}
    first, second = read({**TOKEN, "expires_at": "2030-01-01T00:00:00+02:00"}, webhook)
    assert (first.name, first.sha256, first.can, first.workflows) == ("a", DIGEST, (Scope.READ,), ("*",))
    assert first.expires_at == datetime(2029, 12, 31, 22, tzinfo=UTC)
    assert (second.webhook_secret, second.can, second.workflows) == (SECRET, (Scope.INGEST,), ("n8n:*", "x"))


def test_the_digest_may_be_in_capital_letters() -> None:
    assert read({**TOKEN, "sha256": DIGEST.upper()})[0].sha256 == DIGEST


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"can": ["write"]}, "tokens[1].can[0]"),
        ({"can": ["read", "Read"]}, "tokens[1].can[1]"),
        ({"can": []}, "tokens[1].can"),
        ({"can": "read"}, "tokens[1].can"),
        ({"workflows": []}, "tokens[1].workflows"),
        ({"workflows": "*"}, "tokens[1].workflows"),
        ({"workflows": ["*", ""]}, "tokens[1].workflows[1]"),
        ({"workflows": [1]}, "tokens[1].workflows[0]"),
        ({"name": ""}, "tokens[1].name"),
        ({"name": "a\nb"}, "tokens[1].name"),
        ({"name": "b\n"}, "tokens[1].name"),
        ({"name": "x" * 101}, "tokens[1].name"),
        ({"sha256": "ab" * 31}, "tokens[1].sha256"),
        ({"sha256": "zz" * 32}, "tokens[1].sha256"),
        ({"sha256": None}, "tokens[1]"),
        ({"webhook_secret": SECRET}, "tokens[1]"),
        ({"expires_at": "tomorrow"}, "tokens[1].expires_at"),
        ({"expire_at": "2030-01-01T00:00:00Z"}, "tokens[1]"),
        ({"name": "first"}, "tokens[1].name"),
        ({"sha256": "cd" * 32}, "tokens[1].sha256"),
        ({"sha256": "CD" * 32}, "tokens[1].sha256"),
    ],
)
def test_a_mistake_is_named_by_entry_and_field(change: dict[str, Any], field: str) -> None:
    first = {**TOKEN, "name": "first", "sha256": "cd" * 32}
    with pytest.raises(InvalidSetting) as caught:
        read(first, {**TOKEN, **change})
    assert caught.value.field == field
    assert field in caught.value.detail
    assert caught.value.remedy is not None
    assert "runfolio token create" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"{}", b"null", b"[", b"\xff", b"[1]", b'"[]"', b"[" * 100_000])
def test_what_is_no_list_of_objects_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidSetting, match="tokens"):
        parse(content)


def test_a_broken_signing_secret_is_named_and_not_shown() -> None:
    with pytest.raises(InvalidSetting, match=r"tokens\[0\].webhook_secret") as caught:
        read({"name": "b", "webhook_secret": "whsec_c2hvcnQ=", "can": ["ingest"], "workflows": ["*"]})
    assert "c2hvcnQ" not in caught.value.detail


def test_one_signing_secret_cannot_have_two_names() -> None:
    with pytest.raises(InvalidSetting, match=r"tokens\[1\].webhook_secret is the same as that of tokens\[0\]"):
        read(secret_entry(1), {**secret_entry(1), "name": "other"})


def test_more_signing_secrets_than_can_be_tried_at_once_are_refused() -> None:
    most = [secret_entry(number) for number in range(MAX_WEBHOOK_SECRETS)]
    assert len(read(*most)) == MAX_WEBHOOK_SECRETS
    with pytest.raises(InvalidSetting, match=f"at most {MAX_WEBHOOK_SECRETS} signing secrets"):
        read(*most, secret_entry(MAX_WEBHOOK_SECRETS))


def test_what_is_written_is_read_back() -> None:
    entries = read({**TOKEN, "expires_at": "2030-01-01T00:00:00Z"}, secret_entry(1))
    assert parse(write(entries)) == entries
    assert "expires_at" not in write(entries[1:]).decode()


def test_what_is_wrong_is_not_written() -> None:
    with pytest.raises(InvalidSetting, match=r"tokens\[0\].workflows"):
        write([TokenEntry("a", (Scope.READ,), (), sha256=DIGEST)])


def test_neither_digest_nor_secret_is_shown_in_passing() -> None:
    entries = read(TOKEN, secret_entry(1))
    shown = repr(entries)
    assert "'a': token, can read on *" in shown
    assert DIGEST not in shown
    assert str(entries[1].webhook_secret) not in shown


@pytest.mark.parametrize(
    ("expires_at", "expired"),
    [
        (None, False),
        (datetime(2025, 1, 1, 12, tzinfo=UTC), True),
        (datetime(2025, 1, 1, 12, tzinfo=UTC) + timedelta(microseconds=1), False),
        (datetime(2025, 1, 1, 12), True),  # noqa: DTZ001 # a time without an offset is the case at hand
        (datetime(2025, 1, 1, 12, 0, 1), False),  # noqa: DTZ001 # a time without an offset is the case at hand
        (datetime.fromisoformat("2025-01-01T13:30:00+02:00"), True),
        (datetime.fromisoformat("0001-01-01T00:00:00+01:00"), True),
        (datetime.fromisoformat("9999-12-31T23:59:59-01:00"), False),
    ],
)
def test_an_entry_expires_at_its_moment(expires_at: datetime | None, expired: bool) -> None:
    entry = TokenEntry("a", (Scope.READ,), ("*",), sha256=DIGEST, expires_at=expires_at)
    assert entry.expired(datetime(2025, 1, 1, 12, tzinfo=UTC)) is expired
