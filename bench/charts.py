"""Bar charts as SVG, readable on light and dark ground alike."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

_WIDTH: Final = 720
_LABEL: Final = 190
_ROW: Final = 28
_TOP: Final = 44
_STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600}.bar{fill:#3b6fb6}.other{fill:#9aa4b2}"
    "@media (prefers-color-scheme:dark){text{fill:#e6edf3}.bar{fill:#6ea8fe}.other{fill:#6b7685}}"
)


def bars(title: str, rows: Sequence[tuple[str, float]]) -> str:
    """Draw a labelled bar for each row; those of the product stand out where there are others."""
    longest = max(value for _, value in rows) or 1
    others = any("product" in label for label, _ in rows)
    height = _TOP + _ROW * len(rows) + 8
    drawn = "".join(_bar(number, row, longest, others=others) for number, row in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}">\n<style>{_STYLE}</style>\n'
        f'<text class="title" x="8" y="24">{escape(title)}</text>\n{drawn}</svg>\n'
    )


def _bar(number: int, row: tuple[str, float], longest: float, *, others: bool) -> str:
    label, value = row
    top = _TOP + _ROW * number
    length = round((_WIDTH - _LABEL - 80) * value / longest, 1)
    kind = "other" if others and "product" not in label else "bar"
    return (
        f'<text x="{_LABEL - 8}" y="{top + 15}" text-anchor="end">{escape(label)}</text>'
        f'<rect class="{kind}" x="{_LABEL}" y="{top}" width="{length}" height="20" rx="2"/>'
        f'<text x="{_LABEL + length + 6}" y="{top + 15}">{value:,.3g}</text>\n'
    )
