"""What storage, broker and API say when it is over: the counting of what was lost and what was made twice."""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bench.chaos.load import WORKFLOW
from bench.chaos.outcome import Findings
from bench.chaos.rig import Rig
from producer.contract import keys
from producer.contract.errors import RunfolioError
from producer.contract.export import Facts, State


def await_settled(rig: Rig, within: float) -> float:
    """Wait until no export is pending in storage, for a bounded time; return how long it took, in seconds."""
    began = time.monotonic()
    while time.monotonic() - began < within:
        try:
            if not any(True for _ in rig.outbox.all_pending()):
                break
        except RunfolioError:
            time.sleep(0.5)  # Storage may still be coming back.
        time.sleep(0.1)
    return time.monotonic() - began


def facts_of(rig: Rig, export_ids: Sequence[str]) -> dict[str, Facts]:
    """Read the facts of those exports that are settled."""
    found = ((one, rig.outbox.settled(one)) for one in export_ids)
    return {one: settled.facts for one, settled in found if settled is not None}


def lost(rig: Rig, export_ids: Sequence[str]) -> list[str]:
    """Tell in sentences which accepted exports are not ready, or not whole, or there twice."""
    findings = Findings()
    facts = facts_of(rig, export_ids)
    states = Counter(facts[one].status.value if one in facts else "pending" for one in set(export_ids))
    others = {state: count for state, count in states.items() if state != State.READY}
    findings.expect(not others, f"Of {len(set(export_ids))} accepted exports not all are ready: {others}.")
    findings.add(_archives(rig, facts))
    findings.add(_shown(rig, set(export_ids)))
    return list(findings.broken)


def _archives(rig: Rig, facts: Mapping[str, Facts]) -> list[str]:
    """Look at every archive in storage: one an export, with the bytes that its facts tell of."""
    findings = Findings()
    stored: dict[str, list[str]] = {}
    for found in rig.objects.list(keys.EXPORTS):
        if keys.is_archive(found.key):
            stored.setdefault(found.key.split("/")[1], []).append(found.key)
    ready = {one: fact for one, fact in facts.items() if fact.status is State.READY}
    several = [one for one, archives in stored.items() if len(archives) > 1]
    findings.expect(not several, f"{len(several)} exports have more than one archive.")
    stray = set(stored) - set(facts)
    findings.expect(not stray, f"{len(stray)} archives belong to no settled export.")
    bad = [one for one, fact in ready.items() if not _whole(rig, fact)]
    findings.expect(not bad, f"{len(bad)} archives are missing or not what their facts tell.")
    return list(findings.broken)


def _whole(rig: Rig, facts: Facts) -> bool:
    if facts.archive is None:
        return False
    try:
        data = b"".join(rig.objects.stream(facts.pending.archive_key))
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            intact = opened.testzip() is None and len(opened.namelist()) == facts.archive.files
    except (RunfolioError, zipfile.BadZipFile):
        return False
    return intact and hashlib.sha256(data).hexdigest() == facts.archive.sha256


def _shown(rig: Rig, export_ids: set[str]) -> list[str]:
    """Compare what the API lists with what was accepted."""
    findings = Findings()
    listed = listing(rig, f"/v1/exports?workflow={WORKFLOW}&limit=200")
    ids = [one["id"] for one in listed]
    findings.expect(len(ids) == len(set(ids)), "The API lists exports twice.")
    missing = export_ids - {one["id"] for one in listed if one["status"] == State.READY}
    findings.expect(not missing, f"The API does not list {len(missing)} exports as ready.")
    return list(findings.broken)


def listing(rig: Rig, path: str) -> list[Any]:
    """Read a list of the API to its end."""
    items: list[Any] = []
    cursor: str | None = ""
    with rig.client() as client:
        while cursor is not None:
            page = client.get(path, params={"cursor": cursor} if cursor else {}).json()
            items += page["items"]
            cursor = page["next"]
    return items


def await_listed(rig: Rig, path: str, count: int, within: float) -> float:
    """Wait until the API lists as many items; return how long it took, in seconds."""
    began = time.monotonic()
    while len(listing(rig, path)) < count and time.monotonic() - began < within:
        time.sleep(0.5)
    return time.monotonic() - began
