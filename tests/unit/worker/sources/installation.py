"""A whole installation in memory that may ask engines, which are real servers on loopback."""

from __future__ import annotations

import io
import ssl
import zipfile
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from producer.contract import jsontext
from producer.contract.export import Export
from producer.contract.outbox import Settled
from producer.engines import take_in
from producer.incoming import as_text
from tests.fakes_engines import FLOW_RUN, KEY, EngineServer
from tests.house import House, TestSender
from tests.unit.producer.engines.payloads import load
from worker.sources import Engines
from worker.sources.client import Limits, Pace


def _of_flow_run(payload: Any) -> Any:
    """Let a recorded event tell of the flow run whose answers were recorded; its own were not."""
    recorded = payload["event"]["resource"]["prefect.resource.id"].removeprefix("prefect.flow-run.")
    return jsontext.decode(jsontext.encode(payload).replace(recorded.encode(), FLOW_RUN.encode()))


N8N_EVENT: Final = load("n8n/webhook_n8n-last-node_1.json")
AIRFLOW_EVENT: Final = {"dag_id": "nightly_import", "run_id": "manual__fail+2026", "state": "failed"}
PREFECT_EVENT: Final = _of_flow_run(load("prefect/webhook_automation_whole-event_failed.json"))
GITHUB_EVENT: Final = load("github/workflow_run_completed.payload.json")


@cache
def trust() -> ssl.SSLContext:
    """A context without authorities: loopback speaks plain HTTP here."""
    return ssl.create_default_context()


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.slept.append(seconds)

    @property
    def pace(self) -> Pace:
        """A pace by this clock, without chance."""
        return Pace(lambda: self.now, self.sleep, lambda: 0.0)


def engines_at(
    engine: str,
    server: EngineServer,
    *,
    path: str = "",
    token: str = KEY,
    log_hosts: tuple[str, ...] = (),
    limits: Limits | None = None,
    pace: Pace | None = None,
    instance: str = "",
) -> Engines:
    """Configure one engine."""
    urls = {engine: {instance: server.url(path)}}
    tokens = {engine: {instance: token}} if token else {}
    return Engines(urls, tokens, log_hosts, limits or Limits(rest=0), pace or Clock().pace, trust)


def tell(house: House, engine: str, payload: Any, *, instance: str | None = None, **options: Any) -> Export:
    """Send an engine's event to the gateway."""
    taken = take_in(engine, payload, instance=instance, sources=house.engines.urls)
    incoming = as_text({**taken.record, "export": options})
    (export,) = house.gateway.intake.completed(incoming, None, TestSender(), taken.told)
    return export


def settled(house: House, export: Export) -> Export:
    """Let the workers work, and show what became of an export."""
    house.settle_down()
    return house.gateway.exports.find(export.id)


def files(house: House, export: Export) -> Mapping[str, str]:
    """Read the archive of an export that is ready."""
    current = house.gateway.outbox.current(export.id)
    assert isinstance(current, Settled)
    data = house.objects.get(current.facts.pending.archive_key).data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}
