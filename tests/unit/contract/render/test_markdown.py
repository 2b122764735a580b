from __future__ import annotations

import comrak
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.export import Format
from producer.contract.render.embed import embed
from producer.contract.render.engines import github_extensions
from producer.contract.render.markdownblocks import code_span, inline
from tests.unit.contract.render import pages


def render(text: str) -> pages.Reading:
    options = comrak.RenderOptions()
    options.unsafe_ = True
    return pages.Reading(comrak.render_markdown(text, github_extensions(), comrak.ParseOptions(), options))


NAMES = [
    "<b>&|☕_x_",
    "a\\|b",
    "a_b",
    "_a",
    "`x`",
    "# x #",
    "[x](y)",
    "![x](y)",
    "*a*",
    "~~a~~",
    "1. a",
    "- a",
    "+ a",
    "&amp;",
    "&#35;",
    "a\\",
    "=",
    "a | b",
    "x\\_y",
    "<!-- x",
    "$a$ ~a~",
    "a``b",
    ":smile:",
    "a@b.example",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_show_exactly_in_headings_tables_links_and_notes(name: str) -> None:
    assert render(f"# {inline(name)}\n").headings == [(1, name)]
    assert render(f"| a |\n| --- |\n| {inline(name)} |\n").words.split() == ["a", *name.split()]
    assert render(f"- [{inline(name)}](#x)\n").words.strip() == name
    assert render(f"> {inline(name)}\n").words.strip() == name


@settings(max_examples=200)
@given(st.text(alphabet="ab1 .-+=#*_`~[]()<>&|\\!:\"'$é", min_size=1))
def test_any_line_shows_exactly_in_a_heading_and_a_table(text: str) -> None:
    text = text.strip() or "x"
    assert render(f"# {inline(text)}\n").headings == [(1, text)]
    cell = render(f"| a | b |\n| --- | --- |\n| {inline(text)} | end |\n").words
    assert [part.strip() for part in cell.split("\n") if part.strip()] == ["a", "b", text, "end"]


@settings(max_examples=100)
@given(st.text(alphabet="`a ", min_size=1))
def test_code_spans_hold_any_backticks(text: str) -> None:
    if text.strip():
        assert render(code_span(text) + "\n").words.strip("\n") == text


OPEN_ENDED = [
    "```\ncode",
    "~~~~py\n```\ncode",
    "``````\n```",
    "- a\n  ```\n  code",
    "> ```\n> code",
    "- a\n\n  - b",
    "<!-- comment",
    "<details>\n<summary>x</summary>\n\ntext",
    "<div>\n<div>\n\nx",
    "<pre>\nx",
    "<script>\nx",
    "<?php",
    "<![CDATA[ x",
    "<!DOCTYPE",
    "text",
    "text\n===",
    "    indented",
    "1) a",
    "| a |\n|---|",
    "[a]: b",
    "a\\",
    "*a",
    "`a",
    "\tx",
    "```\n<!--",
    "<div><!-- x\n\ny",
    "<table><tr><td></td></tr>",
    '<div title="\n\nx',
    "- ~~~\n\n  x",
    "   ```\nx",
    "<div\n",
    "text <b>bold",
    "<style>\n```",
]


@pytest.mark.parametrize("text", OPEN_ENDED)
def test_a_field_ends_where_it_ends(text: str) -> None:
    reading = render(pages.md(output=text, log="the log"))
    assert (2, "Log") in reading.headings
    assert set(reading.misnested) <= {"p", "b"}, "a paragraph may end before the emphasis in it does, a block may not"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "```",
                "~~~",
                "````",
                "- ",
                "> ",
                "  ",
                "    ",
                "x",
                "\n",
                "<!--",
                "-->",
                "<div>",
                "# ",
                "---",
                "<pre>",
                "`",
                "|",
            ]
        )
    )
)
def test_no_field_swallows_the_next_section(parts: list[str]) -> None:
    text = "".join(parts)
    headings = render(pages.md(output=text, log="the log")).headings
    assert headings[-1] == (2, "Log")


def test_headings_of_a_field_stand_below_its_section() -> None:
    text = "# a\n\n```\n# not one\n```\n\nb\n---\n\n> # quoted\n\n### c ###"
    assert embed(text, 2) == "### a\n\n```\n# not one\n```\n\n#### b\n\n\n> # quoted\n\n##### c ###"
    assert embed("### a", 2) == "### a"
    assert embed("a #\n===", 2) == "a #\n==="


def test_plain_text_is_left_as_it_is() -> None:
    text = "- a\n  - b\n\n| a |\n|---|\n| 1 |\n\n1 < 2"
    assert embed(text, 2) == text


def test_fences_are_longer_than_any_inside() -> None:
    text = pages.md(log="a\n```\nb\n`````\nc")
    assert "``````\na\n```\nb\n`````\nc\n``````\n" in text
    assert render(text).headings == [(1, "load"), (2, "Log")]


def test_a_step_file_reads_well() -> None:
    text = "".join(
        pages.renderer(Format.MARKDOWN).step_file(
            pages.header(),
            pages.page(
                iteration=2,
                remarks=("The engine did not keep the input.",),
                name="review_and_edit",
                started_at="2025-04-09T12:00:02.100000",
                finished_at="2025-04-09T12:04:57.100000",
                output="*done*",
            ),
        )
    )
    assert text == (
        "# review_and_edit (iteration 2)\n\n> The engine did not keep the input.\n\n"
        "| Fact | Value |\n| --- | --- |\n| Status | succeeded |\n| Iteration | 2 |\n"
        "| Started | 2025-04-09 12:00:02.100 UTC |\n| Finished | 2025-04-09 12:04:57.100 UTC |\n"
        "| Duration | 4 min 55 s |\n| Workflow | w |\n| Execution | e |\n\n## Output\n\n*done*\n\n"
    )
