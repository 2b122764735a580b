from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.callbacks import AllowList, is_public, read_address, validate_url
from producer.contract.errors import InvalidOptions, InvalidSetting
from tests.unit.hostile_addresses import DISGUISES, LITERALS, PRIVATE, PUBLIC


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "item",
    [
        "http://x",
        "*.internal",
        "a b",
        "10.0.0.1/8",
        "127.1",
        "2130706433",
        "x:99999",
        "10.0.0.1:99999",
        "x/y",
        "a@b",
        "x?",
        ":80",
        "[::1",
        "a#b",
    ],
)
def test_a_wrong_setting_is_named(item: str) -> None:
    with pytest.raises(InvalidSetting, match="RUNFOLIO_CALLBACK_ALLOW") as caught:
        AllowList(f"good.example,{item}")
    assert item in caught.value.detail


@settings(max_examples=200)
@given(
    st.ip_addresses(network="10.0.0.0/8")
    | st.ip_addresses(network="127.0.0.0/8")
    | st.ip_addresses(network="169.254.0.0/16")
)
def test_no_disguise_of_a_private_ipv4_address_is_public(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for disguise in (
        number,
        0xFFFF << 32 | number,
        0x64FF9B << 96 | number,
        0x2002 << 112 | number << 80,
        0x20010000 << 96 | number ^ 0xFFFFFFFF,
    ):
        assert not is_public(ipaddress.IPv6Address(disguise))


@pytest.mark.parametrize("scheme", ["http", "https", "HTTP"])
@pytest.mark.parametrize("host", LITERALS)
def test_an_address_that_is_not_public_is_refused_when_it_is_given(host: str, scheme: str) -> None:
    with pytest.raises(InvalidOptions, match="not public") as caught:
        validate_url(f"{scheme}://{host}:8080/hook", AllowList())
    assert caught.value.field == "callback_url"
    assert "RUNFOLIO_CALLBACK_ALLOW" in str(caught.value.remedy)
    assert host not in caught.value.detail


@pytest.mark.parametrize("host", DISGUISES)
def test_no_disguise_is_accepted(host: str) -> None:
    with pytest.raises(InvalidOptions) as caught:
        validate_url(f"http://{host}/hook", AllowList())
    assert caught.value.field == "callback_url"


@pytest.mark.parametrize("host", [f"[{address}]" if ":" in address else address for address in PUBLIC])
def test_a_public_address_is_accepted(host: str) -> None:
    validate_url(f"https://{host}/hook", AllowList())


@pytest.mark.parametrize("host", ["receiver.example", "localhost", "metadata.google.internal", "127.0.0.1.nip.io"])
def test_a_name_is_accepted_for_it_is_checked_when_it_is_told(host: str) -> None:
    validate_url(f"https://{host}/hook", AllowList())


@pytest.mark.parametrize(
    ("allow", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.0/8", "[::ffff:127.0.0.1]"),
        ("10.0.0.0/8,169.254.0.0/16", "169.254.169.254"),
        ("[::1]:8080", "[::1]:8080"),
        ("fd00::/8", "[fd00:ec2::254]"),
    ],
)
def test_what_the_operator_names_may_be_given(allow: str, host: str) -> None:
    validate_url(f"http://{host}/hook", AllowList(allow))
    with pytest.raises(InvalidOptions):
        validate_url(f"http://{host}/hook", AllowList("10.99.0.1"))


def test_naming_an_address_does_not_let_its_disguises_in() -> None:
    for host in ("2130706433", "0x7f000001", "127.1", "0177.0.0.1"):
        with pytest.raises(InvalidOptions):
            validate_url(f"http://{host}/", AllowList("127.0.0.0/8"))


@settings(max_examples=300)
@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_an_address_is_accepted_as_it_is_written_exactly_where_it_is_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    host = f"[{address}]" if address.version == 6 else str(address)
    read = read_address(str(address))
    assert read is not None
    try:
        validate_url(f"http://{host}/", AllowList())
    except InvalidOptions:
        assert not is_public(read)
    else:
        assert is_public(read)
