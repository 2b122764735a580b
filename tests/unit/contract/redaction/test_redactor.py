from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract import jsontext
from producer.contract.export import RenderProfile
from producer.contract.index import LONGEST_NAME, StepEntry, index_name
from producer.contract.record import Status, read_header, read_step
from producer.contract.redaction.identity import Mode, redaction_identity
from producer.contract.redaction.naming import HINTS
from producer.contract.redaction.redactor import Redactor
from producer.contract.redaction.rules import Needed, Rules
from producer.contract.redaction.shapes import SHAPES
from producer.contract.redaction.site import SiteRule
from producer.contract.redaction.values import ValueMasker
from tests.unit.contract.redaction.examples import EXAMPLES, MIXED

REDACTOR = Redactor()
TOKEN = f"gh{'p_'}{MIXED[:36]}"
MASK = "[redacted: github-token]"
DATES = SiteRule("dates", "[0-9]{4}-[0-9]{2}-[0-9]{2}|succeeded")
EVERYTHING = Needed(tuple((shape, begin) for shape in SHAPES for begin in shape.begins), HINTS)


def test_the_identity_names_mode_and_rules() -> None:
    assert redaction_identity() == REDACTOR.identity == RenderProfile().redaction
    identities = [
        redaction_identity(),
        redaction_identity(Mode.FAIL),
        redaction_identity(Mode.OFF),
        redaction_identity(Mode.MASK, (SiteRule("a", "x"),)),
        redaction_identity(Mode.MASK, (SiteRule("a", "y"),)),
        redaction_identity(Mode.MASK, (SiteRule("a", "x", ("k",)),)),
    ]
    assert len(set(identities)) == len(identities)
    assert [one.partition(":")[0] for one in identities[:3]] == ["mask", "fail", "off"]
    assert redaction_identity(Mode.OFF, (SiteRule("a", "x"),)) == "off"
    assert len({RenderProfile(redaction=one).digest for one in identities}) == len(identities)


def test_other_built_in_rules_are_another_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    before = redaction_identity()
    monkeypatch.setattr("producer.contract.redaction.rules.SHAPES", SHAPES[:-1])
    assert redaction_identity() != before


def test_off_shows_everything() -> None:
    value = {"password": "x y", "a": TOKEN}
    assert Redactor(Mode.OFF).value(value, Counter()) is value


def header(**execution: Any) -> dict[str, Any]:
    return {
        "workflow": {"id": TOKEN, "name": f"flow {TOKEN}", "owner": TOKEN},
        "execution": {"id": TOKEN, "status": "succeeded", "started_at": "2025-04-09T14:59:56Z", **execution},
        "api_key": "x y",
    }


def test_of_a_header_ids_status_and_times_stay() -> None:
    redactor = Redactor(site=(DATES,))
    masked = redactor.header(read_header(header(input=[TOKEN], url="http://u:pw1@h/", triggered_by={"token": TOKEN})))
    assert masked.document.raw == {
        "workflow": {"id": TOKEN, "name": f"flow {MASK}", "owner": MASK},
        "execution": {
            "id": TOKEN,
            "status": "succeeded",
            "started_at": "2025-04-09T14:59:56Z",
            "input": [MASK],
            "url": "http://u:[redacted: url-password]@h/",
            "triggered_by": {"token": "[redacted: secret-field]"},
        },
        "api_key": "[redacted: secret-field]",
    }
    assert masked.document.header.workflow_name == f"flow {MASK}"
    assert masked.document.header.execution.input == [MASK]


def test_without_a_name_the_id_is_the_name() -> None:
    raw = {"workflow": {"id": TOKEN}, "execution": {"id": "e", "status": "failed", "error": TOKEN}}
    assert REDACTOR.header(read_header(raw)).document.header.workflow_name == TOKEN


def test_of_a_step_status_iteration_and_times_stay() -> None:
    redactor = Redactor(site=(DATES,))
    raw = {"name": "succeeded", "status": "succeeded", "iteration": 2, "started_at": "2025-04-09T14:59:56Z",
           "log": "on 2025-04-09"}  # fmt: skip
    masked = redactor.step(read_step(raw, 0), 0)
    assert masked.document.raw == {**raw, "name": "[redacted: dates]", "log": "on [redacted: dates]"}
    assert masked.document.step.status is Status.SUCCEEDED
    assert masked.counts == {"dates": 2}


def test_what_is_clean_is_the_same_object() -> None:
    document = read_step({"name": "fetch", "status": "failed", "output": {"password": None}}, 0)
    clean = read_header({"workflow": {"id": "w"}, "execution": {"id": "e", "status": "failed"}})
    assert REDACTOR.step(document, 0) == (document, {})
    assert REDACTOR.step(document, 0).document is document
    assert REDACTOR.header(clean).document is clean


def entry(name: str) -> StepEntry:
    return StepEntry(index_name(name), Status.FAILED, 1, None, None, 0, 10)


@pytest.mark.parametrize("name", [f"call {TOKEN}", "password: hunter2", f"{TOKEN} password=hunter2", "fetch", "a\0b"])
def test_a_name_in_the_index_is_masked_as_in_the_step(name: str) -> None:
    redactor = Redactor(site=(SiteRule("fetched", "fetch", ("output",)),))
    document = redactor.step(read_step({"name": name, "status": "failed", "output": "output"}, 0), 0).document
    assert redactor.entry(entry(name)).name == document.step.name


def test_of_a_very_long_name_no_beginning_of_a_secret_stays() -> None:
    for size in range(LONGEST_NAME - 60, LONGEST_NAME + 2):
        name = f"{TOKEN} {'x' * (size - 50)} {TOKEN} {'y' * 200}"
        masked = REDACTOR.entry(entry(name)).name
        assert TOKEN[:8] not in masked
        assert masked.startswith(MASK)
        assert REDACTOR.entry(entry(name)) == REDACTOR.entry(entry(name))
        assert REDACTOR.entry(entry(name + "z")).name != masked


def test_the_name_of_a_workflow_is_masked_unless_it_is_its_id() -> None:
    assert REDACTOR.name(TOKEN, "w") == MASK
    assert REDACTOR.name(TOKEN, TOKEN) == TOKEN


PIECES = st.sampled_from(
    [
        *(text for _, text, _ in EXAMPLES),
        *HINTS, *map(str.upper, HINTS), "Authorization", "X-Api-Key", "dbPassword", "Cookie",
        "=", ":", ": ", " = ", '"', "'", '": "', '\\"', "\\", "\\n", "\n", "\t", " ", "&", ";", "?", "--", "<", ">",
        "abc", "a1B2c3D4e5F6g7H8", "hunter2", "é", "\u0130", "😀", "\x1b[31m", "\x1b[0m", "\x1b]0;", "\x07", "\x00",
        "</", "://u:p@h", "Bearer ", "Basic ", "a=b", "***", "[masked]", "[redacted: jwt]", "${A}", "{{x}}",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=20)
KEYS = TEXTS | st.sampled_from(["name", "value"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS | st.just("value") | st.just("name"), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(value=VALUES)
def test_no_value_makes_masking_raise_and_what_is_looked_at_is_enough(value: Any) -> None:
    masked = REDACTOR.value(value, Counter())
    assert masked == ValueMasker(EVERYTHING, Counter()).value(value)


@given(values=st.lists(VALUES, min_size=1, max_size=4))
def test_what_is_overlooked_in_several_values_at_once_is_not_masked_in_any(values: list[Any]) -> None:
    if REDACTOR.overlooks(map(jsontext.encode, values)):
        assert [REDACTOR.value(value, Counter()) for value in values] == values


def test_values_without_secrets_are_overlooked_and_one_with_a_secret_is_not() -> None:
    plain = jsontext.encode({"output": "They asked for the task, and tokens were counted."})
    assert REDACTOR.overlooks([plain, plain])
    assert not REDACTOR.overlooks([plain, jsontext.encode({"output": TOKEN}), plain])
    assert Redactor(Mode.OFF).overlooks([jsontext.encode(TOKEN)])


@given(value=VALUES)
def test_masking_keeps_the_shape_and_the_numbers_of_a_value(value: Any) -> None:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return ["{", *map(shape, value.values())]
        if isinstance(value, list):
            return ["[", *map(shape, value)]
        return "text" if isinstance(value, str) else value

    assert shape(REDACTOR.value(value, Counter())) == shape(value)


@given(before=TEXTS, example=st.sampled_from(EXAMPLES), after=TEXTS)
def test_a_planted_secret_is_never_left(before: str, example: tuple[str, str, str], after: str) -> None:
    _, text, secret = example
    planted = f"{before} {text} {after}"
    value = {"a": [planted], "log": planted, "inner": json.dumps({"x": planted})}
    if secret in f"{before} {after}":
        return
    masked = REDACTOR.value(value, Counter())
    assert secret not in masked["a"][0]
    assert secret not in masked["log"]
    assert json.dumps(secret)[1:-1] not in masked["inner"]


@pytest.mark.parametrize("text", [text for _, text, _ in EXAMPLES] + ["password: hunter2", "API_KEY=x1", "Cookie: a=b"])
def test_masking_again_changes_nothing(text: str) -> None:
    value = {"a": f"see {text} there", "password": text, "inner": json.dumps({"a": text, "secret": text})}
    counts: Counter[str] = Counter()
    masked = REDACTOR.value(REDACTOR.value(value, Counter()), counts)
    assert masked == REDACTOR.value(value, Counter())
    assert not counts


def test_words_across_the_pieces_of_a_large_value_are_found() -> None:
    rules = Rules()
    for offset in range(256 * 1024 - 60, 256 * 1024 + 20):
        assert rules.needed(json.dumps("x" * offset + " " + TOKEN).encode()).shapes
