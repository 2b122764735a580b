"""The examples of the CommonMark specification, rendered by the engine as it ships, raw HTML aside.

The specification is fetched for a run and never kept: from the package ``commonmark-spec`` where CI is set, else from
the file that RUNFOLIO_COMMONMARK_SPEC names.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import NamedTuple

import pytest

from producer.contract.render.engines import commonmark_engine

EXAMPLE = re.compile(r"^`{32} example\n(.*?)^\.\n(.*?)^`{32}$", re.MULTILINE | re.DOTALL)
TOTAL = 652
AUTOLINKED = {602, 608, 611, 612}
"""Examples that show what is no link without angle brackets; GitHub's extension makes links of just these."""


class Example(NamedTuple):
    number: int
    markdown: str
    html: str


def fetch(folder: Path) -> str:
    npm = shutil.which("npm")
    assert npm is not None, "npm is needed to fetch the specification"
    subprocess.run([npm, "pack", "commonmark-spec", "--silent"], cwd=folder, check=True, timeout=100)  # noqa: S603 # the arguments are ours
    with tarfile.open(next(folder.glob("*.tgz"))) as package:
        spec = package.extractfile("package/spec.txt")
        assert spec is not None
        return spec.read().decode()


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    path = os.environ.get("RUNFOLIO_COMMONMARK_SPEC")
    if path:
        text = Path(path).read_text(encoding="utf-8")
    elif os.environ.get("CI"):
        text = fetch(tmp_path_factory.mktemp("commonmark"))
    else:
        pytest.skip("set RUNFOLIO_COMMONMARK_SPEC to the specification's spec.txt, or CI to fetch it")
    found = EXAMPLE.findall(text.replace("→", "\t"))
    return [Example(number, markdown, html) for number, (markdown, html) in enumerate(found, 1)]


def test_the_specification_passes_save_where_github_differs(examples: list[Example]) -> None:
    engine = commonmark_engine(raw_html=True)
    failed = {one.number for one in examples if engine(one.markdown) != one.html}
    assert len(examples) == TOTAL
    assert failed == AUTOLINKED
    assert TOTAL - len(failed) == 648
