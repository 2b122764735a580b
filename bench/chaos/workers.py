"""Workers are killed at random moments while exports are being made."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from base64 import b64decode
from collections.abc import Iterator
from statistics import median
from typing import Any, Final, NamedTuple

from bench.chaos.evidence import await_settled, facts_of, lost
from bench.chaos.load import Load, event, require_all
from bench.chaos.outcome import Findings, Lab, Outcome
from bench.chaos.rig import Rig, Shape, eventually, running_rig
from producer.contract.board import places
from producer.contract.tasks import EXPORT_QUEUES

GOAL: Final = 20.0
"""Seconds after the kill of its worker in which an export must be ready."""

SHARED_GOAL: Final = 60.0
"""The same where the experiment shares the machine with whatever else CI does."""


class Kill(NamedTuple):
    """What was killed when, and which exports it had under a lease."""

    at: float
    whole: bool
    held: frozenset[str]


def run(lab: Lab) -> Outcome:
    """Send exports, kill whole workers and single processes of them, and time how long what they held takes."""
    count, kills = lab.size(300, 60), lab.size(16, 4)
    chance = random.Random(lab.seed)  # noqa: S311 # an experiment that can be repeated, no secret
    findings = Findings()
    with running_rig(lab.folder, Shape(workers=2)) as rig:
        load = Load(rig, _event, senders=2, pause=0.02)
        with load.sending(range(count)):
            done = list(_kill_some(rig, load, chance, kills))
        require_all(load, count)
        took = await_settled(rig, within=300)
        findings.add(lost(rig, load.export_ids))
        seconds = _recoveries(rig, done)
    findings.expect(bool(seconds), "No kill met an export that was being made: nothing was shown.")
    goal = lab.size(int(GOAL), int(SHARED_GOAL))
    findings.expect(max(seconds, default=0) < goal, f"An export took more than {goal} s after the kill.")
    return Outcome(
        "workers",
        f"{count} exports while workers were killed {kills} times by SIGKILL, half of them whole (seed {lab.seed})",
        (
            f"{len(seconds)} exports were held by what was killed, or just fetched by some worker",
            f"ready {median(seconds):.1f} s after the kill in the median, {max(seconds):.1f} s at most"
            if seconds
            else "",
            f"all settled {took:.0f} s after the last kill",
        ),
        findings.broken,
    )


def _event(number: int) -> bytes:
    """Make every tenth execution large enough to take about a second."""
    return event(number, steps=600, size=4_000) if number % 10 == 0 else event(number)


def _kill_some(rig: Rig, load: Load, chance: random.Random, kills: int) -> Iterator[Kill]:
    for number in range(kills):
        time.sleep(chance.uniform(0.4, 1.6))
        eventually(lambda: bool(_at_work(rig)), "No worker has come back", 30)
        name = chance.choice(_at_work(rig))
        whole = number % 2 == 0
        victims = rig.children(name) if whole else [chance.choice(rig.children(name))]
        rig.freeze(name)  # What it holds is read while it cannot move.
        held = _leased(rig, load.export_ids, set(victims)) | _fetched(rig, load.export_ids)
        at = time.time()
        if whole:
            rig.kill(name)
            rig.start(name)
        else:
            os.kill(victims[0], signal.SIGKILL)
            rig.thaw(name)
        yield Kill(at, whole, held)


def _at_work(rig: Rig) -> list[str]:
    """Name the workers that have their processes, which takes a while after a start."""
    return [name for name in rig.names("worker") if rig.children(name)]


def _leased(rig: Rig, export_ids: list[str], pids: set[int]) -> frozenset[str]:
    """Tell which exports are under a lease of these processes, by the board's word."""
    leased = rig.board.queue.leased(export_ids)
    owners = {one: str(rig.redis.hget(places.live(one).decode(), "owner")) for one in leased}
    return frozenset(one for one, owner in owners.items() if any(f":{pid}/" in owner for pid in pids))


def _fetched(rig: Rig, export_ids: list[str]) -> frozenset[str]:
    """Tell which exports are marked as queued while no queue holds their message: some worker has just taken it."""
    marked = rig.board.queue.marked(export_ids)
    messages: list[Any] = [one for queue in EXPORT_QUEUES for one in _list(rig, queue)]
    bodies = (json.loads(b64decode(json.loads(message)["body"])) for message in messages)
    return frozenset(marked - {arguments["pending"]["id"] for _, arguments, _ in bodies})


def _list(rig: Rig, queue: str) -> Any:
    return rig.redis.lrange(queue, 0, -1)


def _recoveries(rig: Rig, kills: list[Kill]) -> list[float]:
    """Time from the last kill that met an export until it was ready, in seconds."""
    last = {one: kill.at for kill in kills for one in kill.held}
    return [facts.settled_at.timestamp() - last[one] for one, facts in facts_of(rig, list(last)).items()]
