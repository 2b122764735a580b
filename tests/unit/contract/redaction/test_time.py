"""That no text, however it is made, takes more time than its length asks for."""

from __future__ import annotations

import time

import pytest

from producer.contract.redaction.naming import HINTS
from producer.contract.redaction.redactor import Redactor
from producer.contract.redaction.shapes import SHAPES
from tests.unit.contract.redaction.examples import EXAMPLES

REDACTOR = Redactor()
SMALL, LARGE = 100_000, 1_000_000
BEGINS = sorted({begin for shape in SHAPES for begin in shape.begins})
STRETCHES = ["", "a", "a1-", "_", "\\", " ", "=a", "/"]
ASSIGNED = ["", "=", "=a", ": ", "='", "=\"'", ':\\"', '="a', "=Basic ", "=a=b", "<", '":"', " --", "\\"]


def seconds(text: str) -> float:
    """CPU time, which other work on the machine touches less."""
    began = time.process_time()
    REDACTOR.text(text)
    return time.process_time() - began


def filled(unit: str, size: int) -> str:
    return (unit * (size // len(unit) + 1))[:size]


def slow(units: list[str]) -> list[str]:
    """Tell for which units a text of many takes far longer than it should, where one look could be by chance."""
    return [unit for unit in units if all(seconds(filled(unit, SMALL)) > 3 for _ in range(2))]


@pytest.mark.slow
@pytest.mark.parametrize("stretch", STRETCHES)
def test_whatever_begins_a_secret_takes_linear_time(stretch: str) -> None:
    assert slow([begin + stretch for begin in BEGINS]) == []


@pytest.mark.slow
def test_names_that_mark_secrets_take_linear_time() -> None:
    assert slow([hint + ending for hint in HINTS for ending in ASSIGNED]) == []


def test_a_long_run_behind_a_beginning_takes_linear_time() -> None:
    texts = [begin + filled(unit, LARGE) for begin in BEGINS[::7] for unit in ("a", "a1")]
    assert max(map(seconds, texts)) < 6


@pytest.mark.parametrize(
    "unit",
    [
        *sorted({text[:-1] for _, text, _ in EXAMPLES})[::12],
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n-",
        "-----BEGIN PRIVATE KEY-----\nAAAAAAAAAAAAAAAAA",
        "://a:",
        "://a:b@",
        "x://",
        "pwd=",
        "eyJaaaaaaaaaaaa.",
        "eyJaaaaaaaaaaaa.eyJaaaaaaaaaaa",
        "-eyJ",
        "token=",
        "token=a",
        "authorization=",
        "Authorization: Bearer ",
        "cookie:a=b",
        "<password>",
        'password\\\\\\\\"',
        "password='token=\"",
        "\x1b[31m",
        "\x1b]0;",
    ],
)
def test_one_megabyte_made_to_be_slow_takes_seconds(unit: str) -> None:
    assert seconds(filled(unit, LARGE)) < 12
