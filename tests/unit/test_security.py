"""The threat model names tests: each of them must be there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_is_named_exists(path: str, name: str) -> None:
    assert name.startswith("test_")
    assert name in names_in(path)


def test_every_promise_is_held_by_a_test() -> None:
    promises = TEXT.partition("\n## Promises")[2]
    rows = [line for line in promises.splitlines() if line.startswith("| ") and not line.startswith("| Promise")]
    assert len(rows) > 30
    for row in rows:
        if not set(row) <= set("| -"):
            assert re.search(r"`tests/[\w/]+\.py::test_\w+`", row), row


def test_it_speaks_of_all_that_it_must() -> None:
    for what in ("CSRF", "Content-Security-Policy", "SSRF", "audit", "Redaction", "session", "link", "reveal"):
        assert what in TEXT
