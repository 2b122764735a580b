"""The storage goes away in the middle of the load and comes back: as a machine that hangs, and as one that is off."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from bench.chaos.evidence import await_settled, lost
from bench.chaos.load import Load, event, require_all
from bench.chaos.outcome import Findings, Lab, Outcome
from bench.chaos.rig import Rig, Shape, eventually, running_rig

AWAY: Final = 20.0
"""Seconds that the storage is away."""

ANSWER_WITHIN: Final = 15.0
"""Seconds in which a sender must be told that the storage does not answer."""


def frozen(lab: Lab) -> Outcome:
    """Let the storage hang (SIGSTOP) and go on."""
    return _run(lab, "storage-hangs", "hung (SIGSTOP)", lambda rig: rig.freeze("seaweedfs"), _thaw)


def killed(lab: Lab) -> Outcome:
    """Kill the storage and start it again."""
    return _run(lab, "storage-killed", "was killed", lambda rig: rig.kill("seaweedfs"), _start)


def _thaw(rig: Rig) -> None:
    rig.thaw("seaweedfs")


def _start(rig: Rig) -> None:
    rig.start("seaweedfs")
    rig.await_servers()


def _run(lab: Lab, name: str, what: str, away: Callable[[Rig], None], back: Callable[[Rig], None]) -> Outcome:
    count = lab.size(200, 60)
    findings = Findings()
    with running_rig(lab.folder, Shape(workers=1)) as rig:
        load = Load(rig, _event, senders=4, pause=0.05)
        with load.sending(range(count)):
            eventually(lambda: len(load.accepted) > count // 3, "A third of the events were not accepted", 60)
            before = len(load.accepted)
            away(rig)
            time.sleep(AWAY)
            meanwhile = len(load.accepted) - before
            back(rig)
            at = time.monotonic()
        require_all(load, count)
        await_settled(rig, within=300)
        settled = time.monotonic() - at
        findings.add(lost(rig, load.export_ids))
        queued = rig.board.queue.oldest_queued("runfolio-exports")
    refused = load.statuses
    slowest = max((one.seconds for one in load.refusals), default=0.0)
    untimed = [one for one in load.refusals if one.status == 503 and one.retry_after is None]
    findings.expect(refused.get(503, 0) > 0, "No sender was answered 503.")
    findings.expect(not untimed, f"{len(untimed)} answers 503 had no Retry-After.")
    findings.expect(set(refused) <= {503}, f"There were other answers: {refused}.")
    findings.expect(slowest < ANSWER_WITHIN, f"A sender waited {slowest:.0f} s to be told.")
    findings.expect(queued is None, "Messages are left in the queue.")
    return Outcome(
        name,
        f"{count} exports, and in the middle of them the storage {what} for {AWAY:.0f} s",
        (
            f"{refused.get(503, 0)} answers 503 with Retry-After, after {slowest:.0f} s at most",
            f"{meanwhile} accepted meanwhile",
            f"all exports ready {settled:.0f} s after the storage was back",
        ),
        findings.broken,
    )


def _event(number: int) -> bytes:
    """Make every tenth execution large enough to be under way when the storage goes."""
    return event(number, steps=1500, size=4_000) if number % 10 == 0 else event(number)
