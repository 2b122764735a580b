"""The templates themselves: nothing in them that the policy would refuse, nothing that a value could break out of."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pytest
from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError, nodes

from producer.contract.problem import Problem
from producer.pages.login import LoginPage
from producer.pages.templating import POLICY, html_page

FOLDER = files("producer").joinpath("templates")
NAMES = sorted(file.name for file in FOLDER.iterdir())

_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


class Markup(HTMLParser):
    """Finds what a strict policy refuses: scripts, styles and handlers that stand in the page itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and not names.get("src")):
            self.inline.append(tag)
        self.inline += [f"{tag} {name}" for name in names if name == "style" or name.startswith("on")]
        self.inline += [f"{tag} {value}" for value in names.values() if (value or "").strip().startswith("javascript:")]


def source(name: str) -> str:
    return FOLDER.joinpath(name).read_text()


def text_of(answer: Any) -> str:
    return bytes(answer.body).decode()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_stands_inline(name: str) -> None:
    assert Markup(_EXPRESSION.sub("x", source(name))).inline == []


@pytest.mark.parametrize("name", NAMES)
def test_a_value_in_an_attribute_stands_in_quotes(name: str) -> None:
    assert re.findall(r"=\s*\{\{[^}]*\}\}", source(name)) == []
    assert re.findall(r"='[^'>]*\{\{", source(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_template_switches_escaping_off(name: str) -> None:
    tree = Environment(autoescape=True).parse(source(name))
    filters = {found.name for found in tree.find_all(nodes.Filter)}
    assert filters <= {"length", "max", "e", "escape"}
    assert not [*tree.find_all(nodes.ScopedEvalContextModifier)]


@pytest.mark.parametrize("name", NAMES)
def test_every_static_file_that_is_named_exists(name: str) -> None:
    static = {
        file.name
        for package in ("producer", "producer.contract.render")
        for file in files(package).joinpath("static").iterdir()
    }
    named = set(re.findall(r"asset\(['\"]([^'\"]+)['\"]\)", source(name)))
    assert named <= static


@pytest.mark.parametrize("name", NAMES)
def test_no_template_loads_from_elsewhere(name: str) -> None:
    loaded = re.findall(r"<(?:script|link|img|iframe|form|source)[^>]*?(?:src|href|action)=\"([^\"]*)\"", source(name))
    assert [address for address in loaded if not address.startswith(("{{ asset(", "/"))] == []
    assert "//" not in "".join(loaded)


@pytest.mark.parametrize("name", NAMES)
def test_every_template_compiles_and_finds_what_it_includes(name: str) -> None:
    environment = Environment(loader=PackageLoader("producer"), autoescape=True, undefined=StrictUndefined)
    tree = environment.parse(source(name))
    environment.get_template(name)
    wanted = [
        node.template
        for node in tree.find_all((nodes.Extends, nodes.Include, nodes.FromImport))
        if isinstance(node, nodes.Extends | nodes.Include | nodes.FromImport)
    ]
    assert {node.value for node in wanted if isinstance(node, nodes.Const)} <= set(NAMES)


def test_the_policy_runs_and_loads_only_files_of_ours() -> None:
    rules = {rule.split()[0]: rule.split()[1:] for rule in POLICY.split("; ")}
    assert rules == {
        "default-src": ["'none'"],
        "style-src": ["'self'"],
        "script-src": ["'self'"],
        "connect-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }


def test_a_page_is_escaped_and_not_kept() -> None:
    answer = html_page("login.html", LoginPage('/"><script>alert(1)</script>', "<b>wrong</b>", "'\"&"), 401)
    text = text_of(answer)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert (answer.headers["content-security-policy"], answer.headers["cache-control"]) == (POLICY, "no-store")
    assert Markup(text).inline == []
    assert "&lt;b&gt;wrong&lt;/b&gt;" in text
    assert 'value="/&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in text


def test_a_page_may_have_another_policy() -> None:
    answer = html_page("content.html", "a < b", policy="default-src 'none'")
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    assert text_of(answer).strip() == "a &lt; b"


def test_what_a_template_misses_is_no_blank() -> None:
    with pytest.raises(UndefinedError):
        html_page("login.html", Problem("urn:x", "title", 404, "detail", None, None))
