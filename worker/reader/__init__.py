"""The offline reader: ``index.html`` of an archive, one page that shows, filters and searches its steps.

Text in, text out; nothing here does I/O. The page needs no network: data, style and script are in it.
"""

from __future__ import annotations

from worker.reader.model import ReaderStep
from worker.reader.page import reader_page

__all__ = ["ReaderStep", "reader_page"]
