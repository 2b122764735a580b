from __future__ import annotations

import base64
import copy
import json
import time
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord
from producer.contract.masking import Masker, read_secrets
from producer.contract.record import read_header, read_step

AWKWARD = 'p/ä"s\\s wörd+&!'
PEM = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v
VQguSLqZ0Hq3uN5Gv0m2Yb0xPZr9
short
-----END PRIVATE KEY-----
"""


def masked(value: Any, *secrets: str) -> Any:
    return Masker(secrets).mask(value)


def test_a_secret_is_masked_wherever_a_string_holds_it() -> None:
    value = {"a": ["x hunter2 y", {"b": "hunter2"}], "hunter2-key": None}
    assert masked(value, "hunter2") == {"a": ["x [masked] y", {"b": "[masked]"}], "[masked]-key": None}


def test_a_number_that_is_a_secret_is_masked() -> None:
    value = {"pin": 123456, "same": 123456.0, "near": 1234567, "one": True, "id": 10**30, "price": 99.25}
    assert masked(value, "123456", str(10**30), "99.25") == {
        "pin": "[masked]", "same": "[masked]", "near": 1234567, "one": True, "id": "[masked]", "price": "[masked]",
    }  # fmt: skip
    assert masked({"one": True, "list": [1, False]}, "true", "1.00") == {"one": True, "list": ["[masked]", False]}


def test_a_step_s_iteration_is_no_secret() -> None:
    step = {"name": "a", "status": "failed", "iteration": 1234, "output": [1234]}
    assert Masker(["1234"]).mask_step(step) == {**step, "output": ["[masked]"]}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a \x1b[31mhun\x1b[1mter2\x1b[0m b", "a \x1b[31m[masked]\x1b[1m\x1b[0m b"),
        ("\x1b[1mh\x1b[0mu\x1b[1mn\x1b[0mter2", "\x1b[1m[masked]\x1b[0m\x1b[1m\x1b[0m"),
        ("\x1b]0;title hunter2\x07text", "\x1b]0;title [masked]\x07text"),
    ],
)
def test_colours_inside_of_a_secret_do_not_hide_it(text: str, result: str) -> None:
    assert masked(text, "hunter2") == result


def test_numbers_and_truth_values_are_untouched() -> None:
    value = {"pin": 12345, "price": 1234.5, "yes": True, "nothing": None}
    assert masked(value, "1234", "True", "None") is value


def test_what_holds_no_secret_is_the_same_object() -> None:
    value = {"a": ["text", {"b": [1, 2]}], "c": "more"}
    before = copy.deepcopy(value)
    assert masked(value, "hunter2") is value
    assert value == before


def test_only_the_way_to_a_secret_is_copied() -> None:
    value = {"clean": {"a": ["b"]}, "dirty": ["hunter2"]}
    result = masked(value, "hunter2")
    assert result["clean"] is value["clean"]
    assert value["dirty"] == ["hunter2"]


def test_the_longest_secret_is_masked_whole() -> None:
    assert masked("pass passphrase", "pass", "passphrase") == "[masked] [masked]"


def test_secrets_that_overlap_leave_nothing_of_each_other() -> None:
    assert masked("<abcdefghij>", "abcdef", "efghij") == "<[masked]>"


def test_secrets_that_touch_become_one_mask() -> None:
    assert masked("<hunter2hunter2>", "hunter2") == "<[masked]>"


def test_a_secret_across_two_strings_is_none() -> None:
    value = ["hun", "ter2", "hunt\ner2"]
    assert masked(value, "hunter2", "hun\nter2x") == value


def test_white_space_around_a_secret_does_not_count() -> None:
    assert masked("password: hunter2", "hunter2\n") == "password: [masked]"


@pytest.mark.parametrize(
    "shape",
    [
        AWKWARD,
        json.dumps(AWKWARD)[1:-1],
        json.dumps(AWKWARD, ensure_ascii=False)[1:-1],
        json.dumps(AWKWARD)[1:-1].replace("/", "\\/"),
        quote(AWKWARD),
        quote(AWKWARD, safe=""),
        quote(AWKWARD, safe="!'()*"),
        quote_plus(AWKWARD),
        quote_plus(AWKWARD).lower(),
        base64.b64encode(AWKWARD.encode()).decode(),
        base64.b64encode(AWKWARD.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(AWKWARD.encode()).decode(),
        base64.urlsafe_b64encode(AWKWARD.encode()).decode().rstrip("="),
    ],
)
def test_a_secret_in_disguise_is_masked(shape: str) -> None:
    assert masked(f"<{shape}>", AWKWARD) == "<[masked]>"


@pytest.mark.parametrize("user", ["a", "ab", "abc", "abcd"])
@pytest.mark.parametrize("after", ["", "x", "yz"])
def test_credentials_of_basic_authentication_show_nothing_of_the_secret(user: str, after: str) -> None:
    secret = "\xff\xfe-correct-horse"
    encoded = base64.b64encode(f"{user}:{secret}{after}".encode()).decode()
    result = masked(f"Basic {encoded}", secret)
    assert "[masked]" in result
    # What may stay of the secret are the bits that share a character with their neighbours.
    assert len(result) - len("Basic [masked]") <= len(base64.b64encode(f"{user}:{after}".encode())) + 4


def test_a_short_secret_is_not_looked_for_in_base64() -> None:
    encoded = base64.b64encode(b"hunter2").decode()
    assert masked(encoded, "hunter2") == encoded


def test_a_secret_of_several_lines_is_masked_line_by_line() -> None:
    first, second = PEM.splitlines()[1:3]
    assert masked(PEM, PEM) == "[masked]\n"
    assert masked(f"1: {first}\r\n2: {second}\n3: short", PEM) == "1: [masked]\r\n2: [masked]\n3: short"


def test_keys_that_become_equal_lose_no_value() -> None:
    value = {"hunter2": 1, "[masked]": 2, "correct-horse": 3, "[masked]~3": 4}
    result = masked(value, "hunter2", "correct-horse")
    assert sorted(result.values()) == [1, 2, 3, 4]
    assert result["[masked]"] == 1
    assert not any("hunter2" in key or "correct" in key for key in result)


def test_very_many_keys_that_become_equal_take_no_quadratic_time() -> None:
    value = {f"hunter2{'hunter2' * n}": n for n in range(2_000)}
    started = time.perf_counter()
    assert len(masked(value, "hunter2")) == 2_000
    assert time.perf_counter() - started < 5


def test_the_record_s_own_field_names_are_no_secrets() -> None:
    step = {"name": "name of a step", "status": "succeeded", "output": "the output"}
    assert masked(step, "name", "status", "output") == {
        "name": "[masked] of a step",
        "status": "succeeded",
        "output": "the [masked]",
    }


def header() -> dict[str, Any]:
    return {
        "workflow": {"id": "acme:secret-flow", "name": "secret-flow of acme"},
        "execution": {
            "id": "secret-run",
            "status": "succeeded",
            "started_at": "2025-04-09T14:59:56Z",
            "finished_at": "2025-04-09T15:00:00Z",
            "input": "secret-run",
            "url": "https://example.org/secret-flow",
        },
        "secret-run": True,
    }


def test_of_a_header_ids_status_and_times_stay() -> None:
    original = header()
    result = Masker(["secret-flow", "secret-run", "succeeded", "2025-04-09"]).mask_header(original)
    assert result == {
        "workflow": {"id": "acme:secret-flow", "name": "[masked] of acme"},
        "execution": {
            "id": "secret-run",
            "status": "succeeded",
            "started_at": "2025-04-09T14:59:56Z",
            "finished_at": "2025-04-09T15:00:00Z",
            "input": "[masked]",
            "url": "https://example.org/[masked]",
        },
        "[masked]": True,
    }
    assert list(result) == ["workflow", "execution", "[masked]"]
    assert original == header()
    assert read_header(result).header.workflow.id == "acme:secret-flow"


def test_a_clean_header_and_a_clean_step_are_the_same_objects() -> None:
    clean, step = header(), {"name": "a", "status": "failed"}
    masker = Masker(["hunter2"])
    assert masker.mask_header(clean) is clean
    assert masker.mask_step(step) is step


@pytest.mark.parametrize(
    "broken", [{}, {"workflow": "hunter2"}, {"workflow": ["hunter2"], "execution": None, "x": "hunter2"}]
)
def test_a_header_that_is_no_header_is_masked_all_the_same(broken: dict[str, Any]) -> None:
    assert "hunter2" not in json.dumps(Masker(["hunter2"]).mask_header(broken))


def test_of_a_step_status_and_times_stay_but_not_those_of_its_children() -> None:
    step = {
        "name": "failed",
        "status": "failed",
        "iteration": 1,
        "started_at": "2025-04-09T14:59:56Z",
        "children": [{"name": "c", "status": "failed"}],
        "failed": "x",
    }
    result = Masker(["failed", "2025-04-09"]).mask_step(step)
    assert result == {
        "name": "[masked]",
        "status": "failed",
        "iteration": 1,
        "started_at": "2025-04-09T14:59:56Z",
        "children": [{"name": "c", "status": "[masked]"}],
        "[masked]": "x",
    }
    assert read_step(result, 0).step.status == "failed"


@pytest.mark.parametrize("value", [None, []])
def test_without_secrets_there_is_no_masker(value: Any) -> None:
    assert read_secrets(value) is None


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("hunter2", "secrets"),
        ({"a": "hunter2"}, "secrets"),
        (0, "secrets"),
        (["hunter2", 7], "secrets[1]"),
        ([None], "secrets[0]"),
        ([""], "secrets[0]"),
        (["good secret", "abc"], "secrets[1]"),
        (["   abc   "], "secrets[0]"),
        (["x" * 65_537], "secrets[0]"),
        (["ä" * 32_769], "secrets[0]"),
        (["hunter2"] * 1_001, "secrets"),
        (["x" * 60_000] * 18, "secrets"),
        (["\n".join(["x" * 16] * 1_001)] * 10, "secrets"),
    ],
)
def test_wrong_secrets_are_refused_by_their_place_and_never_shown(value: Any, field: str) -> None:
    with pytest.raises(InvalidRecord) as caught:
        read_secrets(value)
    assert caught.value.field == field
    assert "hunter2" not in caught.value.detail
    assert "abc" not in caught.value.detail


@pytest.mark.parametrize("value", [["abcd"], ["x" * 65_536], ["äöüß"], [f"secret-{n}" for n in range(1_000)]])
def test_secrets_up_to_the_limits_are_taken(value: list[str]) -> None:
    masker = read_secrets(value)
    assert masker is not None
    assert masker.mask(value[-1]) == "[masked]"


def test_nesting_beyond_python_s_limit_is_refused_not_a_crash() -> None:
    value: Any = "hunter2"
    for _ in range(5_000):
        value = [value]
    with pytest.raises(InvalidRecord, match="nested too deeply"):
        masked(value, "hunter2")


LETTERS = st.text(st.sampled_from('abcdéß\n "/%+'), min_size=4, max_size=12).filter(lambda text: len(text.strip()) >= 4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.sampled_from('abcdéß\n "/%+'), max_size=60),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *texts(item))]
    return []


@given(value=JSON, secrets=st.lists(LETTERS, min_size=1, max_size=4))
def test_no_secret_is_left_and_masking_again_changes_nothing(value: Any, secrets: list[str]) -> None:
    masker = Masker(secrets)
    result = masker.mask(value)
    assert not any(secret.strip() in text for secret in secrets for text in texts(result))
    assert masker.mask(result) is result
    assert len(texts(result)) == len(texts(value))


def test_fifty_secrets_in_a_large_text_take_little_time() -> None:
    masker = Masker([f"{n:02}-{base64.b64encode(bytes([n] * 24)).decode()}" for n in range(50)])
    text = "The quick brown fox jumps over the lazy dog. " * 22_000
    started = time.perf_counter()
    assert masker.mask(text) is text
    assert time.perf_counter() - started < 2


def test_a_thousand_secrets_in_a_large_step_take_little_time() -> None:
    secrets = [base64.b64encode(n.to_bytes(24, "big")).decode() for n in range(1_000)]
    masker = Masker(secrets)
    clean = {"output": "The quick brown fox jumps over the lazy dog. " * 330_000}
    started = time.process_time()
    assert masker.mask(clean) is clean
    assert time.process_time() - started < 5
    leaking = {"output": [f"{secret} and {number}" for number in range(10) for secret in secrets]}
    started = time.process_time()
    assert masker.mask(leaking) == {"output": [f"[masked] and {n}" for n in range(10) for _ in secrets]}
    assert time.process_time() - started < 10


def test_a_secret_everywhere_in_a_large_text_takes_bounded_time() -> None:
    started = time.process_time()
    assert masked({"output": "0" * 2_000_000}, "0000", "00000000") == {"output": "[masked]"}
    assert time.process_time() - started < 10


def test_long_secrets_that_begin_alike_are_told_apart() -> None:
    begin = "x" * 70
    assert masked(f"{begin}one {begin}two {begin}three", f"{begin}one", f"{begin}three", "x" * 69) == (
        "[masked] [masked]two [masked]"
    )
    text = ("é" * 40_000) + f"{begin}one é {begin}two"
    assert masked(text, f"{begin}one") == ("é" * 40_000) + f"[masked] é {begin}two"
