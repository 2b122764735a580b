from __future__ import annotations

from typing import Any

import pytest

from tests import dependencies
from tests.dependencies import Audit, audit_of, told

KNOWN: dict[str, Any] = {"name": "sound", "version": "1.0", "vulns": []}
UNKNOWN: dict[str, Any] = {"name": "own", "skip_reason": "Dependency not found and could not be audited"}
ILL: dict[str, Any] = {
    "name": "ill",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}, {"id": "PYSEC-2", "fix_versions": []}],
}


def test_a_database_that_knows_nothing_was_not_reached() -> None:
    """A mirror answers whatever it does not carry with "not found", which must not pass for a clean bill."""
    text, code = told([audit_of({"dependencies": [UNKNOWN, UNKNOWN]}), None])
    assert text.startswith("SKIPPED")
    assert code == 0


def test_what_is_sound_ends_well_and_tells_what_was_not_looked_at() -> None:
    text, code = told([audit_of({"dependencies": [KNOWN, UNKNOWN]})])
    assert text.splitlines() == ["1 dependencies audited, 0 known vulnerabilities.", "Not known to the database: own."]
    assert code == 0


def test_what_is_vulnerable_ends_badly_by_name() -> None:
    text, code = told([None, audit_of({"dependencies": [KNOWN, ILL]})])
    assert "ill 2.0: PYSEC-1, fixed in 2.1" in text
    assert "ill 2.0: PYSEC-2, fixed in no version yet" in text
    assert code == 1


def test_what_was_accepted_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "ACCEPTED", {"PYSEC-1": "not used here", "PYSEC-2": "not used here"})
    assert audit_of({"dependencies": [ILL]}) == Audit(1, [], [])


def test_every_acceptance_has_a_reason() -> None:
    assert all(reason.strip() for reason in dependencies.ACCEPTED.values())
