"""Installs engines from their registries, each version once, into an environment of its own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from integrations.check.place import call

CACHE: Final = Path(__file__).parents[2] / "build" / "engines"
_WITHIN: Final = 900.0


def once(name: str, install: Callable[[Path], None]) -> Path:
    """Return an environment, which is made where it is not there whole."""
    folder = CACHE / name
    done = folder / ".installed"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        install(folder)
        done.touch()
    return folder


def from_pypi(folder: Path, *requirements: str) -> None:
    """Make a virtual environment with packages of PyPI."""
    call((sys.executable, "-m", "venv", str(folder)), _WITHIN)
    pip = (str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    call((*pip, *requirements), _WITHIN)
