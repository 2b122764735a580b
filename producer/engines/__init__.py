"""Engine adapters: each turns an engine's own payload of a completed execution into an execution record."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from msgspec import Raw

from producer.contract import jsontext
from producer.contract.errors import InvalidOptions, InvalidRecord, NotFound
from producer.contract.record import check_identifier
from producer.contract.sources import Told
from producer.engines import (
    airflow,
    argo,
    cdevents,
    codemie,
    dagster,
    dbt,
    github,
    gitlab,
    langgraph,
    n8n,
    prefect,
    serverless_workflow,
    stepfunctions,
    tekton,
    temporal,
)
from producer.engines.adapter import Adapter

__all__ = ["AUTO", "ENGINES", "Adapter", "TakenIn", "convert", "take_in"]

ENGINES: Final[Mapping[str, Adapter]] = MappingProxyType(
    {
        adapter.name: adapter
        for adapter in (
            airflow.ADAPTER,
            argo.ADAPTER,
            cdevents.ADAPTER,
            codemie.ADAPTER,
            dagster.ADAPTER,
            dbt.ADAPTER,
            github.ADAPTER,
            gitlab.ADAPTER,
            langgraph.ADAPTER,
            n8n.ADAPTER,
            prefect.ADAPTER,
            serverless_workflow.ADAPTER,
            stepfunctions.ADAPTER,
            tekton.ADAPTER,
            temporal.ADAPTER,
        )
    }
)
"""The known engines by name."""

AUTO: Final = "auto"
"""The engine name that asks to recognise the payload."""

INSTANCE: Final = r"^[A-Za-z0-9._-]{1,64}$"
"""What an installation of an engine may be called."""

_INSTANCE: Final = re.compile(INSTANCE)


class TakenIn(NamedTuple):
    """A record, and the event that it was told by where a worker is to fetch the rest."""

    record: dict[str, Any]
    told: Told | None


def convert(engine: str, payload: Any, *, instance: str | None = None) -> dict[str, Any]:
    """Turn an engine's parsed payload into a record, as one JSON object.

    ``engine`` is a name of ``ENGINES`` or ``auto``. ``instance`` tells installations of one engine apart; it becomes
    part of the workflow's id. Raises NotFound for an unknown engine, InvalidOptions (``instance``), InvalidRecord
    with the place in the payload, NotCompleted, TooLarge, and MalformedBody for JSON inside of the payload.
    """
    return take_in(engine, payload, instance=instance, sources={}).record


def take_in(engine: str, payload: Any, *, instance: str | None, sources: Mapping[str, Container[str]]) -> TakenIn:
    """Do the same, and see whether the payload leaves out what a source can fetch.

    ``sources`` are the instances, by engine, that have one; the engine without an instance is ``""``.
    """
    _check_instance(instance)
    adapter = _recognised(payload) if engine == AUTO else _named(engine)
    pointed = adapter.points(payload)
    if pointed is None or (instance or "") not in sources.get(adapter.name, ()):
        if pointed is not None and pointed.bare is not None:
            raise _nothing_told(adapter.name)
        return TakenIn(_finished(adapter.name, instance, _converted(adapter, payload)), None)
    record = _finished(adapter.name, instance, pointed.bare() if pointed.bare else _converted(adapter, payload))
    execution = record["execution"]
    notes = [*execution.get("notes", ()), f"A worker asks {adapter.name} for what the event left out."]
    told = Told(adapter.name, Raw(jsontext.encode(payload)), instance)
    return TakenIn({**record, "execution": {**execution, "notes": notes}}, told)


def _nothing_told(engine: str) -> InvalidRecord:
    return InvalidRecord(
        "The payload names an execution and does not say how it ended.",
        remedy=f"Send the whole execution; or set RUNFOLIO_SOURCE_{engine.upper()}_URL, at the gateway and the "
        "workers, so that it is fetched.",
    )


def _finished(engine: str, instance: str | None, record: dict[str, Any]) -> dict[str, Any]:
    source = {"name": engine} if instance is None else {"name": engine, "instance": instance}
    prefix = engine if instance is None else f"{engine}@{instance}"
    workflow = record["workflow"]
    workflow_id = f"{prefix}:{workflow['id']}"
    check_identifier(workflow_id, "workflow.id")
    # The name defaults to the id; without its own name a workflow is called by the engine's id, not by the prefixed.
    named = {**workflow, "id": workflow_id, "name": workflow.get("name") or workflow["id"]}
    return {"workflow": named, "execution": record["execution"], "engine": source, "steps": record["steps"]}


def _converted(adapter: Adapter, payload: Any) -> dict[str, Any]:
    try:
        return adapter.to_record(payload)
    except RecursionError:
        raise InvalidRecord(
            "The payload is nested too deeply.", remedy="Flatten the deep value, or send it as a string."
        ) from None


def _check_instance(instance: str | None) -> None:
    if instance is None or _INSTANCE.fullmatch(instance):
        return
    raise InvalidOptions(
        "instance must be 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'.",
        field="instance",
        remedy="Name the engine's installation by a short word, such as 'prod-eu'.",
    )


def _named(engine: str) -> Adapter:
    adapter = ENGINES.get(engine)
    if adapter is None:
        raise NotFound(f"There is no engine '{engine}'.", field="engine", remedy=_KNOWN)
    return adapter


def _recognised(payload: Any) -> Adapter:
    candidates = [one for one in ENGINES.values() if one.recognises(payload) or one.points(payload) is not None]
    if len(candidates) == 1:
        return candidates[0]
    names = " and ".join(adapter.name for adapter in candidates)
    raise InvalidRecord(
        f"The payload looks like one of {names}." if names else "The payload looks like none of the known engines'.",
        remedy=_KNOWN,
    )


_KNOWN: Final = f"Known engines: {', '.join(ENGINES)}. '{AUTO}' recognises the engine by its payload."
