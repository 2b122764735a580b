"""Text that must stay as it is, inside of Markdown."""

from __future__ import annotations

import re
from typing import Final

_RUNS: Final = re.compile("`+")


def fenced(text: str) -> str:
    """Write a script or a stack as a code block; its fence is longer than any inside of it."""
    fence = "`" * max([3, *(len(run) + 1 for run in _RUNS.findall(text))])
    return f"{fence}\n{text.rstrip()}\n{fence}"
