from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from producer.contract import keys

IDS = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="./%\\~ sha256-", max_size=20),
    st.text(alphabet="é☕漢", min_size=30, max_size=60),
)
HEX = "0f" * 32


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("airflow:etl", "airflow%3Aetl"),
        ("a b/c\\d", "a%20b%2Fc%5Cd"),
        ("AZaz09-_~.", "AZaz09-_~."),
        (".", "%2E"),
        ("..", "%2E%2E"),
        ("...", "..."),
        ("100%", "100%25"),
        ("é☕", "%C3%A9%E2%98%95"),
        (f"sha256-{HEX}", f"%73ha256-{HEX}"),
        ("x" * 200, "x" * 200),
    ],
)
def test_a_segment_is_percent_encoded(value: str, segment: str) -> None:
    assert keys.segment(value) == segment


@pytest.mark.parametrize("value", ["", "x" * 201, "é" * 34, "sha256-" + "x" * 192])
def test_what_is_empty_or_too_long_is_hashed(value: str) -> None:
    assert re.fullmatch(r"sha256-[0-9a-f]{64}", keys.segment(value))


@settings(max_examples=200)
@given(IDS)
@example("..")
@example("\ud800")
def test_a_segment_is_safe_and_can_be_read_back(value: str) -> None:
    segment = keys.segment(value)
    assert re.fullmatch(r"(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2}){1,200}", segment)
    assert segment not in {".", ".."}
    if not segment.startswith("sha256-"):
        assert unquote(segment, errors="surrogatepass") == value


@settings(max_examples=200)
@given(IDS, IDS, IDS, IDS)
@example("a/b", "c", "a", "b/c")
@example("a" * 300, "x", keys.segment("a" * 300), "x")
def test_different_ids_have_different_keys(workflow: str, execution: str, other: str, another: str) -> None:
    same = (workflow, execution) == (other, another)
    prefixes = (keys.execution_prefix(workflow, execution), keys.execution_prefix(other, another))
    assert (prefixes[0] == prefixes[1]) is same
    # Nor does the folder of one hold the folder of another.
    assert prefixes[0].startswith(prefixes[1]) is same


BUILDERS: list[tuple[str, Callable[[str, str], str]]] = [
    (keys.EXECUTIONS, keys.started),
    (keys.EXECUTIONS, lambda a, b: keys.record(a, b, HEX)),
    (keys.EXECUTIONS, lambda a, b: keys.record(a, HEX, b)),
    (keys.EXECUTIONS, lambda a, b: keys.record_steps(a, b, b)),
    (keys.EXECUTIONS, lambda a, b: keys.record_index(a, b, b)),
    (keys.PENDING, lambda a, _: keys.pending(a, 1)),
    (keys.EXPORTS, lambda a, b: keys.archive(a, b, f"{b}.zip")),
    (keys.EXPORTS, lambda a, _: keys.facts(a)),
    (keys.CALLBACKS, keys.callback),
]


@pytest.mark.parametrize(("prefix", "build"), BUILDERS)
@settings(max_examples=50)
@given(one=IDS, two=IDS)
def test_keys_stay_in_their_folder(prefix: str, build: Callable[[str, str], str], one: str, two: str) -> None:
    key = build(one, two)
    assert key.startswith(prefix)
    assert len(key.encode()) <= 1024
    assert not {"", ".", ".."} & set(key.split("/"))


def test_the_layout() -> None:
    assert keys.record("w", "e", "d") == "executions/w/e/d.json"
    assert keys.record_steps("w", "e", "u") == "executions/w/e/steps/u.ndjson"
    assert keys.record_index("w", "e", "u") == "executions/w/e/steps/u.index"
    assert keys.started("w", "e") == "executions/w/e/started.json"
    assert keys.pending("x", 0) == "pending/x.json"
    assert keys.pending("x", 2) == "pending/x.2.json"
    assert keys.archive("x", "n", "a b.zip") == "exports/x/n/a%20b.zip"
    assert keys.facts("x") == "exports/x/export.json"
    assert keys.callback("x", "c") == "callbacks/x/c"


@pytest.mark.parametrize("workflow", ["w", "steps", "started.json", "a/steps/b"])
@pytest.mark.parametrize("execution", ["e", "steps", "started.json", "export.json"])
def test_keys_tell_what_they_are(workflow: str, execution: str) -> None:
    record, started = keys.record(workflow, execution, HEX), keys.started(workflow, execution)
    parts = (keys.record_steps(workflow, execution, "u"), keys.record_index(workflow, execution, "u"))
    assert [keys.is_record(key) for key in (record, started, *parts)] == [True, False, False, False]
    assert [keys.is_started(key) for key in (record, started, *parts)] == [False, True, False, False]


def test_facts_are_told_from_archives() -> None:
    assert keys.is_facts(keys.facts("x"))
    assert not keys.is_facts(keys.archive("x", "n", "export.json"))
