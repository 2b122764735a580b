"""A gateway is killed in the middle of NDJSON uploads."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

from bench.chaos.evidence import await_settled, listing, lost
from bench.chaos.load import NDJSON, WORKFLOW, lines
from bench.chaos.outcome import Findings, Lab, Outcome
from bench.chaos.rig import DidNotHappen, Rig, Shape, eventually, running_rig
from producer.contract import keys

ORPHAN_TTL: Final = 10
"""Seconds after which something half-made is removed, in this experiment."""

_STEPS: Final = 2_500
_STEP_BYTES: Final = 10_000
_AGAIN: Final = 2
"""Interrupted uploads that are sent again in the end."""

_UPLOADERS: Final = 2


def run(lab: Lab) -> Outcome:
    """Kill the gateway again and again while large executions stream in; nothing of them may be seen, nor stay."""
    rounds = lab.size(12, 3)
    chance = random.Random(lab.seed)  # noqa: S311 # an experiment that can be repeated, no secret
    findings = Findings()
    accepted: dict[int, str] = {}
    orphans: set[str] = set()
    with running_rig(lab.folder, Shape(settings={"ORPHAN_TTL": f"{ORPHAN_TTL}s"})) as rig:
        for number in range(rounds):
            first = number * _UPLOADERS
            orphans |= _interrupted(rig, range(first, first + _UPLOADERS), chance.uniform(0.3, 2.0), accepted)
        sent = rounds * _UPLOADERS
        await_settled(rig, within=200)
        listed = {one["execution_id"] for one in listing(rig, f"/v1/workflows/{WORKFLOW}/executions?limit=200")}
        began = time.monotonic()
        eventually(lambda: not _half_made(rig), "Orphans were not removed", ORPHAN_TTL + 30, every=0.5)
        cleaned = time.monotonic() - began
        whole = _records(rig)
        findings.expect(listed == whole, f"{len(listed)} executions are listed, {len(whole)} are stored whole.")
        findings.add(lost(rig, list(accepted.values())))
        findings.add(_unfinished_exports(rig, set(accepted.values())))
        again = _upload_all(rig, range(_AGAIN))
        await_settled(rig, within=300)
        findings.add(lost(rig, again))
    findings.expect(bool(orphans), "No upload left anything behind: nothing was shown.")
    return Outcome(
        "upload",
        f"a gateway killed {rounds} times by SIGKILL while {_UPLOADERS} executions of 25 MB streamed in each time "
        f"(seed {lab.seed})",
        (
            f"{sent - len(accepted)} of {sent} uploads interrupted, none of them listed or exported by halves",
            f"{len(orphans)} things half-made left behind ({sum('/steps/' in one for one in orphans)} of them uploads "
            f"by parts or steps), the last gone {cleaned:.0f} s after the end (RUNFOLIO_ORPHAN_TTL={ORPHAN_TTL}s)",
            f"{_AGAIN} sent again were accepted and exported whole",
        ),
        findings.broken,
    )


def _interrupted(rig: Rig, numbers: range, after: float, accepted: dict[int, str]) -> set[str]:
    """Begin uploads, kill the gateway a while later, and start it again; return what is half-made then."""

    def upload(number: int) -> None:
        export = _upload(rig, number)
        if export is not None:
            accepted[number] = export

    threads = [threading.Thread(target=upload, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    time.sleep(after)
    rig.kill("gateway-1")
    for thread in threads:
        thread.join()
    left = _half_made(rig)
    rig.start("gateway-1")
    rig.await_ready()
    return left


def _upload(rig: Rig, number: int) -> str | None:
    """Stream an execution; return its export, or ``None`` where the connection broke."""
    with closing(HTTPConnection(urlsplit(rig.url).netloc, timeout=60)) as connection:
        try:
            body = lines(number, _STEPS, _STEP_BYTES)
            connection.request("POST", "/v1/events", _paced(body), NDJSON | rig.headers, encode_chunked=True)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, HTTPException):
            return None
    if answer.status != 202:
        raise DidNotHappen(f"An upload was answered {answer.status}: {text.decode()}")
    export: str = json.loads(text)["exports"][0]["id"]
    return export


def _paced(body: Iterator[bytes]) -> Iterator[bytes]:
    """Send about 20 MB a second, so that an upload lasts as long as one over a network."""
    for number, line in enumerate(body):
        yield line
        if number % 50 == 0:
            time.sleep(0.025)


def _upload_all(rig: Rig, numbers: range) -> list[str]:
    exports = [_upload(rig, number) for number in numbers]
    if None in exports:
        raise DidNotHappen("An upload broke although nobody disturbed it.")
    return [export for export in exports if export is not None]


def _half_made(rig: Rig) -> set[str]:
    """Name what belongs to no record: broken multipart uploads, notes of uploads, steps that no header names."""
    named = set(_named_steps(rig))
    steps = [one.key for one in rig.objects.list(keys.EXECUTIONS) if "/steps/" in one.key and one.key not in named]
    broken = [one.key for prefix in (keys.EXECUTIONS, keys.EXPORTS) for one in rig.objects.uploads(prefix)]
    return {*steps, *broken, *(one.key for one in rig.objects.list(keys.UPLOADS))}


def _named_steps(rig: Rig) -> Iterator[str]:
    for found in rig.objects.list(keys.EXECUTIONS):
        if keys.is_record(found.key):
            record = rig.records.open(rig.objects.get(found.key).data)
            place = record.workflow_id, record.execution_id, record.stored.upload or ""
            yield keys.record_steps(*place)
            yield keys.record_index(*place)


def _records(rig: Rig) -> set[str]:
    """Name the executions that are stored, each read to its last step."""
    found = [one.key for one in rig.objects.list(keys.EXECUTIONS) if keys.is_record(one.key)]
    records = [rig.records.open(rig.objects.get(key).data) for key in found]
    return {record.execution_id for record in records if sum(1 for _ in record.steps()) == _STEPS}


def _unfinished_exports(rig: Rig, accepted: set[str]) -> list[str]:
    """Look for exports of records that are not whole. One whose 202 was lost on the way is whole all the same."""
    exports = {one["id"]: one for one in listing(rig, f"/v1/exports?workflow={WORKFLOW}&limit=200")}
    files = [one["archive"]["files"] if one["archive"] else 0 for one in exports.values()]
    halves = sum(1 for count in files if count != _STEPS)
    missing = accepted - set(exports)
    return [f"{halves} exports are not whole."] * bool(halves) + [f"{len(missing)} are missing."] * bool(missing)
