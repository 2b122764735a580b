from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.contract.render.hostile import CORPUS
from worker.reader.inert import data_block, inert_json, inert_string

TEXT = st.text(st.characters(codec="utf-8"))


@pytest.mark.parametrize("text", [*CORPUS, "</script", "<!--<script>", "-->", "a & b", "\u2028\u2029", '"\\', "\x00\n"])
def test_nothing_that_html_could_see_is_left(text: str) -> None:
    written = inert_json({text: [text]})
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == {text: [text]}


@settings(max_examples=200)
@given(st.lists(TEXT))
def test_pieces_make_one_string(pieces: list[str]) -> None:
    written = "".join(inert_string(pieces))
    assert json.loads(written) == "".join(pieces)
    assert not set("<>&\u2028\u2029") & set(written)


def test_a_block_is_data() -> None:
    assert "".join(data_block('id="x"', ["[1,", "2]"])) == '<script type="application/json" id="x">[1,2]</script>\n'
