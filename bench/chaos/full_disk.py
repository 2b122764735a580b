"""The storage is full, for real: SeaweedFS is told how much it may take, and something else takes it."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Final

from bench.chaos.evidence import await_settled, facts_of, lost
from bench.chaos.load import Load, event, require_all
from bench.chaos.outcome import Findings, Lab, Outcome
from bench.chaos.rig import Rig, Shape, eventually, running_rig
from producer.contract.errors import StorageUnavailable

_OPTIONS: Final = ("-volume.max=3", "-master.volumeSizeLimitMB=16")
"""Three files of 16 MB at most hold every object."""

_ENLARGED: Final = ("-volume.max=9", "-master.volumeSizeLimitMB=16")

_BALLAST: Final = bytes(range(256)) * 4096
_AT_MOST: Final = 1_000


def run(lab: Lab) -> Outcome:
    """Fill the storage in the middle of the load, make room again, and see who was told what."""
    count, full_for = lab.size(60, 30), lab.size(40, 15)
    findings = Findings()
    with running_rig(lab.folder, Shape(storage_options=_OPTIONS)) as rig:
        load = Load(rig, event, senders=2, pause=0.3)
        with load.sending(range(count)):
            eventually(lambda: len(load.accepted) > count // 4, "A quarter of the events were not accepted", 60)
            _fill(rig)
            accepted = len(load.accepted)
            time.sleep(full_for)
            meanwhile = load.export_ids[accepted:]
            until = time.time()
            rig.enlarge_storage(_ENLARGED)
            at = time.monotonic()
        require_all(load, count)
        await_settled(rig, within=300)
        settled = time.monotonic() - at
        findings.add(lost(rig, load.export_ids))
        failed = [one for one, facts in facts_of(rig, load.export_ids).items() if facts.error is not None]
    refused = load.statuses
    told = {one.problem for one in load.refusals if one.at < until}
    findings.expect(refused.get(503, 0) > 0, "No sender was told that the storage is full.")
    findings.expect(set(refused) <= {503}, f"There were other answers: {refused}.")
    findings.expect(all("full" in one for one in told), f"Senders were not told of the reason: {told}.")
    findings.expect(not failed, f"{len(failed)} exports failed instead of waiting.")
    return Outcome(
        "full-disk",
        f"{count} exports, and in the middle of them storage without room for {full_for} s",
        (
            f"{refused.get(503, 0)} answers 503 that name the reason, {len(meanwhile)} accepted meanwhile, none failed",
            f"all exports ready {settled:.0f} s after the store was enlarged",
        ),
        findings.broken,
    )


def _fill(rig: Rig) -> None:
    """Write until nothing more fits, in ever smaller pieces."""
    written = 0
    for size in (len(_BALLAST), 64 * 1024, 1024):
        with suppress(StorageUnavailable):
            while written < _AT_MOST:
                rig.objects.put(f"ballast/{written}", _BALLAST[:size])
                written += 1
