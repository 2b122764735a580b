from __future__ import annotations

import time
from typing import Any

import pytest

from producer.contract.render.content import (
    FIELD_LIMIT,
    NOT_JSON,
    TOO_DEEP,
    TOO_DENSE,
    TOO_LONG,
    Block,
    Kind,
    content_block,
)
from tests.unit.contract.render import pages


@pytest.mark.parametrize(
    ("value", "media_type", "kind", "language", "text"),
    [
        ("# t", None, Kind.MARKDOWN, "", "# t"),
        (' {"a":1} ', None, Kind.CODE, "json", '{\n  "a": 1\n}'),
        ("[1,2]", None, Kind.CODE, "json", "[\n  1,\n  2\n]"),
        ("[link](x)", None, Kind.MARKDOWN, "", "[link](x)"),
        ("[NaN]", None, Kind.MARKDOWN, "", "[NaN]"),
        ("17", None, Kind.MARKDOWN, "", "17"),
        ('{"a":1}', "text/plain", Kind.TERMINAL, "", '{"a":1}'),
        ('{"a":1}', "Text/Markdown; charset=utf-8", Kind.MARKDOWN, "", '{"a":1}'),
        ("17", "APPLICATION/JSON ; charset=utf-8", Kind.CODE, "json", "17"),
        ('{"a":1}', "application/vnd.api+json", Kind.CODE, "json", '{\n  "a": 1\n}'),
        ("<b>x</b>", "text/html", Kind.CODE, "html", "<b>x</b>"),
        ("<a/>", "application/xml", Kind.CODE, "xml", "<a/>"),
        ("<a/>", "image/svg+xml", Kind.CODE, "xml", "<a/>"),
        ("x = 1", "text/x-python", Kind.CODE, "python", "x = 1"),
        ("a: 1", "application/yaml", Kind.CODE, "yaml", "a: 1"),
        ("a,b", "text/csv", Kind.CODE, "csv", "a,b"),
        ({"b": 1, "a": [True]}, None, Kind.CODE, "json", '{\n  "b": 1,\n  "a": [\n    true\n  ]\n}'),
        (0, None, Kind.INLINE, "", "0"),
        (False, None, Kind.INLINE, "", "false"),
        (1.5, None, Kind.INLINE, "", "1.5"),
        ([], None, Kind.INLINE, "", "[]"),
        ({}, None, Kind.INLINE, "", "{}"),
        ("", None, Kind.REMARK, "", "(empty)"),
        (" \n", None, Kind.REMARK, "", "(white space only)"),
        (None, "text/plain", Kind.REMARK, "", "(no data)"),
        ("a\r\nb\x00\x1b[1mc", None, Kind.MARKDOWN, "", "a\nb\u2400c"),
    ],
)
def test_how_a_value_is_shown(value: Any, media_type: str | None, kind: Kind, language: str, text: str) -> None:
    block = content_block(value, media_type)
    assert (block.kind, block.language, block.text) == (kind, language, text)


@pytest.mark.parametrize("media_type", ["application/octet-stream", "nonsense", "a/b/c", ""])
def test_an_unknown_media_type_is_named(media_type: str) -> None:
    block = content_block("x", media_type)
    assert block.kind is Kind.CODE
    assert block.notes == (
        f"Media type: {media_type}",
        "There is no view for this media type; it is shown as text.",
    )


def test_json_that_is_none_is_shown_as_it_is_with_a_note() -> None:
    block = content_block("{'a': 1}", "application/json")
    assert block == Block(Kind.CODE, "{'a': 1}", notes=("Media type: application/json", NOT_JSON))


def test_json_in_a_string_keeps_numbers_and_repeated_keys_as_written() -> None:
    assert content_block('{"a":1.0e5,"a":1e400}').text == '{\n  "a": 1.0e5,\n  "a": 1e400\n}'


def test_half_of_a_cut_emoji_does_not_make_json_unreadable() -> None:
    assert content_block('{"a":"\\ud83d"}').text == '{\n  "a": "\ufffd"\n}'


@pytest.mark.parametrize(
    ("text", "above"),
    [("a" * FIELD_LIMIT, False), ("a" * (FIELD_LIMIT + 1), True), ("é" * (FIELD_LIMIT // 2 + 1), True)],
)
def test_the_limit_of_a_field_is_one_mebibyte(text: str, above: bool) -> None:
    block = content_block(text)
    assert (block.kind is Kind.TERMINAL) is above
    assert block.notes == ((TOO_LONG,) if above else ())


def test_a_field_above_the_limit_is_preformatted_in_both_formats() -> None:
    text = "# heading\n" + "x" * FIELD_LIMIT
    assert '<pre class="terminal"><samp># heading\n' in pages.html(output=text)
    markdown = pages.md(output=text)
    assert "> This field is above 1 MiB and is shown preformatted.\n\n```\n# heading\n" in markdown


@pytest.mark.parametrize("text", [">" * 300_000, "> " * 300_000, "[^a]" * 200_000 + "\n\n[^a]: x", "_www.\\" * 150_000])
def test_markdown_that_is_out_of_proportion_is_preformatted(text: str) -> None:
    started = time.monotonic()
    assert content_block(text).notes == (TOO_DENSE,)
    assert len(pages.html(output=text)) < 10 * len(text)
    assert time.monotonic() - started < 5


def test_brackets_in_brackets_do_not_become_a_page_of_spaces() -> None:
    text = "[" + ",".join(["[" * 900 + "]" * 900] * 100) + "]"
    block = content_block(text)
    assert block.notes == (TOO_DEEP,)
    assert block.text == text


def test_sections_appear_only_where_there_is_data() -> None:
    assert [text for _, text in pages.Reading(pages.html()).headings] == ["load"]
    full = pages.html(description="d", input=0, output="", error=[], log="l", children=[{"name": "c"}], x=None)
    assert [text for _, text in pages.Reading(full).headings] == [
        "load", "Description", "Input", "Output", "Error", "Log", "Nested entries", "c", "Other fields",
    ]  # fmt: skip


def test_an_error_object_shows_its_stack_with_real_lines_and_everything_else() -> None:
    error = {"code": 7, "stack": "a\nb", "Message": "it <broke>"}
    text = pages.md(error=error)
    assert "**Message**\n\n```\nit <broke>\n```\n\n**stack**\n\n```\na\nb\n```" in text
    assert '**Details**\n\n```json\n{\n  "code": 7\n}\n```' in text
    assert pages.md(error='{"message":"x"}').count("**message**") == 1


def test_nothing_of_the_record_is_lost() -> None:
    step: dict[str, Any] = {
        "state_id": "s-1",
        "children": [{"name": "c", "tokens": 3, "children": [{"name": "d", "author": {"id": "u-9"}}]}],
    }
    for text in (pages.md(**step), pages.html(**step)):
        for value in ("state_id", "s-1", "tokens", "author", "u-9"):
            assert value in text


def test_a_megabyte_of_brackets_is_shown_as_the_text_it_is() -> None:
    block = content_block("[" * (2**20 - 1))
    assert (block.kind, len(block.text)) == (Kind.MARKDOWN, 2**20 - 1)


def test_notes_are_sentences_under_a_heading_of_their_own() -> None:
    notes = ["The log was not *included*.", "- one <b>more</b>"]
    markdown, html = pages.md(notes=notes, x=1), pages.html(notes=notes, x=1)
    assert (
        "## Notes\n\n- The log was not \\*included\\*.\n\n- \\- one \\<b\\>more\\</b\\>\n\n## Other fields" in markdown
    )
    assert "<li>The log was not *included*.</li>" in html
    assert "<li>- one &lt;b&gt;more&lt;/b&gt;</li>" in html
    assert "Other fields" not in pages.md(notes=notes)


@pytest.mark.parametrize("notes", ["text", [], [1], ["a\nb"], [" "], ["a", None], {"a": "b"}, ["x" * 2001]])
def test_notes_that_are_no_sentences_stay_as_they_are(notes: Any) -> None:
    assert "## Notes" not in pages.md(notes=notes)
    assert '"notes": ' in pages.md(notes=notes)
