"""README's promises that can be checked without a server: its tables, its names, its pictures, its links."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from producer.bodies import MAX_BLANK_LINES, MAX_RATIO, RATIO_FROM
from producer.contract.export import MAX_REQUESTED
from producer.contract.jsonbounds import MAX_CONTAINERS, MAX_DEPTH, MAX_VALUES
from producer.contract.record import MAX_ID_BYTES
from producer.engines import ENGINES
from producer.events import MAX_BATCH
from producer.incoming import Most
from producer.protocol import MAX_HEAD_BYTES, MAX_LINE_BYTES
from producer.settings import GatewaySettings
from tests import readme_tables
from tests.readme_tables import README, TABLES, tables_in
from tests.unit.contract.render.test_commonmark import AUTOLINKED, TOTAL
from worker.settings import WorkerSettings
from worker.sources.client import Limits
from worker.sources.completion import Most as MostFetched

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


LIMITS = {
    "workflow and execution ids": f"1 to {MAX_ID_BYTES:,} bytes",
    "steps of one execution": f"({Most().steps:,})",
    "one step": f"({Most().step_bytes >> 20} MiB)",
    "a compressed body": f"{MAX_RATIO} times its compressed size, once it is above {RATIO_FROM >> 20} MiB",
    "blank lines in NDJSON": f"{MAX_BLANK_LINES:,}",
    "a request's address": f"{MAX_LINE_BYTES >> 10} KiB",
    "a request's line and headers": f"{MAX_HEAD_BYTES >> 10} KiB",
    "nesting of JSON": f"{MAX_DEPTH} levels",
    "arrays and objects in one step, or in an engine's payload": f"{MAX_CONTAINERS:,}",
    "values in one JSON text": f"{MAX_VALUES:,}",
    "exports that one event asks for": f"{MAX_REQUESTED:,}",
    "events in one batch": f"{MAX_BATCH:,}",
    "what a [source](#sources) fetches of one execution": f"({Limits().size >> 20} MiB), within "
    f"`RUNFOLIO_SOURCE_TIMEOUT` ({Limits().seconds / 60:g} minutes)",
}
"""What README says of limits that are no settings."""


@pytest.mark.parametrize("what", LIMITS)
def test_a_limit_is_what_the_code_says(what: str) -> None:
    section = TEXT.partition("\n## Limits\n")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (.+?) \| (.+) \|$", section, re.MULTILINE))
    assert LIMITS[what] in rows[what]


def test_every_limit_that_is_a_setting_is_told_with_its_default() -> None:
    fields = GatewaySettings.model_fields
    assert fields["max_steps"].default == Most().steps
    assert fields["max_step_bytes"].default == Most().step_bytes
    fetching = WorkerSettings.model_fields
    assert fields["max_step_bytes"].default == MostFetched().step_bytes
    assert fields["max_steps"].default == MostFetched().steps
    assert fetching["source_max_bytes"].default == Limits().size
    assert fetching["source_timeout"].default.total_seconds() == Limits().seconds
    section = TEXT.partition("\n### Rate limits\n")[2].partition("\n## ")[0]
    for name in ("rate_limit", "rate_limit_links", "rate_limit_failures"):
        assert f"`RUNFOLIO_{name.upper()}` (`{fields[name].default}`)" in section


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


PICTURES = sorted((ROOT / "docs" / "images").rglob("*.png"))


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_is_shown_and_small(path: Path) -> None:
    # Of the pages there is a picture of each, and README shows some.
    assert str(path.relative_to(ROOT)) in TEXT or path.parent.name == "pages"
    assert path.read_bytes().startswith(b"\x89PNG")
    assert path.stat().st_size < LARGEST_PICTURE


def test_three_pages_are_shown() -> None:
    shown = re.findall(r"docs/images/pages/[\w-]+\.png", TEXT)
    assert len(shown) == 3
    assert all((ROOT / path).exists() for path in shown)


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in project["dependencies"]}
    reasons = TEXT.partition("\n## Decisions\n")[2]
    assert named == {name for line in reasons.splitlines() if line.startswith("| `") for name in packages(line)}


def packages(row: str) -> list[str]:
    return re.findall(r"`([^`]+)`", row.split("|")[1])
