from __future__ import annotations

import socket
from typing import Any

import pytest

from producer.contract.callbacks import AllowList, parse_url
from tests.unit.hostile_addresses import LITERALS, PRIVATE
from worker.callbacks.addresses import checked_addresses, system_resolver
from worker.callbacks.outcome import Undelivered


def resolving(*addresses: str) -> Any:
    return lambda _host, _port: addresses


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_resolves_to_such_an_address_is_refused(address: str) -> None:
    with pytest.raises(Undelivered, match="not public") as caught:
        checked_addresses(parse_url("https://receiver.example/"), AllowList(), resolving(address))
    assert address not in caught.value.detail


@pytest.mark.parametrize("host", LITERALS)
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


class Rebinding:
    """A name whose every answer is another one."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = iter(answers)

    def __call__(self, _host: str, _port: int) -> list[str]:
        return next(self._answers)


@pytest.mark.parametrize("then", PRIVATE)
def test_a_name_that_led_to_a_public_address_once_is_checked_anew_for_every_attempt(then: str) -> None:
    url, rebinding = (
        parse_url("https://rebind.example/"),
        Rebinding(["8.8.8.8"], [then], ["8.8.8.8", then], ["1.1.1.1"]),
    )
    assert [str(one) for one in checked_addresses(url, AllowList(), rebinding)] == ["8.8.8.8"]
    for _ in range(2):
        with pytest.raises(Undelivered, match="not public"):
            checked_addresses(url, AllowList(), rebinding)
    assert [str(one) for one in checked_addresses(url, AllowList(), rebinding)] == ["1.1.1.1"]


@pytest.mark.parametrize("nonsense", ["", "2130706433", "0x7f000001", "127.1", "localhost", "127.0.0.1:80"])
def test_a_resolver_that_answers_no_address_is_connected_to_nowhere(nonsense: str) -> None:
    with pytest.raises(Undelivered, match="no address"):
        checked_addresses(parse_url("http://receiver.example/"), AllowList(), resolving(nonsense))


def test_a_named_port_is_the_only_one() -> None:
    allow = AllowList("127.0.0.1:8080")
    assert checked_addresses(parse_url("http://127.0.0.1:8080/"), allow, resolving())
    for port in (80, 6379, 8333, 18080):
        with pytest.raises(Undelivered):
            checked_addresses(parse_url(f"http://127.0.0.1:{port}/"), allow, resolving())
