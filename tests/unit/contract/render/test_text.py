"""What is told quickly of a text is what the expressions would tell of it."""

from __future__ import annotations

import sys

import markupsafe
from hypothesis import given
from hypothesis import strategies as st

from producer.contract.render.htmlsteps import escape
from producer.contract.render.markdownblocks import inline
from producer.contract.render.text import one_line

_PICTURE_OF_NUL = "\u2400"


def test_that_no_character_that_can_be_printed_is_replaced_in_a_line() -> None:
    printable = "".join(filter(str.isprintable, map(chr, range(sys.maxunicode + 1))))

    # What follows cannot be printed, so the expression is asked about all of it.
    assert one_line(f"{printable}\0") == f"{printable}{_PICTURE_OF_NUL}"


@given(st.text())
def test_that_a_line_is_the_same_whatever_stands_behind_it(text: str) -> None:
    assert one_line(f"{text}\0") == f"{one_line(text)}{_PICTURE_OF_NUL}"


@given(st.text() | st.text(alphabet="a&<>'\";#3"))
def test_that_a_value_is_escaped_as_the_templates_escape_it(text: str) -> None:
    assert escape(text) == str(markupsafe.escape(text))


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9 ,.;()/-]*", fullmatch=True))
def test_that_an_ordinary_line_has_nothing_to_escape(text: str) -> None:
    # A mark behind it leaves the line to the expressions.
    assert inline(f"{text}*") == f"{text}\\*"
    assert inline(text) == text
