"""What only a completed execution has to show: its own contents, the timeline, the list of its steps."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup

from producer.contract.contents import FAILURES
from producer.contract.record import Status
from producer.contract.render.html import HtmlView, execution_fragment
from producer.contract.render.times import duration_between, duration_text
from producer.contract.render.view import Fact, summary_facts
from producer.outline import Outline, OutlinedStep
from producer.pages.timeline import Timeline, timeline_of
from producer.pages.words import Moment, StatusWord, count_text, listed_name, moment, status_word

CHUNK: Final = 100
"""Steps that are listed at once."""

_OPENED: Final = 3
_LARGE_HEADER: Final = 256 * 1024
"""Bytes above which an execution's own input and output are fetched when somebody opens them."""

_DRAWN_AT_ONCE: Final = 1_000
"""Steps above which the timeline comes after the page."""

_ABOUT_LEVEL: Final = 2
"""Of the headings of an execution's own contents."""

_EXTRA_FACTS: Final = frozenset({"Workflow id", "Address"})
"""Facts of the documents that the page's header does not have in a form of its own."""


class StepRow(NamedTuple):
    """A step in the list: its line, and where its content is."""

    anchor: str
    number: str
    name: str
    iteration: str
    status: StatusWord
    started: Moment | None
    duration: str
    content: str
    open: bool


class About(NamedTuple):
    """What an execution holds beside its steps; ``html`` is None where it is large and waits at ``address``."""

    html: Markup | None
    address: str


class Completed(NamedTuple):
    """What only a completed execution has.

    ``timeline`` is None where it is large and waits at its address; ``more`` is where further lines of the list are.
    """

    steps_text: str
    by_status: list[tuple[StatusWord, str]]
    facts: list[Fact]
    about: About
    timeline: Timeline | None
    timeline_address: str
    steps: list[StepRow]
    total: int
    chunk: int
    more: str


def completed(view: HtmlView, outline: Outline, path: str) -> Completed:
    """Show an outlined execution, whose page is at ``path``."""
    stored = outline.record.stored
    large = len(bytes(stored.header)) > _LARGE_HEADER
    opened = _opened(outline)
    return Completed(
        steps_text=count_text(len(outline), "step"),
        by_status=[(status_word(one), f"{stored.by_status[one]:,}") for one in Status if stored.by_status.get(one)],
        facts=[fact for fact in summary_facts(outline.summary, view.zone) if fact.name in _EXTRA_FACTS],
        about=About(None if large else about_html(view, outline), f"{path}/about"),
        timeline=timeline_of(outline.steps(), view.zone) if len(outline) <= _DRAWN_AT_ONCE else None,
        timeline_address=f"{path}/timeline",
        steps=[step_row(step, path, view.zone, opened) for step in outline.steps(0, CHUNK)],
        total=len(outline),
        chunk=CHUNK,
        more=f"{path}/steps",
    )


def _opened(outline: Outline) -> frozenset[int]:
    """Choose the steps that are open at first: what one came to see, which is what went wrong, or the only step."""
    if len(outline) == 1:
        return frozenset({0})
    failed = (step.position for step in outline.steps(0, CHUNK) if step.status in FAILURES)
    return frozenset(islice(failed, _OPENED))


def about_html(view: HtmlView, outline: Outline) -> Markup:
    """Show what an execution holds beside its steps."""
    return joined(execution_fragment(view, outline.summary, _ABOUT_LEVEL))


def joined(pieces: Iterable[str]) -> Markup:
    """Join what the renderer has written."""
    return Markup("".join(pieces))  # noqa: S704 # the renderer wrote it, with every value of the record escaped


def step_row(step: OutlinedStep, path: str, zone: ZoneInfo, opened: frozenset[int] = frozenset()) -> StepRow:
    """Show a step in the list; ``opened`` are the positions of those that are open at first."""
    duration = duration_between(step.started_at, step.finished_at)
    return StepRow(
        anchor=step.anchor,
        number=f"{step.position + 1:,}",
        name=listed_name(step.name),
        iteration="" if step.iteration is None else f"iteration {step.iteration}",
        status=status_word(step.status),
        started=moment(step.started_at, zone),
        duration="" if duration is None else duration_text(duration),
        content=f"{path}/steps/{step.position}",
        open=step.position in opened,
    )
