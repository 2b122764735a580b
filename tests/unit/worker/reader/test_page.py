from __future__ import annotations

import base64
import hashlib
import json
import re
import tracemalloc
from typing import Any

import pytest

from producer.contract.export import Format, RenderProfile
from producer.contract.record import read_header
from producer.contract.render import html_view
from producer.contract.render.model import Summary
from producer.contract.render.text import CHUNK
from tests.unit.contract.render import pages
from tests.unit.contract.render.hostile import CORPUS
from tests.unit.worker.reader.examples import HEADER, assistant, reader_steps, reading, step
from worker.reader import reader_page
from worker.reader.assets import assets

BLOCK = re.compile(r'<script type="application/json" ([^>]*)>([^<]*)</script>')


def blocks(html: str) -> dict[str, Any]:
    """Return the contents by anchor, and all rows together under ``rows``."""
    found: dict[str, Any] = {"rows": []}
    for attributes, text in BLOCK.findall(html):
        named = re.search(r'id="content-of-([a-z0-9-]+)"', attributes)
        if named:
            found[named[1]] = json.loads(text)
        else:
            found["rows"] += json.loads(text)
    return found


def test_a_step_is_shown_as_the_html_export_shows_it() -> None:
    raws = assistant(9)
    held = blocks(reading(raws))
    one = list(reader_steps(raws))[2]
    shown = "".join(pages.renderer(Format.HTML).combined_step(one.page))
    assert held["step-3"] == shown
    assert "needle3" in shown


def test_every_step_has_its_row_in_order() -> None:
    held = blocks(reading(assistant(250)))
    assert [one["anchor"] for one in held["rows"]] == [f"step-{number}" for number in range(1, 251)]
    assert all(one["anchor"] in held for one in held["rows"])


@pytest.mark.parametrize("engine", ["commonmark", "python-markdown"])
@pytest.mark.parametrize("text", CORPUS)
def test_nothing_of_the_record_leaves_its_place(text: str, engine: str) -> None:
    one = step(
        text, description=text, input=text, output={text: text}, error={text: text}, log=text, **{text + "?": text}
    )
    header = {
        "workflow": {"id": "w", "name": text},
        "execution": {"id": "e", "status": "failed", "input": text, "triggered_by": text, "url": text},
    }
    html = reading([one], header=header, profile=RenderProfile(markdown=engine))
    outside = BLOCK.sub("", html)
    assert outside.count("<script") == outside.count("</script") == 1
    assert str(assets().script) in outside
    reading_ = pages.Reading(BLOCK.sub("", html).replace(str(assets().script), ""))
    assert reading_.misnested == []
    assert not [name for _, attributes in reading_.elements for name in attributes if name.startswith("on")]
    assert {"step-1", "execution", "rows"} == set(blocks(html))


def test_the_policy_admits_this_style_and_this_script_only() -> None:
    html = reading([step()])
    (css,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script, css)]
    (policy,) = [meta["content"] for meta in pages.Reading(html).named("meta") if "http-equiv" in meta]
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{digests[0]}'; style-src 'sha256-{digests[1]}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def test_style_and_script_ask_for_nothing() -> None:
    assert not re.search(r"url\(|@import|@font-face", str(assets().style.css))
    script = str(assets().script)
    assert not re.search(r"fetch\(|XMLHttpRequest|import\(|localStorage", script)
    assert not re.search(r"eval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write", script)
    assert "</script" not in script
    assert "<!--" not in script


def test_the_same_bytes_every_time() -> None:
    assert reading(assistant()) == reading(assistant())


def test_steps_that_the_archive_leaves_out_are_told() -> None:
    assert "holds 1 of the 3 steps" in pages.Reading(reading([step()], expected=3)).words
    assert "holds" not in pages.Reading(reading([step()])).words


def test_steps_beyond_the_list_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.reader.page.LISTED", 2)
    html = reading([step(), step(), step()])
    assert len(blocks(html)["rows"]) == 2
    assert "The reader lists the first 2 of 3 steps" in pages.Reading(html).words


def test_without_steps_there_is_the_execution() -> None:
    html = reading([])
    held = blocks(html)
    assert held["rows"] == []
    assert "<em>ships</em>" in held["execution"]
    assert "virtual assistant" in pages.Reading(html).words


def test_memory_does_not_grow_with_the_steps() -> None:
    peaks = []
    for count in (100, 1_000):
        document = read_header(HEADER)
        raws = (step(f"s{number}", output="x" * 20_000) for number in range(count))
        page = reader_page(html_view(RenderProfile()), Summary(document, {}, count, count), reader_steps(raws))
        tracemalloc.start()
        longest = max(map(len, page))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert longest < 2 * CHUNK
    assert peaks[1] < peaks[0] + (1 << 20)
