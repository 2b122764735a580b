from __future__ import annotations

import base64
import hashlib
import re

import pytest

from producer.contract.export import Format
from producer.contract.render.engines import COMMONMARK, PYTHON_MARKDOWN
from tests.unit.contract.render import pages
from tests.unit.contract.render.hostile import CORPUS

EXPECTED = (
    {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "header",
        "nav",
        "article",
        "section",
        "details",
        "summary",
    }
    | {"h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "span", "bdi", "a", "pre", "code", "samp", "em", "strong", "del"}
    | {"table", "tbody", "thead", "tr", "th", "td", "ul", "ol", "li", "blockquote", "hr", "br", "img", "input", "sup"}
    | {"b", "s"}
)
LINK_SCHEMES = re.compile(r"(?:https?://|mailto:|#|(?![\x00-\x20/\\]*[/\\]{2})[^:]*$)", re.IGNORECASE)


def check(html: str) -> None:
    reading = pages.Reading(html)
    assert {tag for tag, _ in reading.elements} <= EXPECTED
    assert len(reading.named("style")) == 1
    assert len(reading.named("meta")) == 5
    for _, attributes in reading.elements:
        assert not [name for name in attributes if name.startswith("on") or name in {"style", "srcset", "action"}]
        source = attributes.get("src")
        assert source is None or re.match(r"data:image/(png|jpeg|gif|webp);base64,", source)
        target = attributes.get("href")
        assert target is None or LINK_SCHEMES.match(target), target
    assert len(reading.ids) == len(set(reading.ids))


@pytest.mark.parametrize("engine", [COMMONMARK, PYTHON_MARKDOWN])
@pytest.mark.parametrize("text", CORPUS)
def test_nothing_hostile_becomes_active_in_any_field(text: str, engine: str) -> None:
    one = pages.page(
        name=text,
        iteration=1,
        description=text,
        input=text,
        output={text: text},
        output_media_type=text,
        error={"message": text, text: text},
        log=text,
        children=[{"name": text, "kind": text, "status": text, "input": text, "output": [text], text: text}],
        remarks=(text,),
        notes=[text],
        **{text + "?": text},
    )
    step_file = "".join(pages.renderer(Format.HTML, engine).step_file(pages.header(id=text[:50]), one))
    check(step_file)


@pytest.mark.parametrize("text", CORPUS)
def test_nothing_hostile_becomes_active_in_the_summary(text: str) -> None:
    record = {
        "workflow": {"id": "w", "name": text, "x": text},
        "execution": {
            "id": "e",
            "status": "failed",
            "triggered_by": text,
            "url": text,
            "input": text,
            "output": text,
            "error": text,
        },
        text: text,
    }
    check(pages.combined(Format.HTML, record, [pages.page(name=text, status="failed", output=text)]))


@pytest.mark.parametrize("text", CORPUS)
def test_commonmark_output_is_well_formed(text: str) -> None:
    assert pages.Reading(pages.html(input=text, output=text, log=text)).misnested == []


def test_all_hostile_text_stays_readable() -> None:
    for text in ("<script>alert(1)</script>", "<!-- unclosed", "<plaintext>"):
        assert text in pages.Reading(pages.html(output=text)).words


def test_the_policy_admits_the_style_of_the_page_and_no_other() -> None:

    html = pages.html(output="x")
    css = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert css is not None
    digest = base64.b64encode(hashlib.sha256(css[1].encode()).digest()).decode()
    policies = [meta["content"] for meta in pages.Reading(html).named("meta") if "http-equiv" in meta]
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    ]
    assert "url(" not in css[1]
    assert "@import" not in css[1]
