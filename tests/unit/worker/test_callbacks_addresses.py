from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.callbacks import parse_url
from producer.contract.errors import InvalidSetting
from worker.callbacks.addresses import AllowList, checked_addresses, is_public, system_resolver
from worker.callbacks.outcome import Undelivered

PRIVATE = [
    "0.0.0.0",  # noqa: S104 # an address that must be refused; nothing listens on it
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.1.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::a9fe:a9fe%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001:830::200e", "64:ff9b::8.8.8.8"]


def resolving(*addresses: str) -> Any:
    return lambda _host, _port: addresses


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_resolves_to_such_an_address_is_refused(address: str) -> None:
    with pytest.raises(Undelivered, match="not public") as caught:
        checked_addresses(parse_url("https://receiver.example/"), AllowList(), resolving(address))
    assert address not in caught.value.detail


@pytest.mark.parametrize(
    "host", [f"[{address}]" if ":" in address else address for address in PRIVATE if "%" not in address]
)
def test_such_an_address_itself_is_refused(host: str) -> None:
    with pytest.raises(Undelivered, match="not public"):
        checked_addresses(parse_url(f"http://{host}/"), AllowList(), resolving())


def test_one_private_address_among_public_ones_refuses_the_host() -> None:
    with pytest.raises(Undelivered, match="not public"):
        checked_addresses(parse_url("http://mixed.example/"), AllowList(), resolving("8.8.8.8", "10.0.0.1"))


def test_public_addresses_are_returned_once_and_in_order() -> None:
    url = parse_url("http://receiver.example/")
    found = checked_addresses(url, AllowList(), resolving("2606:4700:4700::1111", "8.8.8.8", "::ffff:8.8.8.8"))
    assert [str(address) for address in found] == ["2606:4700:4700::1111", "8.8.8.8"]


def test_a_name_is_resolved_exactly_once() -> None:
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["8.8.8.8"]

    checked_addresses(parse_url("https://receiver.example:8443/"), AllowList(), resolve)
    assert asked == [("receiver.example", 8443)]


def test_a_name_without_addresses_cannot_be_told() -> None:
    with pytest.raises(Undelivered, match="no address"):
        checked_addresses(parse_url("http://receiver.example/"), AllowList(), resolving())


@pytest.mark.parametrize(
    ("allow", "url", "address"),
    [
        ("hooks.internal", "http://hooks.internal/", "10.0.0.1"),
        ("Hooks.Internal", "http://HOOKS.internal:8080/", "10.0.0.1"),
        ("hooks.internal:8080", "http://hooks.internal:8080/", "10.0.0.1"),
        ("other, hooks.internal ,", "http://hooks.internal/", "127.0.0.1"),
        ("10.0.0.1", "http://hooks.internal/", "10.0.0.1"),
        ("10.0.0.1:80", "http://hooks.internal/", "10.0.0.1"),
        ("10.0.0.0/8", "http://hooks.internal/", "10.9.8.7"),
        ("10.0.0.0/8", "http://hooks.internal/", "::ffff:10.9.8.7"),
        ("127.0.0.1", "http://127.0.0.1/", "unused"),
        ("::1", "http://[::1]/", "unused"),
        ("[::1]:8080", "http://[::1]:8080/", "unused"),
        ("fd00::/8", "http://hooks.internal/", "fd12::1"),
        ("[fd00::/8]:80", "http://hooks.internal/", "fd12::1"),
    ],
)
def test_what_the_operator_names_is_allowed(allow: str, url: str, address: str) -> None:
    assert checked_addresses(parse_url(url), AllowList(allow), resolving(address))


@pytest.mark.parametrize(
    ("allow", "url", "address"),
    [
        ("", "http://hooks.internal/", "10.0.0.1"),
        ("hooks.internal:8080", "http://hooks.internal/", "10.0.0.1"),
        ("hooks.internal", "http://evil.hooks.internal/", "10.0.0.1"),
        ("internal", "http://hooks.internal/", "10.0.0.1"),
        ("10.0.0.1:8080", "http://hooks.internal/", "10.0.0.1"),
        ("10.0.0.0/9", "http://hooks.internal/", "10.128.0.1"),
        ("10.0.0.1", "http://hooks.internal/", "64:ff9b::10.0.0.1"),
        ("8.8.8.8", "http://hooks.internal/", "10.0.0.1"),
    ],
)
def test_what_the_operator_does_not_name_is_not_allowed(allow: str, url: str, address: str) -> None:
    with pytest.raises(Undelivered, match="RUNFOLIO_CALLBACK_ALLOW"):
        checked_addresses(parse_url(url), AllowList(allow), resolving(address))


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


def test_the_systems_resolver_hands_on_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(host: str, port: int, **options: Any) -> list[Any]:
        assert (host, port, options) == ("receiver.example", 443, {"type": socket.SOCK_STREAM})
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2606:4700:4700::1111", 443, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 443)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert system_resolver("receiver.example", 443) == ["2606:4700:4700::1111", "8.8.8.8"]


def test_a_name_that_does_not_resolve_is_no_error_of_the_librarys(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(Undelivered, match="cannot be resolved: Name or service not known"):
        system_resolver("nowhere.example", 80)


def test_a_name_of_this_machine_is_refused() -> None:
    with pytest.raises(Undelivered, match="not public"):
        checked_addresses(parse_url("http://localhost/"), AllowList(), system_resolver)
