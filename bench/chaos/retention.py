"""Links, archives and records end when the settings say so; what has expired is made again, byte for byte."""

from __future__ import annotations

import time
from typing import Any, Final

import httpx

from bench.chaos.evidence import await_settled, facts_of
from bench.chaos.load import WORKFLOW, Load, event, require_all
from bench.chaos.outcome import Findings, Lab, Outcome
from bench.chaos.rig import Rig, Shape, eventually, running_rig
from producer.contract import keys
from producer.contract.export import State

LINK_TTL: Final = 10
ARCHIVE_TTL: Final = 15
RECORD_TTL: Final = 60
_LATER: Final = 30.0
"""Seconds by which the sweeper may be late: its rounds, and its pauses between passes over everything."""


def run(lab: Lab) -> Outcome:
    """Let links, archives and records of some seconds end one after the other, and export again in between."""
    count = lab.size(20, 10)
    ttl = {"LINK_TTL": f"{LINK_TTL}s", "ARCHIVE_TTL": f"{ARCHIVE_TTL}s", "RECORD_TTL": f"{RECORD_TTL}s"}
    findings = Findings()
    with running_rig(lab.folder, Shape(settings=ttl)) as rig:
        load = Load(rig, event)
        load.send(range(count))
        require_all(load, count)
        await_settled(rig, within=30)
        first = {one: facts.archive.sha256 for one, facts in facts_of(rig, load.export_ids).items() if facts.archive}
        links = [one["download_url"] for one in _views(rig, load.export_ids)]
        findings.expect(_answers(links) == {302}, "A fresh link does not lead to its archive.")
        eventually(lambda: _answers(links) == {410}, "Links did not end", LINK_TTL + 20, every=0.5)
        gone = _await_gone(rig, keys.EXPORTS, ".zip", ARCHIVE_TTL + _LATER)
        states = {one["status"] for one in _views(rig, load.export_ids)}
        findings.expect(states == {State.EXPIRED}, f"Exports whose time is over are {states}.")
        again = [_again(rig, number) for number in range(count)]
        findings.expect(set(again) == set(load.export_ids), "Exports made again have other ids.")
        await_settled(rig, within=30)
        second = {one: facts.archive.sha256 for one, facts in facts_of(rig, again).items() if facts.archive}
        findings.expect(second == first, "Archives made again have other bytes.")
        renewed = [one["download_url"] for one in _views(rig, again)]
        findings.expect(not set(renewed) & set(links), "Links made again are the old ones.")
        findings.expect(_answers(renewed) == {302}, "A new link does not lead to its archive.")
        findings.expect(_answers(links) == {410}, "An old link leads somewhere again.")
        records = _await_gone(rig, keys.EXECUTIONS, "", RECORD_TTL + _LATER)
        with rig.client() as client:
            listed = client.get(f"/v1/workflows/{WORKFLOW}/executions").json()["items"]
        findings.expect(not listed, f"{len(listed)} executions are listed whose records are gone.")
    return Outcome(
        "retention",
        f"{count} exports with RUNFOLIO_LINK_TTL={LINK_TTL}s, ARCHIVE_TTL={ARCHIVE_TTL}s, RECORD_TTL={RECORD_TTL}s",
        (
            "links answer 410 on time",
            f"archives gone {gone:.0f} s after their links",
            "made again from the records: the same ids and bytes, new links, old links stay 410",
            f"records gone {records:.0f} s later",
        ),
        findings.broken,
    )


def _views(rig: Rig, export_ids: list[str]) -> list[Any]:
    with rig.client() as client:
        return [client.get(f"/v1/exports/{one}").json() for one in export_ids]


def _answers(links: list[str]) -> set[int]:
    with httpx.Client(trust_env=False, timeout=40) as client:
        return {client.get(link).status_code for link in links}


def _again(rig: Rig, number: int) -> str:
    with rig.client() as client:
        answer = client.post(f"/v1/workflows/{WORKFLOW}/executions/execution-{number}/exports", json={})
        answer.raise_for_status()
        export: str = answer.json()["id"]
        return export


def _await_gone(rig: Rig, prefix: str, ending: str, within: float) -> float:
    """Wait until no object of a kind is left; return how long it took, in seconds."""
    began = time.monotonic()
    eventually(
        lambda: not any(one.key.endswith(ending) for one in rig.objects.list(prefix)),
        f"Objects below {prefix} did not end",
        within,
        every=0.5,
    )
    return time.monotonic() - began
