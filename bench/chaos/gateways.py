"""Gateways are killed at random moments while small events come, and one of the senders never sends again."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx

from bench.chaos.evidence import await_listed, await_settled, listing, lost
from bench.chaos.load import STRUCTURED, WORKFLOW, Load, event, require_all
from bench.chaos.outcome import Findings, Lab, Outcome
from bench.chaos.rig import Rig, Shape, running_rig
from producer.contract.errors import RunfolioError
from producer.contract.export import State

_CARELESS_FROM: Final = 1_000_000
_IN_A_WHILE: Final = 60.0


def run(lab: Lab) -> Outcome:
    """Send events to two gateways and kill them in turn; at the end nothing may be half there."""
    count, kills = lab.size(400, 80), lab.size(16, 4)
    chance = random.Random(lab.seed)  # noqa: S311 # an experiment that can be repeated, no secret
    findings = Findings()
    with running_rig(lab.folder, Shape(gateways=2)) as rig:
        load = Load(rig, senders=3, pause=0.01)
        with _careless(rig) as careless, load.sending(range(count)):
            for number in range(kills):
                time.sleep(chance.uniform(0.3, 0.9))
                name = rig.names("gateway")[number % 2]
                rig.kill(name)
                rig.start(name)
                rig.await_ready()
        require_all(load, count)
        took = await_settled(rig, within=300)
        findings.add(_half_there(rig))
        sent = set(load.export_ids) | set(careless.accepted)
        unanswered = {one["id"] for one in listing(rig, f"/v1/exports?workflow={WORKFLOW}&limit=200")} - sent
        findings.add(lost(rig, [*sent, *unanswered]))
    broken = careless.broken + load.statuses.get(0, 0)
    findings.expect(broken > 0, "No kill met an event: nothing was shown.")
    return Outcome(
        "gateways",
        f"{count} events sent until they are accepted, and others sent once only, while two gateways were killed "
        f"{kills} times by SIGKILL (seed {lab.seed})",
        (
            f"{len(sent)} events accepted, all exports ready {took:.0f} s after the last kill",
            f"{broken} events broken off; of those not sent again {len(unanswered)} were exported all the same, "
            "the others left nothing",
        ),
        findings.broken,
    )


class _Careless:
    """Sends each event once, whatever comes of it."""

    def __init__(self, rig: Rig) -> None:
        self.accepted: list[str] = []
        self.broken = 0
        self._rig = rig
        self._over = threading.Event()

    def work(self) -> None:
        number = _CARELESS_FROM
        with self._rig.client(timeout=40) as client:
            while not self._over.wait(0.01):
                number += 1
                try:
                    answer = client.post("/v1/events", content=event(number), headers=STRUCTURED)
                except httpx.TransportError:
                    self.broken += 1
                    continue
                if answer.status_code == httpx.codes.ACCEPTED:
                    self.accepted += [one["id"] for one in answer.json()["exports"]]

    def stop(self) -> None:
        self._over.set()


@contextmanager
def _careless(rig: Rig) -> Iterator[_Careless]:
    sender = _Careless(rig)
    thread = threading.Thread(target=sender.work)
    thread.start()
    try:
        yield sender
    finally:
        sender.stop()
        thread.join()


def _half_there(rig: Rig) -> list[str]:
    """Look at whatever is listed: each export is ready, and each has its execution, in storage and on the page."""
    findings = Findings()
    deadline = time.monotonic() + _IN_A_WHILE
    while (waiting := _unready(rig)) and time.monotonic() < deadline:
        time.sleep(0.5)
    findings.expect(not waiting, f"{len(waiting)} exports are listed that nobody makes.")
    exported = {one["execution"]["id"] for one in listing(rig, f"/v1/exports?workflow={WORKFLOW}&limit=200")}
    executions = f"/v1/workflows/{WORKFLOW}/executions?limit=200"
    await_listed(rig, executions, len(exported), _IN_A_WHILE)
    missing = [one for one in exported if not _stored(rig, one)]
    findings.expect(not missing, f"{len(missing)} exports have no execution in storage.")
    listed = {one["execution_id"] for one in listing(rig, executions)}
    findings.expect(exported <= listed, f"{len(exported - listed)} executions with an export are not listed.")
    return list(findings.broken)


def _unready(rig: Rig) -> list[str]:
    exports = listing(rig, f"/v1/exports?workflow={WORKFLOW}&limit=200")
    return [one["id"] for one in exports if one["status"] != State.READY]


def _stored(rig: Rig, execution_id: str) -> bool:
    try:
        rig.records.newest(WORKFLOW, execution_id)
    except RunfolioError:
        return False
    return True
