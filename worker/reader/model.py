"""What goes into the reader."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from producer.contract.index import StepEntry
from producer.contract.render.model import StepPage


class ReaderStep(NamedTuple):
    """One step of the archive.

    ``file_name`` is that of the archive's file which shows it; ``combined`` tells that it shows other steps too.
    """

    page: StepPage
    entry: StepEntry
    file_name: str
    combined: bool = False

    @property
    def link(self) -> str:
        """Where the step's file lies, seen from the reader: a relative reference (RFC 3986 section 4.2)."""
        # A colon would make a scheme of what is before it, so nothing but what is unreserved stays as it is.
        path = quote(self.file_name, safe="")
        return f"{path}#{self.page.anchor}" if self.combined else path
