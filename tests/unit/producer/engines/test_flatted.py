from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord, MalformedBody, RunfolioError, TooLarge
from producer.engines import flatted as reader
from producer.engines.cursor import Cursor
from tests.unit.producer.engines.flatten import flatted

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


def parse(text: Any) -> Any:
    return reader.parse(Cursor(text, "data"))


def test_the_form_of_its_definition() -> None:
    assert parse('[{"a":"1","n":5,"again":"1"},"text"]') == {"a": "text", "n": 5, "again": "text"}


def test_a_value_that_contains_itself_is_marked() -> None:
    assert parse('[{"self":"0","list":"1"},["0"]]') == {"self": "[circular]", "list": ["[circular]"]}


@settings(max_examples=200)
@given(JSON_VALUES)
def test_reading_gives_what_was_written(value: Any) -> None:
    assert parse(flatted(value)) == value


@pytest.mark.parametrize("text", ["", "{", "[1,"])
def test_broken_json_is_malformed(text: str) -> None:
    with pytest.raises(MalformedBody):
        parse(text)


@pytest.mark.parametrize(
    "text", ["{}", "[]", "3", '[["1"]]', '[["-1"]]', '[{"a":"x"}]', '[["²"]]', '[["9999999999999"]]']
)
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidRecord) as error:
        parse(text)
    assert error.value.field == "data"


def test_few_bytes_cannot_unfold_without_end() -> None:
    doubling = [[str(n + 1)] * 2 for n in range(60)] + ["x"]
    with pytest.raises(TooLarge, match="unfolds"):
        parse(json.dumps(doubling))


def test_depth_is_bounded() -> None:
    with pytest.raises(InvalidRecord, match="levels deep"):
        parse(json.dumps([[str(n + 1)] for n in range(5000)] + ["x"]))
    assert parse(json.dumps([[str(n + 1)] for n in range(90)] + ["x"]))


@settings(max_examples=200)
@given(st.lists(st.lists(st.sampled_from("0123456789x"), max_size=3) | st.text(max_size=2) | st.none(), max_size=8))
def test_any_list_is_read_or_refused(elements: list[Any]) -> None:
    try:
        value = parse(json.dumps(elements))
    except RunfolioError:
        return
    assert json.loads(json.dumps(value)) == value
