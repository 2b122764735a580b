"""Names that engines give, inside of sentences that are Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_PUNCTUATION: Final = re.compile(r"([\\`*_\[\]<>|~&])")


def plain(text: str) -> str:
    """Write text so that Markdown shows it as it is inside of a line, also of a table."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table in GitHub-flavoured Markdown; the cells are Markdown already."""
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
