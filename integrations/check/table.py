"""The table of a check, and README's copy of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

README: Final = Path(__file__).parents[2] / "README.md"
BEGIN: Final = "<!-- engines: written by python -m integrations.check --write -->"
END: Final = "<!-- end of engines -->"
_HEAD: Final = ("Engine", "Version", "Steps expected", "Files in the archive", "Missing")


class Row(NamedTuple):
    """One engine: how many steps ran, how many files the archive holds, and what is wrong, in words."""

    engine: str
    version: str
    steps: int
    files: int
    wrong: list[str]


def table(rows: Iterable[Row]) -> str:
    """Write the table as Markdown."""
    lines = [_HEAD, ("---",) * len(_HEAD), *map(_cells, rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    return f"`{row.engine}`", row.version, str(row.steps), str(row.files), "; ".join(row.wrong) or "none"


def write(text: str, day: date, readme: Path = README) -> None:
    """Put a table and its day between README's marks."""
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    told = f"`make engines-check`, {day:%Y-%m-%d}:\n\n{text}"
    readme.write_text(f"{before}{BEGIN}\n{told}\n{END}{after}", encoding="utf-8")
