"""The same event, a hundred times at once."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from bench.chaos.evidence import await_settled, lost
from bench.chaos.load import STRUCTURED, event
from bench.chaos.outcome import Findings, Lab, Outcome
from bench.chaos.rig import Rig, Shape, running_rig
from producer.contract import keys

TIMES: Final = 100
_LARGE: Final = {"steps": 300, "size": 2_000}
"""Above what lies inside a record's header object, so that a hundred uploads race as well."""


def run(lab: Lab) -> Outcome:
    """Send one event a hundred times at once, small and large, to two gateways."""
    findings = Findings()
    figures: list[str] = []
    ids: list[str] = []
    with running_rig(lab.folder, Shape(workers=2)) as rig:
        for number, (name, size) in enumerate({"small": {}, "large": _LARGE}.items()):
            began = time.monotonic()
            answers = _at_once(rig, event(number, **size))
            took = time.monotonic() - began
            different = {json.dumps(_lasting(one), sort_keys=True) for one in answers}
            findings.expect(len(different) == 1, f"{name}: there were {len(different)} different answers.")
            figures.append(f"{name}: {TIMES} equal answers in {took:.1f} s")
            ids += [one["id"] for one in answers]
        await_settled(rig, within=200)
        findings.add(lost(rig, ids))
        archives = [one.key for one in rig.objects.list(keys.EXPORTS) if keys.is_archive(one.key)]
        stored = [one.key for one in rig.objects.list(keys.EXECUTIONS)]
    findings.expect(len(archives) == 2, f"There are {len(archives)} archives of 2 executions.")
    findings.expect(len(stored) == 4, f"There are {len(stored)} objects of 2 records; a small one is 1, a large one 3.")
    figures.append(f"{len(archives)} archives of 2 executions")
    return Outcome(
        "same-event", f"the same event {TIMES} times at once, small and large", tuple(figures), findings.broken
    )


def _at_once(rig: Rig, body: bytes) -> list[Any]:
    together = threading.Barrier(TIMES)

    def send(_: int) -> Any:
        with rig.client() as client:
            client.get("/healthz")
            together.wait()
            answer = client.post("/v1/events", content=body, headers=STRUCTURED)
            answer.raise_for_status()
            return answer.json()["exports"][0]

    with ThreadPoolExecutor(TIMES) as pool:
        return list(pool.map(send, range(TIMES)))


def _lasting(export: Any) -> Any:
    """Leave out what changes while the export is being made."""
    return {name: export[name] for name in ("id", "workflow", "execution", "options", "download_url", "created_at")}
