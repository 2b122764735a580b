"""``python -m integrations.check [engine …]`` runs the engines; an exit status other than 0 says that something lacks.

``--keep FOLDER`` leaves the archives' files and the engines' logs there, ``--write`` puts the table into README.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from integrations.check import install, table
from integrations.check.archives import archive_of
from integrations.check.engines import Engine
from integrations.check.engines.airflow import AIRFLOW
from integrations.check.engines.dagster import DAGSTER
from integrations.check.engines.n8n import N8N
from integrations.check.engines.prefect import PREFECT
from integrations.check.expected import verdict
from integrations.check.place import EngineFailed, place_for
from integrations.check.table import Row
from producer.contract.errors import RunfolioError
from runfolio.client import GatewayClient
from runfolio.embedded import start_stack
from runfolio.target import Target

ENGINES = {engine.name: engine for engine in (PREFECT, AIRFLOW, DAGSTER, N8N)}
_ARCHIVE_WITHIN = 120.0


def main() -> int:
    """Check engines, print the table, and return the exit status."""
    chosen = _arguments()
    with tempfile.TemporaryDirectory(prefix="runfolio-engines-") as folder:
        rows = [_row(ENGINES[name], Path(chosen.keep or folder) / name) for name in chosen.engines or ENGINES]
    text = table.table(rows)
    print(text)  # noqa: T201 # the result
    whole = not any(row.wrong for row in rows)
    if chosen.write and whole:
        table.write(text, datetime.now(UTC).date())
    return 0 if whole else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m integrations.check", description=__doc__)
    parser.add_argument("engines", nargs="*", choices=[[], *ENGINES], help="which engines; all where none is named")
    parser.add_argument("--keep", type=Path, help="a new folder for archives and logs")
    parser.add_argument("--write", action="store_true", help="write the table into README")
    return parser.parse_args()


def _row(engine: Engine, folder: Path) -> Row:
    """Install an engine, run its flow, and judge the archive."""
    began = time.monotonic()
    archive: dict[str, str] = {}
    try:
        archive = _archive(engine, folder)
        found = verdict(engine.steps, archive)
        wrong = [*found.missing, *(f"{name} is no step" for name in found.unexpected)]
    except (EngineFailed, RunfolioError) as error:
        _say(str(error))
        wrong = [f"not run: {str(error).splitlines()[0]}"]
    _say(f"{engine.name} {engine.version}: {time.monotonic() - began:.0f} s")
    return Row(engine.name, engine.version, len(engine.steps), len(archive), wrong)


def _archive(engine: Engine, folder: Path) -> dict[str, str]:
    _say(f"{engine.name} {engine.version}: installing, where it is not there yet")
    installed = install.once(f"{engine.name}-{engine.version}", engine.install)
    archive: dict[str, str] = {}
    with start_stack(folder.resolve() / "runfolio", 0, on_event=lambda _: None) as stack:
        gateway = Target(stack.info.gateway_url, stack.admin_token)
        with GatewayClient(gateway) as client, place_for(installed, folder.resolve() / "engine", gateway) as place:
            _say(f"{engine.name} {engine.version}: running")
            engine.run(place, lambda: archive.update(archive_of(client, engine.name, engine.workflow, _ARCHIVE_WITHIN)))
    _unpack(archive, folder / "archive")
    return archive


def _unpack(archive: dict[str, str], folder: Path) -> None:
    folder.mkdir()
    for name, text in archive.items():
        (folder / name).write_text(text, encoding="utf-8")


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 # progress


if __name__ == "__main__":
    sys.exit(main())
