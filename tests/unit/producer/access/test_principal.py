from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.access.entries import Scope, TokenEntry
from producer.access.principal import Principal
from producer.contract.errors import Forbidden, NotFound


def principal(*globs: str, can: tuple[Scope, ...] = (Scope.READ,)) -> Principal:
    return Principal("ci", frozenset(can), globs)


def test_an_entry_describes_a_principal() -> None:
    entry = TokenEntry("ci", (Scope.READ, Scope.READ), ("a", "b*"), sha256="ab" * 32)
    assert Principal.of(entry) == Principal("ci", frozenset({Scope.READ}), ("a", "b*"), None)


@pytest.mark.parametrize(
    ("glob", "workflow_id", "seen"),
    [
        ("*", "anything", True),
        ("*", "a/b:c@d\ne", True),
        ("*", "", True),
        ("n8n:*", "n8n:a/b", True),
        ("n8n:*", "n8n@prod:a", False),
        ("n8n:*", "xn8n:a", False),
        ("n8n@*:*", "n8n@prod-eu:7", True),
        ("n8n:a", "n8n:a\n", False),
        ("n8n:a", "n8n:A", False),
        ("N8N:*", "n8n:a", False),
        ("a?c", "a/c", True),
        ("a?c", "ac", False),
        ("a[0-9]", "a7", True),
        ("a[!0-9]", "a7", False),
        ("a[*]", "a*", True),
        ("a[*]", "ab", False),
        ("ab", "a*", False),
        ("a", "[a]", False),
        ("a+(b)", "a+(b)", True),
        ("a.c", "abc", False),
        ("a\\*", "a*", False),
        ("a\\*", "a\\b", True),
    ],
)
def test_a_glob_decides_what_is_seen(glob: str, workflow_id: str, seen: bool) -> None:
    assert principal(glob).may_see(workflow_id) is seen


@given(st.text())
def test_an_asterisk_sees_every_id(workflow_id: str) -> None:
    assert principal("*").may_see(workflow_id)


@given(st.text(st.sampled_from("ab*?[]!-\n"), min_size=1), st.text(st.sampled_from("ab*?[]!-\n"), min_size=1))
def test_an_id_is_data_and_no_pattern(literal: str, workflow_id: str) -> None:
    escaped = "".join(f"[{character}]" if character in "*?[" else character for character in literal)
    assert principal(escaped).may_see(workflow_id) is (literal == workflow_id)


def test_any_of_several_globs_is_enough() -> None:
    assert principal("a:*", "b:*").may_see("b:1")
    assert not principal("a:*", "b:*").may_see("c:1")


def test_what_it_may_see_and_do_passes() -> None:
    principal("a:*").require(Scope.READ, "a:1")


def test_what_it_may_not_see_is_not_found_whatever_it_may_do() -> None:
    with pytest.raises(NotFound, match="no workflow 'b:1'"):
        principal("a:*", can=tuple(Scope)).require(Scope.READ, "b:1")
    with pytest.raises(NotFound):
        principal("a:*", can=(Scope.READ,)).require(Scope.DELETE, "b:1")


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope is not Scope.INGEST])
def test_what_it_may_see_and_not_do_is_forbidden(scope: Scope) -> None:
    with pytest.raises(Forbidden, match=f"token 'ci' does not have the scope '{scope}'") as caught:
        principal("a:*", can=(Scope.INGEST,)).require(scope, "a:1")
    assert caught.value.remedy is not None
    assert f"--can {scope}" in caught.value.remedy


def test_a_scope_alone_can_be_required() -> None:
    reader = principal("a:*")
    reader.require_scope(Scope.READ)
    assert reader.may(Scope.READ)
    assert not reader.may(Scope.REVEAL)
    with pytest.raises(Forbidden):
        reader.require_scope(Scope.REVEAL)


@pytest.mark.parametrize("globs", [("*",), ("a", "*"), ("**",)])
def test_everywhere_is_an_asterisk(globs: tuple[str, ...]) -> None:
    principal(*globs).require_everywhere(Scope.READ)


@pytest.mark.parametrize(
    ("globs", "can"),
    [(("a:*",), (Scope.READ,)), (("?*",), (Scope.READ,)), (("*",), (Scope.INGEST,)), ((), (Scope.READ,))],
)
def test_less_than_everywhere_is_forbidden(globs: tuple[str, ...], can: tuple[Scope, ...]) -> None:
    with pytest.raises(Forbidden):
        principal(*globs, can=can).require_everywhere(Scope.READ)
