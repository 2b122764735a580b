"""The timeline of an execution: one bar a run, the runs of a step in one lane, by start and end. Numbers only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from producer.contract.contents import FAILURES
from producer.contract.record import in_utc
from producer.contract.render.times import duration_between, duration_text
from producer.contract.render.view import status_text
from producer.outline import OutlinedStep
from producer.pages.words import Moment, count_text, listed_name, moment

MOST_BARS: Final = 10_000
MOST_LANES: Final = 400
"""What a browser draws at once without a stutter, and what a person scrolls through."""

LANE_HEIGHT: Final = 22
_BAR_HEIGHT: Final = 12


class Bar(NamedTuple):
    """A run. ``x`` and ``width`` are per cent of the timeline's width, ``y`` and ``height`` pixels."""

    anchor: str
    status: str
    failed: bool
    x: str
    y: int
    width: str
    height: int
    end: str
    baseline: int
    label: str


class Lane(NamedTuple):
    """The runs of one step, by its name."""

    name: str
    runs: str


class Timeline(NamedTuple):
    """What the template draws. ``notes`` say what is not on it."""

    lanes: list[Lane]
    bars: list[Bar]
    height: int
    label: str
    start: Moment | None
    end: Moment | None
    duration: str
    notes: list[str]


class _Timed(NamedTuple):
    """A run that has a time."""

    step: OutlinedStep
    start: datetime
    end: datetime


def timeline_of(steps: Iterable[OutlinedStep], zone: ZoneInfo) -> Timeline:
    """Lay out the steps that have a time. A run that has only one of its two times is a mark at that time."""
    lanes: dict[str, list[_Timed]] = {}
    untimed = shown = beyond = 0
    for step in steps:
        timed = _timed(step)
        if timed is None:
            untimed += 1
        elif shown < MOST_BARS and (step.name in lanes or len(lanes) < MOST_LANES):
            lanes.setdefault(step.name, []).append(timed)
            shown += 1
        else:
            beyond += 1
    notes = [
        *([f"{count_text(untimed, 'step has', 'steps have')} no times and no bar here."] if untimed else []),
        *([f"{count_text(beyond, 'more run is', 'more runs are')} in the list below."] if beyond else []),
    ]
    return _laid_out(lanes, shown, zone, notes) if shown else Timeline([], [], 0, "", None, None, "", notes)


def _laid_out(lanes: dict[str, list[_Timed]], shown: int, zone: ZoneInfo, notes: list[str]) -> Timeline:
    start = min(timed.start for runs in lanes.values() for timed in runs)
    end = max(timed.end for runs in lanes.values() for timed in runs)
    failed = sum(timed.step.status in FAILURES for runs in lanes.values() for timed in runs)
    names = [listed_name(name) for name in lanes]
    return Timeline(
        lanes=[
            Lane(name, f"{len(runs):,} runs" if len(runs) > 1 else "")
            for name, runs in zip(names, lanes.values(), strict=True)
        ],
        bars=[
            _bar(timed, name, row, start, (end - start).total_seconds())
            for row, (name, runs) in enumerate(zip(names, lanes.values(), strict=True))
            for timed in runs
        ],
        height=len(lanes) * LANE_HEIGHT,
        label=f"Timeline: {count_text(shown, 'run')} of {count_text(len(lanes), 'step')}, {failed:,} failed.",
        start=moment(start, zone),
        end=moment(end, zone),
        duration=duration_text(end - start),
        notes=notes,
    )


def _timed(step: OutlinedStep) -> _Timed | None:
    start, end = step.started_at or step.finished_at, step.finished_at or step.started_at
    if start is None or end is None:
        return None
    # A clock that went back makes no bar of negative width.
    return _Timed(step, *sorted((in_utc(start) or start, in_utc(end) or end)))


def _bar(timed: _Timed, name: str, row: int, origin: datetime, span: float) -> Bar:
    step = timed.step
    scale = 100 / span if span > 0 else 0.0
    left, right = ((time - origin).total_seconds() * scale for time in (timed.start, timed.end))
    top = row * LANE_HEIGHT
    return Bar(
        anchor=step.anchor,
        status=step.status,
        failed=step.status in FAILURES,
        x=f"{left:.3f}%",
        y=top + (LANE_HEIGHT - _BAR_HEIGHT) // 2,
        width=f"{right - left:.3f}%",
        height=_BAR_HEIGHT,
        end=f"{right:.3f}%",
        baseline=top + LANE_HEIGHT - 7,
        label=_label(step, name),
    )


def _label(step: OutlinedStep, name: str) -> str:
    which = name if step.iteration is None else f"{name}, iteration {step.iteration}"
    duration = duration_between(step.started_at, step.finished_at)
    lasted = "" if duration is None else f" · {duration_text(duration)}"
    return f"{which} · {status_text(step.status)}{lasted}"
