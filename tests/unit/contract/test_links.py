from __future__ import annotations

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract.errors import InvalidSetting, NotFound
from producer.contract.links import LinkSigner, mask

OLD, NEW = "o" * 32, "n" * 32
SIGNER = LinkSigner(NEW)
HEX = st.binary(min_size=16, max_size=16).map(bytes.hex)
EXPORT, OTHER = "0123456789abcdef" * 2, "f" * 32


@given(export_id=HEX, nonce=HEX)
def test_a_token_is_read_back(export_id: str, nonce: str) -> None:
    token = SIGNER.token(export_id, nonce)
    assert len(token) == 64
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")
    assert SIGNER.read(token) == (export_id, nonce)


@given(position=st.integers(0, 63), replacement=st.sampled_from(string.ascii_letters + string.digits + "-_"))
def test_a_token_with_any_other_character_is_not_found(position: int, replacement: str) -> None:
    token = SIGNER.token(EXPORT, OTHER)
    changed = token[:position] + replacement + token[position + 1 :]
    if changed == token:
        return
    with pytest.raises(NotFound):
        SIGNER.read(changed)


@given(st.text() | st.binary(min_size=48, max_size=48).map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_garbage_is_not_found(token: str) -> None:
    with pytest.raises(NotFound):
        SIGNER.read(token)


def test_a_token_has_one_spelling() -> None:
    nonce = next(nonce for n in range(10_000) if set(SIGNER.token(EXPORT, nonce := f"{n:032x}")) >= {"-", "_"})
    token = SIGNER.token(EXPORT, nonce)
    for spelling in (
        token.replace("-", "+").replace("_", "/"),
        f"{token}=",
        f"{token}\n",
        f" {token}",
        f"{token[:10]}\n{token[10:]}",
        token.swapcase(),
        token[:-1],
        token + "A",
        "",
    ):
        with pytest.raises(NotFound):
            SIGNER.read(spelling)


def test_a_token_of_another_secret_is_not_found() -> None:
    with pytest.raises(NotFound):
        SIGNER.read(LinkSigner(OLD).token(EXPORT, OTHER))


@pytest.mark.parametrize("secrets", [f"{NEW},{OLD}", f" {NEW} , {OLD} ", [NEW, OLD]])
def test_while_a_secret_is_replaced_the_first_signs_and_all_are_accepted(secrets: str | list[str]) -> None:
    both = LinkSigner(secrets)
    assert both.read(LinkSigner(OLD).token(EXPORT, OTHER)) == (EXPORT, OTHER)
    assert both.token(EXPORT, OTHER) == LinkSigner(NEW).token(EXPORT, OTHER)
    assert both.nonce(EXPORT, 0) == LinkSigner(NEW).nonce(EXPORT, 0)


def test_a_nonce_follows_from_export_generation_and_secret() -> None:
    nonces = {
        SIGNER.nonce(EXPORT, 0),
        SIGNER.nonce(EXPORT, 1),
        SIGNER.nonce(EXPORT, 256),
        SIGNER.nonce(OTHER, 0),
        LinkSigner(OLD).nonce(EXPORT, 0),
    }
    assert len(nonces) == 5
    assert all(len(bytes.fromhex(nonce)) == 16 for nonce in nonces)
    assert SIGNER.nonce(EXPORT, 1) == LinkSigner(NEW).nonce(EXPORT, 1)


def test_a_nonce_is_never_the_signature_of_the_same_bytes() -> None:
    nonce = f"{0:032x}"
    signature = base64.urlsafe_b64decode(SIGNER.token(EXPORT, nonce))[32:]
    assert signature.hex() != SIGNER.nonce(EXPORT, 0)


@pytest.mark.parametrize("secrets", ["", "x" * 31, " " * 40, f"{NEW},", f"{NEW},short", []])
def test_a_secret_of_fewer_than_32_characters_is_refused(secrets: str | list[str]) -> None:
    with pytest.raises(InvalidSetting, match="RUNFOLIO_LINK_SECRET") as caught:
        LinkSigner(secrets)
    assert NEW not in caught.value.detail
    assert "short" not in caught.value.detail


@pytest.mark.parametrize("public_url", ["https://example.org/runfolio", "https://example.org/runfolio/"])
def test_a_link_stands_below_the_public_address(public_url: str) -> None:
    assert SIGNER.url(public_url, "TOKEN") == "https://example.org/runfolio/d/TOKEN"


def test_in_logs_a_token_shows_a_part_of_the_export_id_only() -> None:
    first, second = SIGNER.token(EXPORT, OTHER), SIGNER.token(EXPORT, EXPORT)
    assert first != second
    assert mask(first) == mask(second) == first[:6] + "…"
