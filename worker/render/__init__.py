"""Rendering: a step of a record becomes Markdown or HTML. Text in, text out; nothing here does I/O."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from producer.contract.errors import InvalidSetting
from producer.contract.export import Format, RenderProfile
from worker.render.engines import make_engine
from worker.render.html import HtmlRenderer
from worker.render.markdown import MarkdownRenderer
from worker.render.model import Renderer

__all__ = ["Renderer", "make_renderer"]


def make_renderer(format: Format, profile: RenderProfile) -> Renderer:  # noqa: A002 # the option's name, as users know it
    """Return the renderer for a format. Raises InvalidSetting where the profile names no engine or no time zone."""
    zone = _zone(profile.timezone)
    engine = make_engine(profile.markdown)
    return HtmlRenderer(engine, zone) if format is Format.HTML else MarkdownRenderer(zone)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # A name such as "Europe" is a folder of the database, and "../x" is refused: the kinds of error differ.
        raise InvalidSetting(
            f"RUNFOLIO_TIMEZONE is '{name}', which is no time zone.",
            field="RUNFOLIO_TIMEZONE",
            remedy="Use a name of the IANA database, such as 'UTC' or 'Europe/Vienna'.",
        ) from None
