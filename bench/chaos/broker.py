"""The broker loses everything it holds, twice, while events are being taken in and exports made."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

from bench.chaos.evidence import await_listed, await_settled, listing, lost
from bench.chaos.load import WORKFLOW, Load, event, require_all
from bench.chaos.outcome import Findings, Lab, Outcome
from bench.chaos.rig import Rig, Shape, eventually, running_rig

_LISTING = f"/v1/workflows/{WORKFLOW}/executions?limit=200"


def wiped(lab: Lab) -> Outcome:
    """Empty the broker by FLUSHALL in the middle of the load."""

    def wipe(rig: Rig) -> None:
        rig.redis.flushall()

    return _run(lab, "broker-wiped", "the broker was emptied by FLUSHALL", wipe)


def replaced(lab: Lab) -> Outcome:
    """Kill the broker and start it again without its data in the middle of the load."""

    def replace(rig: Rig) -> None:
        rig.kill("valkey")
        shutil.rmtree(rig.data.valkey / "appendonlydir")
        time.sleep(3)
        rig.start("valkey")

    return _run(lab, "broker-replaced", "the broker was killed and came back 3 s later without its data", replace)


def _run(lab: Lab, name: str, done: str, lose: Callable[[Rig], None]) -> Outcome:
    count = lab.size(300, 80)
    findings = Findings()
    with running_rig(lab.folder, Shape(workers=2)) as rig:
        load = Load(rig, _event, senders=2, pause=0.02)
        with load.sending(range(count)):
            eventually(lambda: len(load.accepted) > count // 2, "Half of the events were not accepted", 60)
            lose(rig)
            at = time.monotonic()
        require_all(load, count)
        took_in = time.monotonic() - at
        await_settled(rig, within=300)
        settled = time.monotonic() - at
        await_listed(rig, _LISTING, count, within=30)
        relisted = time.monotonic() - at
        findings.add(lost(rig, load.export_ids))
        listed = sorted(one["execution_id"] for one in listing(rig, _LISTING))
    sent = sorted(f"execution-{number}" for number in range(count))
    findings.expect(listed == sent, f"{len(listed)} executions are listed instead of the {count} sent.")
    return Outcome(
        name,
        f"{count} exports, and in the middle of them {done}",
        (
            f"refused meanwhile: {dict(load.statuses) or 'none'}",
            f"all events accepted {took_in:.0f} s, all exports ready {settled:.0f} s, "
            f"and the listing equal to what was sent {relisted:.0f} s after the loss",
        ),
        findings.broken,
    )


def _event(number: int) -> bytes:
    """Make every twentieth execution large enough to be under way when the broker goes."""
    return event(number, steps=1500, size=4_000) if number % 20 == 0 else event(number)
