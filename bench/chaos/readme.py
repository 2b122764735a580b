"""README's table of a full run, written by the run itself."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

README: Final = Path(__file__).parent.parent.parent / "README.md"
BEGIN: Final = "<!-- chaos: written by python -m bench.chaos --write -->"
END: Final = "<!-- end of chaos -->"
_MACHINE: Final = "two shared cores (Linux x86-64, Python 3.11)"


def write_table(table: str, day: date, readme: Path = README) -> None:
    """Put a table, its day and its machine between the marks."""
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    text = f"`make chaos` on {_MACHINE}, {day:%Y-%m-%d}:\n\n{table}"
    readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
