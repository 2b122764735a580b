"""What the page knows of every step before any is opened: enough for the list, the filter and the timeline."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from producer.contract.record import in_utc
from producer.contract.render.model import ContentsLine
from producer.contract.render.view import contents_duration, contents_title
from worker.reader.budget import Held
from worker.reader.model import ReaderStep

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def row(step: ReaderStep, held: Held) -> dict[str, Any]:
    """Describe a step in JSON's types.

    ``anchor`` is its name in links, ``series`` is equal for the runs of one step, ``start`` and ``end`` are
    microseconds since 1970 or null, ``lasted`` is the duration in words, ``link`` leads to the step's file.
    """
    page, entry = step.page, step.entry
    line = ContentsLine(entry.name, page.iteration, entry.status, entry.started_at, entry.finished_at, page.anchor)
    title, run = contents_title(line)
    return {
        "anchor": page.anchor,
        "title": title,
        "run": run,
        "status": entry.status,
        "start": _microseconds(entry.started_at),
        "end": _microseconds(entry.finished_at),
        "lasted": contents_duration(line),
        "link": step.link,
        "series": hashlib.blake2b(entry.name.encode(), digest_size=6).hexdigest(),
        "held": held,
    }


def _microseconds(moment: datetime | None) -> int | None:
    utc = in_utc(moment)
    # Engines write the first day of the calendar for "never": on a timeline, that would leave room for nothing else.
    return None if utc is None or utc < _EPOCH else (utc - _EPOCH) // _MICROSECOND
