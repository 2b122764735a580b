from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract import escapes
from producer.contract.render import ansi
from tests.unit.contract.render import pages


def spans(text: str) -> str:
    return "".join(ansi.html_spans(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b[31mb\x1b[0mc", 'a<span class="fg-1">b</span>c'),
        ("\x1b[1;4;92;41mx\x1b[mz", '<span class="bold underline bg-1 fg-10">x</span>z'),
        ("\x1b[1;2mx\x1b[22my", '<span class="bold dim">x</span>y'),
        ("\x1b[38;5;196mx\x1b[39my", '<span class="fg-9">x</span>y'),
        ("\x1b[38;5;7mx", '<span class="fg-7">x</span>'),
        ("\x1b[48;2;0;0;230mx", '<span class="bg-4">x</span>'),
        ("\x1b[38:2::255:0:0mx", '<span class="fg-9">x</span>'),
        ("\x1b[38;5;244mx", '<span class="fg-8">x</span>'),
        ("\x1b[7mx\x1b[27my", '<span class="inverse">x</span>y'),
        ("\x1b[7;31mx", '<span class="bg-1">x</span>'),
        ("\x1b[58;5;9;31mx", '<span class="fg-1">x</span>'),
        ("\x1b[2K\x1b[1Ax", "x"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;https://a\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(Bx\x1b=y", "xy"),
        ("10%\r20%\r\nend", "10%\n20%\nend"),
        ("\x1b[38;5mx", "x"),
        ("\x1b[38;5;999mx", "x"),
        ("\x1b[", "\u241b["),
        ("\x1b]8;;never closed\nx", "\u241b]8;;never closed\nx"),
        ("a\x00b\x9bc<&>", "a\u2400b\ufffdc&lt;&amp;&gt;"),
    ],
)
def test_spans(text: str, expected: str) -> None:
    assert spans(text) == expected


@settings(max_examples=150)
@given(st.text(alphabet="\x1b[]0123;:m\x07\\P8ab\n<&"))
def test_any_sequence_gives_balanced_spans_and_the_text_of_strip(text: str) -> None:
    reading = pages.Reading(spans(text))
    assert reading.misnested == []
    assert reading.words == escapes.strip(text).replace("\x1b", "\u241b").replace("\x07", "\u2407")


def test_logs_are_coloured_in_html_and_plain_in_markdown() -> None:
    log = "\x1b[32mok\x1b[0m done"
    assert '<span class="fg-2">ok</span> done' in pages.html(log=log)
    assert "```\nok done\n```" in pages.md(log=log)
