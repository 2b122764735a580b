"""README's promises that can be checked without a server: its tables, its names, its pictures, its links."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from producer.engines import ENGINES
from tests import readme_tables
from tests.readme_tables import README, TABLES, tables_in
from tests.unit.worker.render.test_commonmark import AUTOLINKED, TOTAL

ROOT = README.parent
TEXT = README.read_text(encoding="utf-8")
LARGEST_PICTURE = 300_000


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_what_the_code_says(name: str) -> None:
    assert tables_in(TEXT).get(name) == TABLES[name](), "run: python -m tests.readme_tables"


def test_writing_the_tables_anew_changes_nothing() -> None:
    assert readme_tables.renewed(TEXT) == TEXT


def test_every_engine_is_told() -> None:
    section = TEXT.partition("\n## Engines\n")[2].partition("\n## ")[0]
    assert all(f"`{name}`" in section for name in ENGINES)


def test_the_commonmark_count_is_the_tested_one() -> None:
    assert f"{TOTAL - len(AUTOLINKED)} of the {TOTAL} examples" in TEXT


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z-]+)", code(TEXT))) <= targets


def code(text: str) -> str:
    """What is set as code: fenced blocks and spans."""
    return "\n".join([*re.findall(r"```.*?```", text, re.DOTALL), *re.findall(r"`[^`\n]+`", text)])


def local_links() -> list[str]:
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", TEXT) if "://" not in target]


@pytest.mark.parametrize("target", local_links())
def test_a_link_leads_somewhere(target: str) -> None:
    path, _, fragment = target.partition("#")
    assert not path or (ROOT / path).exists()
    assert not fragment or path or fragment in headings(TEXT)


def headings(text: str) -> set[str]:
    """The names that GitHub gives to headings."""
    found = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in found}


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "images").iterdir()), ids=lambda path: path.name)
def test_a_picture_is_shown_and_small(path: Path) -> None:
    assert f"docs/images/{path.name}" in TEXT
    assert path.read_bytes().startswith(b"\x89PNG")
    assert path.stat().st_size < LARGEST_PICTURE


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in project["dependencies"]}
    reasons = TEXT.partition("\n## Decisions\n")[2]
    assert named == {name for line in reasons.splitlines() if line.startswith("| `") for name in packages(line)}


def packages(row: str) -> list[str]:
    return re.findall(r"`([^`]+)`", row.split("|")[1])
