"""The offline reader: ``index.html`` of an archive, one page that shows, filters and searches its steps.

Text in, text out; nothing here does I/O. The page needs no network: data, style and script are in it.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from producer.contract.export import RenderProfile
from worker.reader.model import ReaderStep
from worker.reader.page import reader_page
from worker.render.engines import make_engine
from worker.render.html import HtmlView

__all__ = ["ReaderStep", "reader_page", "reader_view"]


def reader_view(profile: RenderProfile) -> HtmlView:
    """Return how the reader shows values: as the HTML export does, whatever the archive's own format.

    The profile must be one that ``worker.render.make_renderer`` takes.
    """
    return HtmlView(make_engine(profile.markdown), ZoneInfo(profile.timezone))
