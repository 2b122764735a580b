from __future__ import annotations

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract import jsontext
from producer.contract.errors import InvalidRecord, MalformedBody
from producer.contract.jsonbounds import MAX_DEPTH
from producer.contract.record import Step

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_what_is_encoded_is_decoded_to_the_same(value: Any) -> None:
    assert jsontext.decode(jsontext.encode(value)) == value
    assert json.loads(jsontext.canonical(value)) == value


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_the_canonical_form_has_sorted_keys_and_no_white_space(value: Any) -> None:
    # The keys are compared by their UTF-8, which is the order of code points and hence that of Python.
    expected = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert json.loads(jsontext.canonical(value)) == json.loads(expected)
    assert [*_keys(jsontext.canonical(value))] == [*_keys(expected.encode())]


def _keys(text: bytes) -> list[str]:
    seen: list[str] = []
    json.loads(text, object_pairs_hook=lambda pairs: seen.extend(key for key, _ in pairs))
    return seen


def test_the_digest_does_not_depend_on_the_order_of_keys_or_the_spacing() -> None:
    one = jsontext.decode(b'{"b": 1, "a": {"d": [1, 2], "c": "\\u00fc"}}')
    other = jsontext.decode('{"a":{"c":"ü","d":[1,2]},"b":1}')
    assert jsontext.digest(one) == jsontext.digest(other)
    assert jsontext.digest(one) != jsontext.digest({**one, "b": 2})


@pytest.mark.parametrize("digits", ["9" * 30, "-" + "8" * 200, str(2**64), str(-(2**63) - 1)])
def test_integers_of_any_size_are_exact(digits: str) -> None:
    value = jsontext.decode(f"[{digits}]")
    assert jsontext.encode(value).decode() == f"[{digits}]"


@pytest.mark.parametrize("text", ["1e400", "-1e999", "NaN", "Infinity", "[1, NaN]", '{"a": 1e400, "b": "\\ud83d"}'])
def test_numbers_that_json_or_a_double_cannot_hold_are_refused(text: str) -> None:
    with pytest.raises(MalformedBody) as raised:
        jsontext.decode(text, where="steps[2]")
    assert raised.value.field == "steps[2]"
    assert raised.value.detail.startswith("steps[2] is not valid JSON: ")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (rb'"\ud83d"', "\ufffd"),
        (rb'"a\udc00b\ud83d\u0041"', "a\ufffdb\ufffdA"),
        (rb'"\ud83d\ude00"', "😀"),
        (rb'{"\ud800": ["\udfff", 12345678901234567890123]}', {"\ufffd": ["\ufffd", 12345678901234567890123]}),
    ],
)
def test_lone_surrogates_become_replacement_characters(text: bytes, value: Any) -> None:
    assert jsontext.decode(text) == value
    assert jsontext.decode(text.decode()) == value


@pytest.mark.parametrize("data", [b"", b"{", b'{"a":}', b"[1]]", b'"\xff"', b'"\\ud8zz"', b"'a'", b"\xff\xfe"])
def test_what_is_no_json_is_refused_with_the_place(data: bytes) -> None:
    with pytest.raises(MalformedBody, match="body is not valid JSON"):
        jsontext.decode(data)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_without_end_is_refused(opening: str) -> None:
    with pytest.raises(MalformedBody):
        jsontext.decode(opening * 100_000)
    closing = "]" if opening == "[" else "}"
    with pytest.raises(MalformedBody, match="nested too deeply"):
        jsontext.decode(opening * 100_000 + "1" + closing * 100_000)


def test_members_and_elements_stay_text() -> None:
    assert bytes(jsontext.members(b'{"a": [1,  2], "b": 1e999}')["a"]) == b"[1,  2]"
    assert [bytes(one) for one in jsontext.elements(b'[{"x":1}, 2]')] == [b'{"x":1}', b"2"]


def test_a_key_with_half_a_character_does_not_hinder_the_splitting() -> None:
    assert {name: bytes(raw) for name, raw in jsontext.members(rb'{"\ud83d": 1}').items()} == {"\ufffd": b"1"}


@pytest.mark.parametrize("data", [b"[]", b"1", b"null", b'"a"'])
def test_what_is_no_object_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(MalformedBody, match="data is no JSON object"):
        jsontext.members(data, where="data")


@pytest.mark.parametrize("data", [b"{}", b"1", b"null", b'"a"'])
def test_what_is_no_array_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(MalformedBody, match="steps is no JSON array"):
        jsontext.elements(data, where="steps")


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"name": "a"}, "steps[3].status"),
        ({"status": "failed"}, "steps[3].name"),
        ({"name": "a", "status": "ended"}, "steps[3].status"),
        ({"name": 1, "status": "failed"}, "steps[3].name"),
        ({"name": "a", "status": "failed", "iteration": -1}, "steps[3].iteration"),
        ({"name": "a", "status": "failed", "iteration": "1"}, "steps[3].iteration"),
        ({"name": "a", "status": "failed", "started_at": "yesterday"}, "steps[3].started_at"),
        ({"name": "a", "status": "failed", "children": [{}, {"children": [{"name": 1}]}]},
         "steps[3].children[1].children[0].name"),
        ([], "steps[3]"),
    ],
)  # fmt: skip # a case a line
def test_a_wrong_field_is_named_as_the_sender_knows_it(value: Any, field: str) -> None:
    with pytest.raises(InvalidRecord) as raised:
        jsontext.convert(value, Step, where="steps[3]")
    assert raised.value.field == field
    assert raised.value.detail.startswith(field)
    assert raised.value.detail.endswith(".")


def test_a_value_for_people_is_indented() -> None:
    assert jsontext.pretty({"a": ["ü"]}) == '{\n  "a": [\n    "ü"\n  ]\n}'


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_text_is_decoded_or_refused(data: bytes | str) -> None:
    try:
        value = jsontext.decode(data)
    except MalformedBody:
        return
    assert msgspec.json.decode(jsontext.encode(value)) == value


def nested(levels: int, pair: str) -> str:
    return pair[0] * levels + pair[-1] * levels if pair == "[]" else '{"a":' * (levels - 1) + "{}" + "}" * (levels - 1)


@pytest.mark.parametrize("pair", ["[]", "{}"])
def test_the_depth_is_bounded_exactly(pair: str) -> None:
    assert jsontext.decode(nested(MAX_DEPTH, pair)) is not None
    with pytest.raises(MalformedBody, match=f"more than {MAX_DEPTH} levels"):
        jsontext.decode(nested(MAX_DEPTH + 1, pair))


def test_brackets_in_strings_and_beside_each_other_are_no_depth() -> None:
    text = jsontext.encode({"[" * 300: '"\\' + "{" * 300, "list": [[] for _ in range(300)]})
    assert jsontext.decode(text) is not None


@given(
    st.recursive(
        st.text('[]{}"\\', max_size=3),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    )
)
def test_the_depth_that_is_seen_is_the_depth_that_is_there(value: object) -> None:
    wrapped = value
    for _ in range(MAX_DEPTH):
        wrapped = [wrapped]
    too_deep = isinstance(value, list | dict)
    try:
        jsontext.decode(jsontext.encode(wrapped))
    except MalformedBody:
        assert too_deep
    else:
        assert not too_deep


@pytest.mark.parametrize("unit", [b"[]", b"{}", b'{"a":[]}'])
def test_a_text_of_millions_of_containers_is_refused_before_any_is_made(unit: bytes) -> None:
    text = b"[" + b",".join([unit] * 1_100_000) + b"]"
    began = time.monotonic()
    with pytest.raises(MalformedBody, match="steps\\[3\\]: The JSON holds more than 500000 arrays and objects"):
        jsontext.decode(text, where="steps[3]")
    assert time.monotonic() - began < 5


def test_brackets_inside_strings_are_no_containers() -> None:
    value = ['[{\\"' * 400_000, "x"]
    assert jsontext.decode(jsontext.encode(value)) == value
