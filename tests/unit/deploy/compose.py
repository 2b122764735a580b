"""Reads docker-compose.yml as Compose does: merged, with variables put in."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

ROOT: Final = Path(__file__).parents[3]
FILE: Final = ROOT / "docker-compose.yml"
OURS: Final = ("gateway", "worker", "large-worker", "callbacks", "sweeper")
SERVERS: Final = ("valkey", "seaweedfs")

_VARIABLE: Final = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?P<rule>:[?-])?(?P<rest>[^}]*)\})")


class Variable(NamedTuple):
    """A ``${NAME:?sentence}`` or ``${NAME:-default}`` of the file; ``rule`` is what stands between, or empty."""

    name: str
    rule: str
    rest: str


def read_raw() -> dict[str, Any]:
    """The file with its anchors merged and its variables as they are written."""
    content: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content


def read_interpolated(variables: Mapping[str, str]) -> dict[str, Any]:
    """The file as Compose works with it."""
    content: dict[str, Any] = _interpolated(read_raw(), variables)
    return content


def variables_in(value: Any) -> list[Variable]:
    """The variables that a part of the file names."""
    if isinstance(value, str):
        found = _VARIABLE.finditer(value)
        return [Variable(one["name"], one["rule"] or "", one["rest"]) for one in found if one["name"]]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [variable for one in inside for variable in variables_in(one)]


def made_environment(folder: Path, *arguments: str) -> dict[str, str]:
    """Run deploy/make-env.sh on a copy and return what it wrote."""
    run_make_env(folder, *arguments).check_returncode()
    lines = (folder / ".env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def run_make_env(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run deploy/make-env.sh on a copy in a folder, whatever the outcome."""
    (folder / "deploy").mkdir(exist_ok=True)
    script = shutil.copy(ROOT / "deploy" / "make-env.sh", folder / "deploy")
    return subprocess.run([script, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 # our own script


def _interpolated(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _interpolated(one, variables) for key, one in value.items()}
    if isinstance(value, list):
        return [_interpolated(one, variables) for one in value]
    return _VARIABLE.sub(lambda match: _replacement(match, variables), value) if isinstance(value, str) else value


def _replacement(match: re.Match[str], variables: Mapping[str, str]) -> str:
    if match["name"] is None:
        return "$"
    given = variables.get(match["name"], "")
    if not given and match["rule"] == ":?":
        raise KeyError(f"{match['name']} {match['rest']}")
    return given or (match["rest"] if match["rule"] == ":-" else "")
