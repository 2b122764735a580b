"""README's snippets, run in their order by a newcomer who has a stack and nothing else.

A snippet that is run stands behind ``<!-- test -->``. Shells stop at the first command that fails.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.acceptance.conftest import RunningStack, environment
from tests.readme_tables import README

pytestmark = pytest.mark.acceptance

SNIPPET = re.compile(r"^<!-- test -->\n```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = 60


class Run(NamedTuple):
    """A snippet and what it printed."""

    text: str
    output: str


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the newcomer stands: a folder with the samples."""
    made = tmp_path_factory.mktemp("newcomer")
    shutil.copytree(README.parent / "samples", made / "samples")
    return made


@pytest.fixture(scope="module")
def runs(stack: RunningStack, folder: Path) -> list[Run]:
    given = environment() | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "RUNFOLIO_URL": stack.url,
        "RUNFOLIO_TOKEN": stack.token,
        "RUNFOLIO_TOKENS_FILE": str(stack.data_dir / "tokens.json"),
    }
    snippets = SNIPPET.finditer(README.read_text(encoding="utf-8"))
    return [run(snippet[1], snippet[2], folder, given) for snippet in snippets]


def run(language: str, text: str, folder: Path, given: dict[str, str]) -> Run:
    interpreter = ["bash", "-euo", "pipefail", "-c"] if language == "sh" else [sys.executable, "-c"]
    done = subprocess.run(  # noqa: S603 # our own text
        [*interpreter, text], cwd=folder, env=given, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return Run(text, done.stdout)


def output_of(runs: list[Run], part: str) -> str:
    (found,) = [run.output for run in runs if part in run.text]
    return found


def test_every_snippet_works(runs: list[Run]) -> None:
    assert len(runs) == README.read_text(encoding="utf-8").count("<!-- test -->")


def test_the_sample_comes_out_as_the_opening_shows(runs: list[Run], folder: Path) -> None:
    (sent,) = (folder / "archives").glob("*.zip")
    (offline,) = (folder / "offline").glob("*.zip")
    tree = README.read_text(encoding="utf-8").partition("```text\n")[2].partition("```")[0].splitlines()
    with zipfile.ZipFile(sent) as archive:
        assert [sent.name, *(f"── {name}" for name in archive.namelist())] == [line.lstrip("├└") for line in tree]
        page = archive.read("finalize_failed.md").decode()
    assert page.startswith(README.read_text(encoding="utf-8").partition("````markdown\n")[2].partition("````")[0])
    assert sent.read_bytes() == offline.read_bytes()
    assert Path(output_of(runs, "--output archives").strip()).name == sent.name


def test_the_link_of_the_first_event_downloads_under_its_name(runs: list[Run], folder: Path) -> None:
    assert output_of(runs, "event-17") is not None
    assert (folder / "Nightly report_2026-01-31_22_00_00_17.zip").exists()
    with zipfile.ZipFile(folder / "Nightly report_2026-01-31_22_00_00_17.zip") as archive:
        assert archive.namelist() == ["Nightly report_2026-01-31_22_00_00_17.html"]


def test_the_stream_is_accepted(runs: list[Run]) -> None:
    (export,) = json.loads(output_of(runs, "event-18"))["exports"]
    assert export["execution"] == {"id": "18", "status": "succeeded"}
    assert export["options"]["include"] == ["manifest"]
    assert export["progress"]["total"] == 2


def test_the_sdk_and_the_signature_are_accepted(runs: list[Run]) -> None:
    assert "/d/" in output_of(runs, "event-19")
    assert output_of(runs, "event-20").strip() == "202"


def test_an_engines_payload_is_accepted(runs: list[Run]) -> None:
    (export,) = json.loads(output_of(runs, "/v1/engines/codemie"))["exports"]
    assert export["workflow"]["id"].startswith("codemie:")


def test_an_earlier_execution_is_exported_again(runs: list[Run]) -> None:
    export = json.loads(output_of(runs, "executions/17/exports"))
    assert export["status"] == "ready"
    assert export["archive"]["files"] == 1


def test_a_token_is_made_listed_and_revoked(runs: list[Run]) -> None:
    token, *listed = output_of(runs, "token create --name dashboards").splitlines()
    assert token.startswith("rf_")
    assert any("dashboards" in line for line in listed)
