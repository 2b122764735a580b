from __future__ import annotations

import json
import re
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract import jsonbounds, jsontext
from producer.contract.errors import MalformedBody
from producer.contract.jsonbounds import MAX_CONTAINERS, MAX_VALUES, refuse_excess, refuse_many_values

STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
"""A JSON string as RFC 8259 section 7 writes it."""

TEXT = st.text(alphabet='"\\[]{},:abc\n\U0001f98a', max_size=12)
JSON = st.recursive(
    st.none() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=25,
)


def structure(text: str) -> str:
    return re.sub(r"[^\[\]{},]", "", STRING.sub("", text))


@settings(max_examples=500, deadline=None)
@given(value=JSON, window=st.integers(1, 40), ascii_only=st.booleans())
def test_strings_hide_what_is_in_them_wherever_a_text_is_cut(value: Any, window: int, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonbounds, "_WINDOW", window)
        found = b"".join(jsonbounds._structure(text.encode()))  # noqa: SLF001 # what all limits are counted from
    assert found.decode() == structure(text)


@pytest.mark.parametrize("one", ["[]", "{}", '{"a":[]}', '{"[,":"],"}'])
def test_containers_are_counted_exactly(one: str) -> None:
    each = structure(one).count("[") + structure(one).count("{")
    most = (MAX_CONTAINERS - 1) // each
    refuse_excess(f"[{','.join([one] * most)}]".encode(), "body")
    with pytest.raises(MalformedBody, match=f"steps.3.: The JSON holds more than {MAX_CONTAINERS} arrays and objects"):
        refuse_excess(f"[{','.join([one] * (most + 1))}]".encode(), "steps[3]")


@pytest.mark.parametrize("refuse", [refuse_excess, refuse_many_values])
def test_values_are_counted_exactly(refuse: Any) -> None:
    refuse(f"[{','.join(['0'] * MAX_VALUES)}]".encode(), "body")
    with pytest.raises(MalformedBody, match=f"more than {MAX_VALUES} values") as raised:
        refuse(f"[{','.join(['0'] * (MAX_VALUES + 1))}]".encode(), "body")
    assert raised.value.remedy is not None


@pytest.mark.parametrize("inside", ["[" * 1_000_000, "," * 5_000_000, '\\"[' * 300_000, "\\" * 1_000_000 + "["])
def test_a_string_may_hold_whatever_it_likes(inside: str) -> None:
    text = json.dumps([inside])
    refuse_excess(text.encode(), "body")
    assert jsontext.decode(text) == [inside]


@pytest.mark.parametrize("one", ["[]", '{"a":1}', "0", '"[":"]"', '"a"', '"[,"', "[" * 150 + "]" * 150])
def test_looking_costs_no_memory(one: str) -> None:
    text = f"[{','.join([one] * (8_000_000 // len(one)))}]".encode()
    tracemalloc.start()
    try:
        for refuse in (refuse_excess, refuse_many_values):
            try:
                refuse(text, "body")
            except MalformedBody:
                continue
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40_000_000


def test_what_may_be_parsed_fits_into_memory() -> None:
    """The dearest text that is let through: objects of one member, as many as there may be."""
    one = '{"a":1}'
    text = f"[{','.join([one] * (MAX_CONTAINERS - 1))}]".encode()
    tracemalloc.start()
    try:
        jsontext.decode(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000_000
