"""Archives with a reader, as the tests of the reader and those in a browser need them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from producer.contract.export import RenderProfile
from producer.contract.index import StepEntry, index_name
from producer.contract.record import read_header, read_step
from producer.contract.render import html_view
from producer.contract.render.model import StepPage, Summary
from worker.reader import ReaderStep, reader_page

HEADER: Final[dict[str, Any]] = {
    "workflow": {"id": "w-1", "name": "virtual assistant"},
    "execution": {
        "id": "e-1",
        "status": "failed",
        "started_at": "2025-04-09T14:59:56Z",
        "finished_at": "2025-04-09T15:04:51Z",
        "input": "Write about *ships*.",
    },
}


def step(name: str = "load", status: str = "succeeded", **fields: Any) -> dict[str, Any]:
    return {"name": name, "status": status} | fields


def at(second: float) -> str:
    minutes, seconds = divmod(second, 60)
    return f"2025-04-09T{15 + int(minutes) // 60:02d}:{int(minutes) % 60:02d}:{seconds:06.3f}Z"


def reader_steps(raws: Iterable[dict[str, Any]], *, combined: str | None = None) -> Iterator[ReaderStep]:
    seen: Counter[str] = Counter()
    for position, raw in enumerate(raws):
        document = read_step(raw, position)
        one = document.step
        seen[one.name] += 1
        entry = StepEntry(index_name(one.name), one.status, one.iteration, one.started_at, one.finished_at, 0, 0)
        page = StepPage(document, one.iteration, f"step-{position + 1}")
        yield ReaderStep(page, entry, combined or f"{position + 1} {one.status}.md", combined is not None)


def reading(
    raws: list[dict[str, Any]],
    *,
    header: dict[str, Any] | None = None,
    expected: int | None = None,
    combined: str | None = None,
    profile: RenderProfile | None = None,
) -> str:
    """Make a whole page."""
    document = read_header(header or HEADER)
    counts = Counter(read_step(raw, 0).step.status for raw in raws)
    summary = Summary(document, counts, len(raws), len(raws) if expected is None else expected)
    steps = reader_steps(raws, combined=combined)
    return "".join(reader_page(html_view(profile or RenderProfile()), summary, steps))


def assistant(runs: int = 40) -> list[dict[str, Any]]:
    """Make an agent's run: repeated steps, some of them failed, one without times. Step n holds ``needle<n>``."""
    names = ["fetch sources", "plan", "draft section", "review", "call search tool", "publish", "Übersicht — 概要"]
    steps = []
    for number in range(1, runs):
        failed = number % 9 == 0
        status = "failed" if failed else "skipped" if number % 13 == 0 else "succeeded"
        failure = {"error": {"message": "Connection refused", "code": 111}} if failed else {}
        steps.append(
            step(
                names[number % len(names)],
                status,
                iteration=number // len(names) + 1,
                started_at=at(number * 7),
                finished_at=at(number * 7 + number % 5 * 4),
                input={"query": "ships", "n": number},
                output=f"# Result\n\nThe *needle{number}* is **here**: [a page](https://ok.example/{number}).\n\n"
                f"| a | b |\n|---|---|\n| 1 | {number} |\n\n```py\nprint({number})\n```\n",
                log="\x1b[32mok\x1b[0m line one\nline two",
                children=[{"name": "tool", "kind": "tool", "status": "succeeded", "input": {"q": number}}],
                **failure,
            )
        )
    return [*steps, step("no times", output=f"the needle{runs} of a step that nobody timed")]
