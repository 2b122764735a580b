"""Everything but the servers is restarted under load, one part after the other, as a deployment does it."""

from __future__ import annotations

import time
from typing import Final

from bench.chaos.evidence import await_settled, lost
from bench.chaos.load import Load, event, require_all
from bench.chaos.outcome import Findings, Lab, Outcome
from bench.chaos.readers import Readers
from bench.chaos.rig import Rig, Shape, running_rig

_REFUSED: Final = 0


def run(lab: Lab) -> Outcome:
    """Restart two gateways behind a switch, two workers and the sweeper by SIGTERM while events and readers come."""
    count, rounds = lab.size(300, 100), lab.size(2, 1)
    findings = Findings()
    with running_rig(lab.folder, Shape(gateways=2, workers=2)) as rig:
        load = Load(rig, _event, senders=2, pause=0.1)
        stops: list[tuple[float, str]] = []
        with Readers(rig, 2) as readers, load.sending(range(count)):
            for _ in range(rounds):
                stops += _restart_all(rig)
        require_all(load, count)
        await_settled(rig, within=300)
        findings.add(lost(rig, load.export_ids))
        log = "".join((rig.data.logs / f"worker-{number}.log").read_text() for number in (1, 2))
        put_back = (rig.data.logs / "sweep.log").read_text().count("export put back")
    refused = {status: n for status, n in load.statuses.items() if status != _REFUSED}
    findings.expect(not refused, f"Events were refused: {refused}.")
    moved = load.statuses.get(_REFUSED, 0)
    findings.expect(moved <= len(stops), f"{moved} connections of senders broke in {len(stops)} restarts.")
    findings.expect(not readers.failed, f"Readers were answered {readers.failed}.")
    findings.expect("Traceback" not in log, "A worker logged a traceback.")
    return Outcome(
        "rolling-restart",
        f"{count} exports and two readers while two gateways, two workers and the sweeper were restarted "
        f"by SIGTERM, one after the other, {rounds} times",
        (
            f"{readers.answered} reads and {count} events answered, none refused",
            f"{moved + readers.moved} connections moved",
            f"{put_back} exports put back",
            f"to stop took {max(stops)[0]:.1f} s at most ({max(stops)[1]})",
        ),
        findings.broken,
    )


def _event(number: int) -> bytes:
    """Make every twentieth execution large enough to be under way when its worker is asked to stop."""
    return event(number, steps=1500, size=4_000) if number % 20 == 0 else event(number)


def _restart_all(rig: Rig) -> list[tuple[float, str]]:
    stops: list[tuple[float, str]] = []
    for name in [*rig.names("gateway"), *rig.names("worker"), "sweep"]:
        time.sleep(1)
        with rig.out_of_rotation(name):
            stops.append((rig.stop(name), name))
            rig.start(name)
            rig.await_ready()
    return stops
