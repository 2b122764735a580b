"""Exports pile up while no worker is there."""

from __future__ import annotations

import time
from typing import Final

from bench.chaos.evidence import await_settled, lost
from bench.chaos.load import Load, event, require_all
from bench.chaos.outcome import Findings, Lab, Outcome
from bench.chaos.rig import running_rig
from producer.contract.tasks import EXPORT_QUEUE

AWAY: Final = 30.0
"""Seconds without a worker after the last event."""


def run(lab: Lab) -> Outcome:
    """Fill the queue with no worker, watch its length, then start a worker."""
    count = lab.size(2_000, 300)
    away = lab.size(int(AWAY), 12)
    findings = Findings()
    with running_rig(lab.folder, leave_out=["worker-1"]) as rig:
        load = Load(rig, lambda number: event(number, steps=2, size=200), senders=4)
        load.send(range(count))
        require_all(load, count)
        longest = 0
        until = time.monotonic() + away
        while time.monotonic() < until:
            longest = max(longest, _length(rig.redis.llen(EXPORT_QUEUE)))
            time.sleep(0.2)
        rig.start("worker-1")
        began = time.monotonic()
        await_settled(rig, within=400)
        took = time.monotonic() - began
        findings.add(lost(rig, load.export_ids))
        left = _length(rig.redis.llen(EXPORT_QUEUE))
        log = (rig.data.logs / "sweep.log").read_text()
    put_back = log.count("export put back")
    findings.expect(longest == count, f"The queue grew to {longest} messages for {count} exports.")
    findings.expect(left == 0, f"{left} messages are left in the queue.")
    return Outcome(
        "backlog",
        f"{count} exports queued, and no worker for {away} s",
        (
            f"the queue was {longest} long at most",
            f"{put_back} put back",
            f"all ready {took:.0f} s after a worker came",
        ),
        findings.broken,
    )


def _length(answer: object) -> int:
    assert isinstance(answer, int)  # noqa: S101 # the stub also knows the answer of an asynchronous client
    return answer
