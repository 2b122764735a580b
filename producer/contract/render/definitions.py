"""Link and footnote definitions that nothing refers to: Markdown drops them, a reader must not lose them.

Language models like to end with a list such as ``[1]: https://example.org``, which by CommonMark (section 4.7) is no
text at all. What became of it shows in the HTML: where neither the line nor its address is there, it was dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Final

_DEFINITION: Final = re.compile(r"^ {0,3}\[(\^?[^\]\n]{1,200})\]:[ \t]*(\S[^\n]*)$", re.MULTILINE)


def dropped_definitions(text: str, html: str) -> Iterator[str]:
    """Yield the lines of a Markdown text that define something and left no trace in its HTML."""
    # One character is found many times faster than two.
    if ":" not in text or "]:" not in text:
        return
    for line in _DEFINITION.finditer(text):
        label, content = line[1], line[2]
        if escape(f"[{label}]:") not in html and not _used(label, content, text, html):
            yield line[0].strip()


def _used(label: str, content: str, text: str, html: str) -> bool:
    if label.startswith("^"):
        return text.count(f"[{label}]") > 1
    address = content.split(maxsplit=1)[0].strip("<>")
    return address in html or escape(address) in html
