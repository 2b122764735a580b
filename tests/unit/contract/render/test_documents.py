from __future__ import annotations

import re
from typing import Any

import pytest

from producer.contract.errors import InvalidSetting
from producer.contract.export import Format, RenderProfile
from producer.contract.record import Status, read_header, read_step
from producer.contract.render import make_renderer
from producer.contract.render.model import ContentsLine, StepPage, Summary
from producer.contract.render.text import CHUNK
from tests.unit.contract.render import pages

RECORD: dict[str, Any] = {
    "workflow": {"id": "w-1", "name": "virtual assistant", "project": "demo"},
    "execution": {
        "id": "e-1",
        "status": "timed-out",
        "started_at": "2025-04-09T11:59:56Z",
        "finished_at": "2025-04-09T12:03:11Z",
        "triggered_by": {"user": "Ada"},
        "url": "https://engine.example/e-1",
        "input": "write",
        "error": "boom",
        "tokens": 5,
    },
    "extra": [1],
}


def steps() -> list[StepPage]:
    return [
        pages.page(name="draft", iteration=1, output="# a")._replace(anchor="step-1"),
        pages.page(name="publish", status="failed", error="no")._replace(anchor="step-2"),
    ]


def test_the_combined_page_has_its_parts_in_order() -> None:
    reading = pages.Reading(pages.combined(Format.HTML, RECORD, steps()))
    assert reading.headings == [
        (1, "virtual assistant"),
        (2, "Failures"),
        (2, "Contents"),
        (2, "Triggered by"),
        (2, "Execution input"),
        (2, "Execution error"),
        (2, "Other fields of the execution"),
        (2, "draft iteration 1"),
        (3, "Output"),
        (4, "a"),
        (2, "publish"),
        (3, "Error"),
    ]
    assert reading.misnested == []
    links = [link["href"] for link in reading.named("a")]
    assert links == ["https://engine.example/e-1", "#step-2", "#step-1", "#step-2"]
    assert {"step-1", "step-2"} <= set(reading.ids)
    assert "2 (1 succeeded, 1 failed)" in reading.words
    for lost in ("project", "demo", "tokens", "extra", "Ada", "timed out", "3 min 15 s"):
        assert lost in reading.words


def test_the_combined_markdown_says_the_same() -> None:
    text = pages.combined(Format.MARKDOWN, RECORD, steps())
    headings = re.findall(r"^#+ .*$", text, re.MULTILINE)
    assert headings == [
        "# virtual assistant", "## Failures", "## Contents", "## Triggered by", "## Execution input",
        "## Execution error", "## Other fields of the execution", "## draft (iteration 1)", "### Output", "#### a",
        "## publish", "### Error",
    ]  # fmt: skip
    assert "- [publish](#step-2): failed\n" in text
    assert "1. [draft (iteration 1)](#step-1): succeeded\n2. [publish](#step-2): failed\n" in text
    assert '<a id="step-2"></a>' in text
    assert "| Address | <https://engine.example/e-1> |" in text


@pytest.mark.parametrize("format", list(Format))
def test_an_omission_is_told(format: Format) -> None:  # noqa: A002 # the option's name
    sentence = "This file holds 2 of the 9 steps of the execution."
    assert sentence in pages.combined(format, RECORD, steps(), expected=9)
    assert "This file holds" not in pages.combined(format, RECORD, steps())


@pytest.mark.parametrize("format", list(Format))
def test_an_execution_without_steps_has_no_lists(format: Format) -> None:  # noqa: A002 # the option's name
    text = pages.combined(format, RECORD, [])
    assert "Contents" not in text
    assert "Failures" not in text


@pytest.mark.parametrize("format", list(Format))
def test_contents_are_consumed_as_they_are_written(format: Format) -> None:  # noqa: A002 # the option's name
    taken = 0

    def contents() -> Any:
        nonlocal taken
        for number in range(100_000):
            taken += 1
            yield ContentsLine(f"step {number}", None, Status.SUCCEEDED, None, None, f"step-{number}")

    summary = Summary(read_header(RECORD), {Status.SUCCEEDED: 100_000}, 100_000, 100_000)
    head = pages.renderer(format).combined_head(summary, iter(()), contents())
    next(head)
    assert taken < 5_000
    assert max(map(len, head)) < 4 * CHUNK
    assert taken == 100_000


@pytest.mark.parametrize("format", list(Format))
def test_the_same_step_gives_the_same_text(format: Format) -> None:  # noqa: A002 # the option's name
    assert pages.combined(format, RECORD, steps()) == pages.combined(format, RECORD, steps())


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://x", "https://a b", "https://x\u202e", "//x", ""])
def test_only_web_addresses_are_linked(url: str) -> None:
    record = RECORD | {"execution": RECORD["execution"] | {"url": url}}
    reading = pages.Reading(pages.combined(Format.HTML, record, []))
    assert reading.named("a") == []
    assert "Address" in reading.words
    assert f"<{url}>" not in pages.combined(Format.MARKDOWN, record, [])


def nested(depth: int) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": f"layer {depth}", "kind": "tool", "output": "# bottom"}
    for number in range(depth - 1, 0, -1):
        entry = {"name": f"layer {number}", "input": {"n": number}, "children": [entry]}
    return entry


@pytest.mark.parametrize("depth", [1, 3, 60, 300])
def test_nested_entries_show_at_any_depth(depth: int) -> None:
    reading = pages.Reading(pages.html(children=[nested(depth)]))
    names = [text for _, text in reading.headings if text.startswith("layer")]
    assert names == [f"layer {number}" for number in range(1, depth + 1)]
    assert reading.misnested == []
    markdown = pages.md(children=[nested(depth)])
    assert len(re.findall(r"^#{3,6} layer \d+", markdown, re.MULTILINE)) == depth
    assert ("level 60" in reading.words) is (depth >= 60)
    assert ("level 60" in markdown) is (depth >= 60)


def test_siblings_follow_their_elders_children() -> None:
    children = [{"name": "a", "children": [{"name": "b"}]}, {"name": "c"}, {"name": ""}]
    headings = pages.Reading(pages.html(children=children)).headings
    assert headings[2:] == [(3, "a"), (4, "b"), (3, "c"), (3, "(unnamed)")]


def test_a_name_cannot_pose_as_another() -> None:
    for text in (pages.html(name="invoice\u202efdp.exe\n"), pages.md(name="invoice\u202efdp.exe\n")):
        assert "invoice⟨U+202E⟩fdp.exe␊" in text
        assert "\u202e" not in text


def test_an_unnamed_step_is_called_so() -> None:
    assert pages.md(name="").startswith("# (unnamed step)\n")


def test_the_number_that_the_record_gives_is_kept_where_it_differs() -> None:
    document = read_step({"name": "a", "status": "failed", "iteration": 7}, 0)
    text = "".join(pages.renderer(Format.MARKDOWN).step_file(pages.header(), StepPage(document, 1, "step-1")))
    assert "| Iteration | 1 |\n| Iteration in the record | 7 |" in text


@pytest.mark.parametrize(
    "profile",
    [
        RenderProfile(timezone="Mars/Base"),
        RenderProfile(timezone="../x"),
        RenderProfile(timezone="Europe"),
        RenderProfile(markdown="x"),
    ],
)
def test_a_wrong_profile_is_refused_with_the_variable(profile: RenderProfile) -> None:
    with pytest.raises(InvalidSetting, match=r"RUNFOLIO_(TIMEZONE|MARKDOWN)"):
        make_renderer(Format.HTML, profile)


def test_a_large_log_comes_in_pieces() -> None:
    one = pages.page(log="x\x1b[1m" + "y" * (20 * CHUNK))
    for format in Format:  # noqa: A001 # the option's name
        assert max(map(len, pages.renderer(format).step_file(pages.header(), one))) < 2 * CHUNK
