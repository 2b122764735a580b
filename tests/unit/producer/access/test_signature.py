from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from producer.access.entries import Scope, TokenEntry
from producer.access.principal import Principal
from producer.access.signature import SignatureCheck, is_signed
from producer.contract import webhooks
from producer.contract.errors import Unauthenticated

NOW = datetime(2025, 4, 9, 15, tzinfo=UTC)
BODY = b'{"id": 1}'


def secret(number: int) -> str:
    return "whsec_" + base64.b64encode(bytes([number]) * 32).decode()


def entry(number: int, expires_at: datetime | None = None) -> TokenEntry:
    return TokenEntry(
        f"engine {number}", (Scope.INGEST,), (f"e{number}:*",), webhook_secret=secret(number), expires_at=expires_at
    )


ENTRIES = [TokenEntry("token", (Scope.READ,), ("*",), sha256="ab" * 32), *(entry(number) for number in range(5))]


def signed(number: int = 3, at: datetime = NOW, **changes: str) -> dict[str, str]:
    headers = webhooks.sign(secret(number), "msg_1", int(at.timestamp()), BODY)
    return {**headers, **{f"webhook-{name}": value for name, value in changes.items()}}


def check(headers: dict[str, str], *chunks: bytes, entries: list[TokenEntry] | None = None) -> Principal:
    checking = SignatureCheck(headers, ENTRIES if entries is None else entries, NOW)
    for chunk in chunks or (BODY,):
        checking.update(chunk)
    return checking.finish()


@given(
    body=st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    cuts=st.lists(st.integers(0, 800)),
    number=st.integers(0, 4),
)
def test_what_the_reference_implementation_signs_is_accepted_however_it_is_cut(
    body: str, cuts: list[int], number: int
) -> None:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": Webhook(secret(number)).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", NOW, body),
    }
    data = body.encode()
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    principal = check(headers, *(data[start:end] for start, end in pairwise(edges)))
    assert principal == Principal(f"engine {number}", frozenset({Scope.INGEST}), (f"e{number}:*",), None)


def test_what_is_signed_here_is_accepted_here() -> None:
    assert check(signed()).name == "engine 3"


@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY[:-1], b'{"id": 2}'])
def test_another_body_is_refused(body: bytes) -> None:
    with pytest.raises(Unauthenticated, match="does not match the body"):
        check(signed(), body)


def test_id_and_timestamp_are_signed_too() -> None:
    with pytest.raises(Unauthenticated, match="does not match"):
        check(signed(id="msg_2"))
    with pytest.raises(Unauthenticated, match="does not match"):
        check(signed(timestamp=str(int(NOW.timestamp()) + 1)))


@pytest.mark.parametrize("seconds", [-300, -299, 0, 300])
def test_five_minutes_both_ways_are_tolerated(seconds: int) -> None:
    assert check(signed(at=NOW + timedelta(seconds=seconds))).name == "engine 3"


@pytest.mark.parametrize(("seconds", "sentence"), [(-301, "is 301 seconds old"), (301, "is 301 seconds ahead")])
def test_an_older_or_later_message_is_refused(seconds: int, sentence: str) -> None:
    with pytest.raises(Unauthenticated, match=sentence):
        check(signed(at=NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize("name", ["id", "timestamp", "signature"])
def test_a_missing_header_is_named(name: str) -> None:
    headers = signed()
    del headers[f"webhook-{name}"]
    with pytest.raises(Unauthenticated, match=f"webhook-{name} is missing") as caught:
        check(headers)
    assert caught.value.field == f"webhook-{name}"


@pytest.mark.parametrize("timestamp", ["", "now", "1.5", "-1", "1e9", "+1", " 1", "١٢٣", "9" * 13, "0x10"])
def test_a_timestamp_is_whole_seconds(timestamp: str) -> None:
    with pytest.raises(Unauthenticated, match="whole number of seconds"):
        check(signed(timestamp=timestamp))


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "ü", "x" * 257])
def test_a_message_id_that_could_be_read_in_two_ways_is_refused(message_id: str) -> None:
    with pytest.raises(Unauthenticated, match="webhook-id must be"):
        check(signed(id=message_id))


def test_any_signature_of_the_list_is_enough_and_other_versions_are_passed_over() -> None:
    mine = signed()["webhook-signature"]
    foreign = webhooks.sign(secret(99), "msg_1", int(NOW.timestamp()), BODY)["webhook-signature"]
    assert check(signed(signature=f"v1a,!!! {foreign} v2 {mine}")).name == "engine 3"


@pytest.mark.parametrize("signature", ["", " ", "v1a,abc", "v2,x"])
def test_a_list_without_a_signature_of_this_version_is_refused(signature: str) -> None:
    with pytest.raises(Unauthenticated, match="does not match"):
        check(signed(signature=signature))


@pytest.mark.parametrize("signature", ["v1", "v1,", "v1,!!!!", "v1,AAAA", "v1,ü", "v1," + "A" * 64])
def test_a_signature_that_is_no_digest_proves_nothing_and_spoils_nothing(signature: str) -> None:
    with pytest.raises(Unauthenticated, match="does not match"):
        check(signed(signature=signature))
    mine = signed()["webhook-signature"]
    assert check(signed(signature=f"{signature} {mine}")).name == "engine 3"


def test_the_right_digest_under_another_version_does_not_count() -> None:
    with pytest.raises(Unauthenticated, match="does not match"):
        check(signed(signature=signed()["webhook-signature"].replace("v1,", "v1a,")))


def test_a_list_without_end_is_refused() -> None:
    with pytest.raises(Unauthenticated, match="more than 16 signatures"):
        check(signed(signature=" ".join([signed()["webhook-signature"]] * 17)))


def test_an_unknown_and_an_expired_secret_are_refused() -> None:
    with pytest.raises(Unauthenticated, match="does not match"):
        check(signed(99))
    with pytest.raises(Unauthenticated, match="does not match"):
        check(signed(3), entries=[entry(3, NOW), entry(4)])


def test_without_any_valid_secret_no_body_is_read() -> None:
    with pytest.raises(Unauthenticated, match="No signing secret is known here"):
        SignatureCheck(signed(), [*ENTRIES[:1], entry(3, NOW)], NOW)


def test_a_request_is_signed_where_it_has_a_signature() -> None:
    assert is_signed(signed())
    assert not is_signed({"authorization": "Bearer x"})


def test_an_error_shows_neither_secret_nor_signature() -> None:
    headers = signed()
    expected = headers["webhook-signature"].removeprefix("v1,")
    with pytest.raises(Unauthenticated) as caught:
        check(headers, b"other")
    shown = f"{caught.value.detail}{caught.value.remedy}"
    assert expected not in shown
    assert secret(3) not in shown
