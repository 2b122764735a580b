from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.callbacks import CallbackUrl, parse_url
from producer.contract.errors import InvalidOptions


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com", CallbackUrl("https", "example.com", 443, "/")),
        ("HTTPS://Example.COM/Path", CallbackUrl("https", "example.com", 443, "/Path")),
        ("http://example.com?x=1", CallbackUrl("http", "example.com", 80, "/?x=1")),
        ("http://example.com:8080/a/../b?u=a@b", CallbackUrl("http", "example.com", 8080, "/a/../b?u=a@b")),
        ("http://localhost/", CallbackUrl("http", "localhost", 80, "/")),
        ("http://hook_receiver:5678/x", CallbackUrl("http", "hook_receiver", 5678, "/x")),
        ("http://xn--mnchen-3ya.de/", CallbackUrl("http", "xn--mnchen-3ya.de", 80, "/")),
        ("http://127.0.0.1:1/", CallbackUrl("http", "127.0.0.1", 1, "/")),
        ("http://[2001:DB8:0::1]/", CallbackUrl("http", "2001:db8::1", 80, "/")),
        ("http://[::ffff:127.0.0.1]:65535/", CallbackUrl("http", "::ffff:7f00:1", 65535, "/")),
        ("https://example.com/%E2%9C%93?q=%20", CallbackUrl("https", "example.com", 443, "/%E2%9C%93?q=%20")),
    ],
)
def test_addresses_are_read_into_their_parts(url: str, expected: CallbackUrl) -> None:
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "not absolute"),
        ("/hook", "not absolute"),
        ("//example.com/", "not absolute"),
        ("example.com/hook", "not absolute"),
        ("https:example.com", "not absolute"),
        ("ftp://example.com/", "scheme 'ftp'"),
        ("file:///etc/passwd", "scheme 'file'"),
        ("gopher://example.com/_x", "scheme 'gopher'"),
        ("http://", "no host"),
        ("http:///path", "no host"),
        ("http://:80/", "no host"),
        ("http://example.com:/", "malformed"),
        ("http://example.com:0/", "port"),
        ("http://example.com:65536/", "port"),
        ("http://example.com:123456/", "malformed"),
        ("http://user:password@example.com/", "credentials"),
        ("http://example.com@127.0.0.1/", "credentials"),
        ("http://127.0.0.1:80@example.com/", "credentials"),
        ("http://example.com/#part", "fragment"),
        ("http://example.com#@127.0.0.1/", "fragment"),
        ("http://example.com/#", "fragment"),
        ("http://example.com\\@127.0.0.1/", "character"),
        ("http://exa mple.com/", "character"),
        (" http://example.com/", "character"),
        ("http://example.com/\r\nX-Injected: 1", "character"),
        ("http://example.com/a\tb", "character"),
        ("http://example.com/%zz", "character"),
        ("http://example.com/%", "character"),
        ("http://münchen.de/", "character"),
        ("http://\uff11\uff12\uff17.0.0.1/", "character"),
        ("http://exam%70le.com/", "malformed"),
        ("http://[fe80::1%25eth0]/", "malformed"),
        ("http://[::1/", "malformed"),
        ("http://[:::]/", "no IPv6"),
        ("http://[127.0.0.1]/", "no IPv6"),
        ("http://2130706433/", "numeric host"),
        ("http://0x7f000001/", "numeric host"),
        ("http://0x/", "numeric host"),
        ("http://017700000001/", "numeric host"),
        ("http://127.1/", "numeric host"),
        ("http://0177.0.0.1/", "numeric host"),
        ("http://0x7f.0.0.0x1/", "numeric host"),
        ("http://127.0.0.256/", "numeric host"),
        ("http://example.com./", "DNS name"),
        ("http://.example.com/", "DNS name"),
        ("http://a..b/", "DNS name"),
        ("http://-a.example/", "DNS name"),
        (f"http://{'a' * 64}.example/", "DNS name"),
        (f"http://{'a.' * 127}example/", "DNS name"),
        ("http://example.com/" + "a" * 2048, "longer than 2048"),
    ],
)
def test_other_addresses_are_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(InvalidOptions, match=reason) as caught:
        parse_url(url)
    assert caught.value.field == "callback_url"
    assert caught.value.remedy


def test_an_address_of_the_greatest_length_is_accepted() -> None:
    head = "https://example.com/"
    parse_url(head + "a" * (2048 - len(head)))


def test_a_refusal_never_repeats_the_address() -> None:
    with pytest.raises(InvalidOptions) as caught:
        parse_url("https://user:hunter2@example.com/")
    assert "hunter2" not in f"{caught.value.detail} {caught.value.remedy}"


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://example.com:80/", "example.com"),
        ("https://example.com:443/", "example.com"),
        ("https://example.com:80/", "example.com:80"),
        ("http://[::1]/", "[::1]"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ],
)
def test_the_authority_leaves_out_the_default_port_and_brackets_ipv6(url: str, authority: str) -> None:
    assert parse_url(url).authority == authority


def test_the_origin_keeps_path_and_query_to_itself() -> None:
    assert parse_url("https://hooks.example.com:8443/T0/B0/secret?token=1").origin == "https://hooks.example.com:8443"


@settings(max_examples=200)
@given(st.text(alphabet=st.sampled_from("ahtps:/?#[]@!.%-_0127x\\ \tü"), max_size=40))
def test_whatever_is_accepted_can_be_put_together_again(tail: str) -> None:
    try:
        url = parse_url(f"http://{tail}")
    except InvalidOptions:
        return
    assert parse_url(f"{url.origin}{url.target}") == url
    assert not set(url.host) & set("/?#@[]\\% \t")
    assert url.target.startswith("/")
    assert url.target.isascii()
    assert url.target.isprintable()
