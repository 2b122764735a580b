"""The longest time that rendering keeps a worker's other thread, which renews the lease, from running."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.chaos.outcome import Findings, Lab, Outcome
from producer.contract.drafting import draft
from producer.contract.export import Format, Options, RenderProfile
from producer.contract.jsonbounds import MAX_CONTAINERS
from producer.contract.records import Record, Records
from producer.contract.redaction.redactor import Redactor
from producer.contract.shown import ShownRecord
from producer.incoming import Most, as_text, receive
from runfolio.localobjects import LocalObjects
from worker.pages import archive_of
from worker.pipeline import utc_now
from worker.settings import WorkerSettings

MIB: Final = 1 << 20
_LARGEST: Final = 16 * MIB - 4096
"""About the most that one step may have."""

_MARKDOWN: Final = MIB - 1
"""About the most that is rendered as Markdown."""

_TICK: Final = 0.002
_COLOURED: Final = "\x1b[31mred\x1b[0m line\n"
_MIXED: Final = "# T\n\n- *a* `b` [c](d)\n\n| x | y |\n| - | - |\n| 1 | 2 |\n\n"


def run(lab: Lab) -> Outcome:
    """Render the worst steps that are let in, and watch how late a second thread is woken."""
    lease = WorkerSettings.model_fields["lease_ttl"].default.total_seconds()
    # The heart beats three times in a lease: from its last beat two thirds are left for a stall.
    limit = lease * 2 / 3
    findings = Findings()
    stalls: list[tuple[float, str]] = []
    longest_render = 0.0
    for name, step in _steps(lab.size(_LARGEST, _LARGEST // 4)).items():
        for fmt in Format:
            with _watched() as stall:
                began = time.monotonic()
                _render(lab, name, step, fmt)
                longest_render = max(longest_render, time.monotonic() - began)
            stalls.append((stall(), f"{name}, {fmt}"))
    worst, worst_name = max(stalls)
    findings.expect(worst < limit, f"A stall of {worst:.1f} s ({worst_name}) comes near the lease of {lease:.0f} s.")
    return Outcome(
        "stalls",
        "the largest and worst steps rendered, in both formats, while another thread looked at the clock",
        (
            f"longest stall {worst:.2f} s ({worst_name}), where a lease of {lease:.0f} s leaves {limit:.1f} s",
            f"longest render {longest_render:.1f} s",
        ),
        findings.broken,
    )


def _steps(size: int) -> dict[str, dict[str, Any]]:
    deep: Any = "x"
    for _ in range(150):
        deep = [deep]
    text = "plain text with *marks* and <tags> " * (size // 35)
    return {
        "16 MiB of text": {"output": text},
        "16 MiB of JSON": {"output": [{"key": n, "value": "some text"} for n in range(size // 40)]},
        "as many arrays as there may be": {"output": [deep] * min(size // 320, (MAX_CONTAINERS - 100) // 151)},
        "8 MiB of coloured log": {"log": _COLOURED * (size // len(_COLOURED) // 2)},
        "16 MiB of one line": {"output": "a" * size},
        "16 MiB of backticks": {"output": "`" * size},
        "1 MiB of Markdown": {"output": _MIXED * (_MARKDOWN // len(_MIXED))},
        "1 MiB of brackets": {"output": "[" * _MARKDOWN},
        "1 MiB of emphasis": {"output": "*a_ " * (_MARKDOWN // 4)},
        "1 MiB of quotes": {"output": "> " * (_MARKDOWN // 2)},
        "1 MiB of table": {"output": "| a | b |\n| - | - |\n" + "| c | d |\n" * (_MARKDOWN // 10)},
    }


def _render(lab: Lab, name: str, step: dict[str, Any], fmt: Format) -> None:
    record = _stored(lab.folder / fmt / name.replace(" ", "-"), name, step)
    redactor = Redactor()
    pending = draft(
        ShownRecord(record, redactor),
        Options(format=fmt),
        RenderProfile(redaction=redactor.identity),
        nonce="0" * 32,
        download_url="http://localhost/d/x",
        created_at=utc_now(),
        requested_by="bench",
    )
    for _ in archive_of(record, pending, lambda _done, _total: None, redactor):
        pass


def _stored(folder: Path, name: str, step: dict[str, Any]) -> Record:
    folder.mkdir(parents=True)
    records = Records(LocalObjects(folder))
    whole = {
        "workflow": {"id": "stalls"},
        "execution": {"id": name, "status": "succeeded"},
        "steps": [{"name": "worst", "status": "succeeded", **step}],
    }
    received = receive(as_text(whole), Most())
    return records.write(received.header, received.steps, moment=utc_now(), confirm=utc_now).record


@contextmanager
def _watched() -> Iterator[Callable[[], float]]:
    """Let a thread look at the clock all the time; what is given tells how long it could not at most, in seconds."""
    stop = threading.Event()
    longest = [0.0]

    def work() -> None:
        before = time.monotonic()
        while not stop.is_set():
            time.sleep(_TICK)
            now = time.monotonic()
            longest[0] = max(longest[0], now - before - _TICK)
            before = now

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield lambda: longest[0]
    finally:
        stop.set()
        thread.join()
