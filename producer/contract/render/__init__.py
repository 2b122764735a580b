"""Rendering: a step of a record becomes Markdown or HTML. Text in, text out; nothing here does I/O."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from producer.contract.errors import InvalidSetting
from producer.contract.export import Format, RenderProfile
from producer.contract.render.engines import make_engine
from producer.contract.render.html import HtmlRenderer, HtmlView
from producer.contract.render.markdown import MarkdownRenderer
from producer.contract.render.model import Renderer

__all__ = ["Renderer", "html_view", "make_renderer"]


def make_renderer(format: Format, profile: RenderProfile) -> Renderer:  # noqa: A002 # the option's name, as users know it
    """Return the renderer for a format. Raises InvalidSetting where the profile names no engine or no time zone."""
    if format is Format.HTML:
        return HtmlRenderer(html_view(profile))
    make_engine(profile.markdown)  # A profile that is wrong is wrong for both formats.
    return MarkdownRenderer(_zone(profile.timezone))


def html_view(profile: RenderProfile) -> HtmlView:
    """Return how HTML shows values. Raises InvalidSetting as ``make_renderer`` does."""
    return HtmlView(make_engine(profile.markdown), _zone(profile.timezone))


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
