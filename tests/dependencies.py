"""Known vulnerabilities of the pinned dependencies: ``python -m tests.dependencies``, which ``make audit`` and CI run.

pip-audit asks a database of advisories. Where none can be reached this says so and ends well: a machine without a way
out must be able to run everything else. Ends with 1 where a version in constraints.txt has a known vulnerability.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

CONSTRAINTS: Final = Path(__file__).parents[1] / "constraints.txt"
SERVICES: Final = ("pypi", "osv")
ACCEPTED: Final[dict[str, str]] = {}
"""Advisories that do not concern us, by their id, each with the reason."""

_PATIENCE: Final = 300


class Audit(NamedTuple):
    """What a database says: how many versions it knows, which it does not, and what is wrong with which."""

    known: int
    unknown: list[str]
    findings: list[str]


def audit_of(report: dict[str, Any]) -> Audit:
    """Read a report of pip-audit (its format ``json``)."""
    dependencies = report["dependencies"]
    unknown = [one["name"] for one in dependencies if "skip_reason" in one]
    return Audit(len(dependencies) - len(unknown), unknown, [*_findings(dependencies)])


def _findings(dependencies: list[dict[str, Any]]) -> Iterator[str]:
    for one in dependencies:
        for found in one.get("vulns", ()):
            if found["id"] not in ACCEPTED:
                fixed = ", ".join(found["fix_versions"]) or "no version yet"
                yield f"{one['name']} {one['version']}: {found['id']}, fixed in {fixed}"


def ask(service: str) -> Audit | None:
    """Ask one database about every pinned version; None where it cannot be asked."""
    program = shutil.which("pip-audit", path=str(Path(sys.executable).parent))
    if program is None:
        return None
    options = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    command = [program, "--requirement", str(CONSTRAINTS), "--vulnerability-service", service, *options]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)  # noqa: S603 # the command is built above
        return audit_of(json.loads(done.stdout))
    except (subprocess.TimeoutExpired, ValueError):
        return None


def told(audits: list[Audit | None]) -> tuple[str, int]:
    """Say what came of asking, and how that ends. A database that knows nothing of anything was not reached."""
    reached = next((one for one in audits if one is not None and one.known), None)
    if reached is None:
        return "SKIPPED: no database of advisories can be reached from here; dependencies were not audited.", 0
    lines = [f"{reached.known} dependencies audited, {len(reached.findings)} known vulnerabilities."]
    if reached.unknown:
        lines.append(f"Not known to the database: {', '.join(reached.unknown)}.")
    return "\n".join([*lines, *reached.findings]), 1 if reached.findings else 0


def main() -> int:
    """Ask one database after the other until one answers."""
    audits: list[Audit | None] = []
    for service in SERVICES:
        audits.append(ask(service))
        if audits[-1] is not None and audits[-1].known:
            break
    text, code = told(audits)
    sys.stdout.write(f"{text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
