from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from producer.contract.redaction.redactor import Redactor
from producer.contract.redaction.site import MAX_RULES, SiteRule, read_site_rules


def read(*rules: Any) -> tuple[SiteRule, ...]:
    return read_site_rules(json.dumps(rules).encode())


def redactor(*rules: Any) -> Redactor:
    return Redactor(site=read(*rules))


def test_a_rule_masks_its_whole_match_or_the_group_secret() -> None:
    made = redactor(
        {"name": "employee", "pattern": "E-[0-9]{6}"}, {"name": "ticket", "pattern": "ticket (?P<secret>[A-Z]+)"}
    )
    assert made.text("E-123456 has ticket ABC") == "[redacted: employee] has ticket [redacted: ticket]"


def test_keywords_limit_where_a_pattern_is_looked_for() -> None:
    made = redactor({"name": "number", "pattern": "[0-9]{8}", "keywords": ["Konto", "é"]})
    assert made.text("konto 12345678") == "konto [redacted: number]"
    assert made.text("é 12345678") == "é [redacted: number]"
    assert made.text("phone 12345678") == "phone 12345678"
    # In one text of a value the keyword stands, in the other it does not.
    assert made.value(["KONTO 12345678", "phone 12345678"], Counter()) == ["KONTO [redacted: number]", "phone 12345678"]


def test_what_is_found_of_no_length_is_nothing() -> None:
    assert redactor({"name": "odd", "pattern": "(?=zz)"}).text("zz zzz") == "zz zzz"


def test_an_empty_list_is_no_rules() -> None:
    assert read() == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "JSON list"),
        (b"{}", "JSON list"),
        (b"\xff", "JSON list"),
        (b'[{"name": "a"}]', "pattern"),
        (b'[{"name": "a", "pattern": "x", "keyword": "y"}]', "keyword"),
        (b'[{"name": "A b", "pattern": "x"}]', r"rule 1 \('A b'\): a name is"),
        (b'[{"name": "a", "pattern": "x"}, {"name": "a", "pattern": "y"}]', r"rule 2 \('a'\): there is"),
        (b'[{"name": "jwt", "pattern": "x"}]', "there is a rule of this name already"),
        (b'[{"name": "secret-field", "pattern": "x"}]', "there is a rule of this name already"),
        (b'[{"name": "a", "pattern": "("}]', r"rule 1 \('a'\): the pattern is no regular expression"),
        (b'[{"name": "a", "pattern": ""}]', "matches nothing"),
        (b'[{"name": "a", "pattern": "x*"}]', "matches nothing"),
        (b'[{"name": "a", "pattern": "x|"}]', "matches nothing"),
        (rb'[{"name": "a", "pattern": "\\b"}]', "matches nothing"),
        (b'[{"name": "a", "pattern": "x", "keywords": [" "]}]', "keyword"),
        (json.dumps([{"name": f"a{n}", "pattern": "x"} for n in range(MAX_RULES + 1)]).encode(), "at most"),
    ],
)
def test_a_wrong_file_is_refused_by_its_place(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_site_rules(data)
