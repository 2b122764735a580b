"""What the check of real engines compares and writes, without any engine."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from integrations.check import install, table
from integrations.check.__main__ import ENGINES
from integrations.check.expected import Step, verdict
from integrations.check.place import EngineFailed, call
from integrations.check.table import Row

STEPS = (Step("load_1_failed", ("HTTP 503", "Try 1")), Step("load_2_success"))
WHOLE = {"load_1_failed.md": "HTTP 503\nTry 1", "load_2_success.md": ""}


def test_an_archive_that_holds_all_steps_lacks_nothing() -> None:
    assert verdict(STEPS, WHOLE) == ([], [])


@pytest.mark.parametrize(
    ("archive", "missing", "unexpected"),
    [
        ({}, ["load_1_failed.md", "load_2_success.md"], []),
        ({**WHOLE, "load_1_failed.md": "Try 1"}, ["'HTTP 503' in load_1_failed.md"], []),
        ({**WHOLE, "load_3_success.md": ""}, [], ["load_3_success.md"]),
    ],
)
def test_what_is_missing_or_too_much_is_named(
    archive: dict[str, str], missing: list[str], unexpected: list[str]
) -> None:
    assert verdict(STEPS, archive) == (missing, unexpected)


def test_the_table_names_what_is_wrong() -> None:
    rows = [Row("prefect", "3.9.1", 9, 9, []), Row("n8n", "2.40.5", 9, 8, ["a.md", "'x|y' in b.md"])]
    assert table.table(rows).splitlines()[2:] == [
        "| `prefect` | 3.9.1 | 9 | 9 | none |",
        "| `n8n` | 2.40.5 | 9 | 8 | a.md; 'x\\|y' in b.md |",
    ]


def test_the_table_replaces_the_one_before(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    for _ in range(2):
        table.write("| new |", date(2026, 1, 31), readme)
    assert readme.read_text() == (
        f"before\n{table.BEGIN}\n`make engines-check`, 2026-01-31:\n\n| new |\n{table.END}\nafter\n"
    )


def test_the_readme_shows_the_versions_that_are_pinned() -> None:
    text = table.README.read_text(encoding="utf-8")
    shown = text.partition(table.BEGIN)[2].partition(table.END)[0]
    for engine in ENGINES.values():
        assert f"| `{engine.name}` | {engine.version} | {len(engine.steps)} | {len(engine.steps)} | none |" in shown
        told = (table.README.parent / "integrations" / engine.name / "README.md").read_text(encoding="utf-8")
        assert f"{engine.version}." in told


def test_an_environment_is_made_once_and_again_where_that_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[Path] = []

    def break_off(folder: Path) -> None:
        (folder / "half").touch()
        raise EngineFailed("no room")

    def make(folder: Path) -> None:
        made.append(folder)
        assert not (folder / "half").exists()

    monkeypatch.setattr(install, "CACHE", tmp_path / "engines")
    with pytest.raises(EngineFailed):
        install.once("engine-1", break_off)
    for _ in range(2):
        install.once("engine-1", make)
    assert made == [tmp_path / "engines" / "engine-1"]


def test_an_installer_that_fails_is_quoted() -> None:
    with pytest.raises(EngineFailed, match=r"exit status 3\nno such package"):
        call(("sh", "-c", "echo no such package; exit 3"), 10)
