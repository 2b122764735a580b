from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest

from producer.contract.redaction.redactor import Redactor

REDACTOR = Redactor()
FIELD = "[redacted: secret-field]"
AUTH = "[redacted: authorization-header]"


def masked(value: Any) -> Any:
    return REDACTOR.value(value, Counter())


@pytest.mark.parametrize(
    "key",
    ["password", "Password", "dbPassword", "DB_PASSWORD", "db-password", "api_key", "apiKey", "APIKEY", "client_secret",
     "clientSecret", "access_token", "refreshToken", "aws_secret_access_key", "privateKey", "smtp_pass", "user-pwd"],
)  # fmt: skip
def test_the_value_of_a_name_that_marks_a_secret_is_masked(key: str) -> None:
    assert masked({"a": [{key: "some words", "user": "u"}]}) == {"a": [{key: FIELD, "user": "u"}]}
    assert masked({key: ["one", "two", 3, {"user": "u"}]}) == {key: [FIELD, FIELD, 3, {"user": "u"}]}


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        ("Authorization", "authorization-header"),
        ("proxy-authorization", "authorization-header"),
        ("X-API-Key", "api-key-header"),
        ("x-amz-security-token", "api-key-header"),
        ("Cookie", "cookie-header"),
        ("set-cookie", "cookie-header"),
    ],
)
def test_headers_are_masked_by_name_also_in_lists_of_names_and_values(key: str, rule: str) -> None:
    mask = f"[redacted: {rule}]"
    assert masked({"headers": {key: "sid=1 x"}}) == {"headers": {key: mask}}
    assert masked({"headers": {key: ["sid=1", "b=2"]}}) == {"headers": {key: [mask, mask]}}
    assert masked([{"name": key, "value": "sid=1"}, {"key": key, "value": "b=2"}]) == [
        {"name": key, "value": mask},
        {"key": key, "value": mask},
    ]


@pytest.mark.parametrize(
    "value",
    [
        {"password": {"type": "string", "description": "The password"}, "required": ["password"]},
        {"password": None, "secret": True, "api_key": 12345678, "token": "Hello", "tokens": ["a", "b"]},
        {"password": "", "secret": "***", "api_key": "${KEY}", "authorization": "[masked]", "cookie": "none"},
        {"pass": "yes", "pwd": "/home/u", "public_key": "abc", "key": "abc", "private_key_id": "abc", "tokenizer": "x"},
        {"nextPageToken": "a1B2c3D4e5F6g7H8", "prompt_tokens": 3, "password_policy": "strong", "has_secrets": "no"[:0]},
        {"id": "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "url": "https://example.org/a?b=c", "n": 1.5, "t": True},
    ],
)
def test_what_is_no_secret_is_the_same_object(value: Any) -> None:
    before = copy.deepcopy(value)
    assert masked(value) is value
    assert value == before


def test_a_doubtful_name_needs_a_value_that_looks_secret() -> None:
    assert masked({"token": "a1B2c3D4e5F6g7H8i9"}) == {"token": FIELD}
    assert masked({"credentials": "a1B2c3D4e5F6g7H8i9", "user_id_token": "x y"}) == {
        "credentials": FIELD,
        "user_id_token": FIELD,
    }


def test_only_the_way_to_a_secret_is_copied() -> None:
    value = {"clean": {"a": ["b"]}, "dirty": {"password": "hunter2"}}
    result = masked(value)
    assert result["clean"] is value["clean"]
    assert value["dirty"] == {"password": "hunter2"}


def test_object_keys_are_masked_and_none_is_lost() -> None:
    first, second = f"gh{'p_'}{'a' * 36}", f"gh{'p_'}{'b' * 36}"
    result = masked({first: 1, second: 2, "[redacted: github-token]": 3})
    assert sorted(result.values()) == [1, 2, 3]
    assert next(iter(result)) == "[redacted: github-token]"
    assert not any(key in result for key in (first, second))


def test_masks_are_counted_by_rule() -> None:
    counts: Counter[str] = Counter()
    REDACTOR.value({"password": "x y", "a": ["http://u:pw@h http://u:pw@i", {"secret": "z z"}]}, counts)
    assert counts == {"secret-field": 2, "url-password": 2}
