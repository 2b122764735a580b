from __future__ import annotations

from urllib.parse import unquote, urljoin, urlsplit

import pytest

from producer.pages.login import login_first, own_page, read_form

SITE = "https://runfolio.example"

OUTSIDE = [
    "",
    " ",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "//\\evil.example",
    "/workflows\\..\\..\\evil.example",
    "https://evil.example",
    "HTTPS://evil.example",
    "https:evil.example",
    "http:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    "?next=//evil.example",
    "#//evil.example",
    " //evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "/\r\nSet-Cookie: a=b",
    "/\x00/evil.example",
    "/\x7f/evil.example",
    "/\u2028/evil.example",
    "/\u202e//evil.example",
    "/\ufeff/evil.example",
    "/\xa0/evil.example",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_what_could_lead_elsewhere_leads_to_the_first_page(path: str) -> None:
    assert own_page(path) == "/"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/exports?status=ready&cursor=abc",
        "/workflows/a%2Fb/executions/%2E%2E",
        "/workflows/50%25?status=timed-out",
        "/%5Cevil.example",
        "/%2Fevil.example",
        "/%2F%2Fevil.example",
        "/%09/evil.example",
        "/@evil.example",
        "/https://evil.example",
        "/workflows/\U0001f984",
        "/./",
    ],
)
def test_a_page_of_this_site_is_come_back_to(path: str) -> None:
    assert own_page(path) == path
    assert urlsplit(urljoin(SITE, path)).netloc == urlsplit(SITE).netloc


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/", "/login"),
        ("/exports", "/login?next=%2Fexports"),
        (
            "/workflows/a%2Fb?status=failed&cursor=x",
            "/login?next=%2Fworkflows%2Fa%252Fb%3Fstatus%3Dfailed%26cursor%3Dx",
        ),
        ("/workflows/\U0001f984", "/login?next=%2Fworkflows%2F%F0%9F%A6%84"),
    ],
)
def test_the_login_leads_back(path: str, location: str) -> None:
    answer = login_first(path)
    assert (answer.status_code, answer.headers["location"]) == (303, location)
    if path != "/":
        assert unquote(answer.headers["location"].partition("next=")[2]) == path


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"", {}),
        (b"token=rf_a-b_c&next=%2Fexports%3Fa%3Db", {"token": "rf_a-b_c", "next": "/exports?a=b"}),
        (b"token=a+b%2B", {"token": "a b+"}),
        (b"token=&code=", {}),
        (b"token=one&token=two", {"token": "one"}),
        (b"token=%F0%9F%A6%84", {"token": "\U0001f984"}),
        (b"token=\xff%ff", {"token": "\ufffd\ufffd"}),
        (b"token=%zz", {"token": "%zz"}),
        (b"token=a;code=b", {"token": "a;code=b"}),
        (b"&&=&==&token", {}),
        (b"\x00\x01{", {}),
    ],
)
def test_a_form_is_read(body: bytes, form: dict[str, str]) -> None:
    assert {name: value for name, value in read_form(body).items() if name} == form
