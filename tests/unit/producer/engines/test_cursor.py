from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord
from producer.engines.cursor import Cursor, present
from tests.unit.producer.engines.payloads import ODD_VALUES

PAYLOAD = {"data": {"runData": {"Set": [{"status": "ok", "n": 3}], 'a "b"': [None]}}}


def test_the_path_is_in_the_senders_terms() -> None:
    task = Cursor(PAYLOAD).get("data", "runData").entry("Set").at(0)
    assert task.get("status").path == 'data.runData["Set"][0].status'
    assert [cursor.path for _, cursor in Cursor(PAYLOAD).get("data", "runData").items()] == [
        'data.runData["Set"]',
        'data.runData["a \\"b\\""]',
    ]


def test_a_long_name_is_cut_in_the_path() -> None:
    assert len(Cursor({}).entry("x" * 10_000).path) < 100


def test_what_is_absent_stays_absent_all_the_way_down() -> None:
    nothing = Cursor(PAYLOAD).get("data", "no", "such").entry("thing").at(7).get("x")
    assert not nothing.exists
    assert nothing.text() is None
    assert nothing.number() is None
    assert nothing.integer() is None
    assert nothing.time() is None
    assert nothing.rest() is None
    assert list(nothing.each()) == []
    assert list(nothing.items()) == []


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda c: c.get("x"), []),
        (lambda c: c.at(0), {}),
        (lambda c: list(c.each()), "text"),
        (lambda c: list(c.items()), 1),
        (lambda c: c.text(), 1),
        (lambda c: c.number(), "1"),
        (lambda c: c.number(), True),
        (lambda c: c.number(), float("nan")),
        (lambda c: c.number(), float("inf")),
        (lambda c: c.number(), 10**19),
        (lambda c: c.integer(), -1),
        (lambda c: c.integer(), 1.5),
        (lambda c: c.time(), "soon"),
        (lambda c: c.identifier(), None),
        (lambda c: c.identifier(), ""),
        (lambda c: c.identifier(), ".."),
        (lambda c: c.identifier(), True),
        (lambda c: c.identifier(), 1.5),
        (lambda c: c.identifier(), "x" * 1025),
        (lambda c: c.rest(), []),
    ],
)
def test_a_wrong_type_names_its_place(read: Callable[[Cursor], Any], value: Any) -> None:
    with pytest.raises(InvalidRecord) as error:
        read(Cursor(value, "a.b"))
    assert error.value.field == "a.b"
    assert "a.b" in error.value.detail


def test_ids_may_be_numbers() -> None:
    assert Cursor(42, "id").identifier() == "42"


def test_the_rest_says_something() -> None:
    raw: dict[str, Any] = {
        "used": 1,
        "null": None,
        "empty": "",
        "none": [],
        "nothing": {},
        "zero": 0,
        "no": False,
        "x": "y",
    }
    assert Cursor(raw).rest("used") == {"zero": 0, "no": False, "x": "y"}
    assert Cursor({"used": 1}).rest("used") is None


def test_present_keeps_what_is_falsy() -> None:
    assert present(a=None, b=0, c="", d=[]) == {"b": 0, "c": "", "d": []}


@settings(max_examples=200)
@given(ODD_VALUES, st.sampled_from(["get", "text", "label", "identifier", "integer", "number", "time", "rest", "each"]))
def test_hostile_values_raise_nothing_else(value: Any, method: str) -> None:
    arguments = ("x",) if method == "get" else ()
    field: str | None = "p"
    try:
        result = getattr(Cursor(value, "p"), method)(*arguments)
        list(result if method == "each" else ())
    except InvalidRecord as error:
        field = error.field
    assert field == "p"
