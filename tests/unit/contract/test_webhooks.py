from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from producer.contract import webhooks
from producer.contract.errors import InvalidSetting


def now() -> int:
    return int(datetime.now(UTC).timestamp())


@given(
    body=st.text(st.characters(exclude_categories=["Cs"])),
    message_id=st.from_regex(r"[a-zA-Z0-9_:-]{1,50}", fullmatch=True),
)
def test_the_reference_implementation_accepts_what_is_signed_here(body: str, message_id: str) -> None:
    secret = webhooks.new_secret()
    headers = webhooks.sign(secret, message_id, now(), body.encode())
    Webhook(secret).verify(body, headers, json_parse=False)


def test_the_reference_implementation_refuses_another_body() -> None:
    secret = webhooks.new_secret()
    headers = webhooks.sign(secret, "msg_1", now(), b"{}")
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify("[]", headers)


def test_the_signature_equals_the_reference_implementation_s() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    moment = datetime(2021, 2, 25, 13, 0, 30, tzinfo=UTC)
    headers = webhooks.sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", int(moment.timestamp()), b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614258030",
        "webhook-signature": Webhook(secret).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", moment, '{"test": 2432232314}'),
    }


def test_new_secrets_differ_and_are_valid() -> None:
    first, second = webhooks.new_secret(), webhooks.new_secret()
    assert first != second
    assert len(webhooks.decode_secret(first)) == 32


@pytest.mark.parametrize("size", [24, 25, 26, 32, 64])
def test_a_secret_of_24_to_64_bytes_is_decoded_padded_or_not(size: int) -> None:
    key = bytes(range(size))
    encoded = "whsec_" + base64.b64encode(key).decode()
    assert webhooks.decode_secret(encoded) == key
    assert webhooks.decode_secret(encoded.rstrip("=")) == key


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        base64.b64encode(bytes(32)).decode(),
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        "whsec_" + "!" * 44,
        "whsec_" + "ü" * 44,
        "whsec_" + "A" * 41,
        "whsec_" + base64.urlsafe_b64encode(b"\xff" * 32).decode(),
        " whsec_" + base64.b64encode(bytes(32)).decode(),
    ],
)
def test_anything_else_is_refused_under_its_name_and_not_shown(secret: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        webhooks.decode_secret(secret, name="RUNFOLIO_CALLBACK_SECRET")
    assert caught.value.detail.startswith("RUNFOLIO_CALLBACK_SECRET must be")
    encoded = secret.strip().removeprefix("whsec_")
    assert not encoded or encoded not in f"{caught.value.detail}{caught.value.remedy}"


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "a\n", "ü", "x" * 257])
def test_a_message_id_that_could_be_read_in_two_ways_is_not_signed(message_id: str) -> None:
    assert not webhooks.is_message_id(message_id)
    with pytest.raises(ValueError, match="message id"):
        webhooks.sign(webhooks.new_secret(), message_id, 0, b"")
